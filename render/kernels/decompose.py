"""From the photons of several channels to the most likely amount of each material along every ray."""

from math import floor, log

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import ndarray

STEPS = 60
"""Most steps of a ray; a bright one needs about six, one that is starved of photons more."""

LARGEST = 2.0
"""By how much a step may change the logarithm of a channel's photons."""

FAINTEST = 1e-300
"""Photons, of which there is still a logarithm."""

CLOSE = 1e-5
"""A step that changes no channel's logarithm by more than this is the last; what is left is about its square."""

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
"""1 / log 2, and log 2 in two parts. Cody and Waite 1980, Software Manual for the Elementary Functions."""

STEEPEST = 700.0
"""Of an exponent that a number still holds."""


def likeliest_reference(
    photons: Float32[ndarray, "channels views columns rows"],
    output: Float64[ndarray, " views"],
    across: Float64[ndarray, "channels columns e"],
    along: Float64[ndarray, "channels rows e"],
    per_mm: Float64[ndarray, "channels m e"],
    doubt: Float64[ndarray, " m"],
) -> Float32[ndarray, "m views columns rows"]:
    """Amounts a that maximise sum over channels of n log(l) - l, less the sum over materials of doubt a^2 / 2.

    l = output times the sum over e of across along exp(-a per_mm) are the photons expected where n are counted; fewer
    than none, which electronic noise brings about, count as none.
    Newton's steps with Fisher's information, in which a channel weighs the larger of n and l; a step that would make
    matters worse is halved.
    """
    views, columns, rows = photons.shape[1:]
    out = np.empty((len(doubt), views, columns, rows), np.float32)
    for view, column, row in np.ndindex(views, columns, rows):
        n = np.maximum(photons[:, view, column, row].astype(float), 0)
        blank = output[view] * across[:, column] * along[:, row]

        def expected(a, blank=blank):
            with np.errstate(over="ignore"):
                return blank * np.exp(-np.tensordot(a, per_mm, ((0,), (1,))))

        def worth(a, n=n, expected=expected):
            light = expected(a).sum(axis=1)
            return (n * np.log(np.maximum(light, FAINTEST)) - light).sum() - (doubt * a**2).sum() / 2

        amount = np.zeros(len(doubt))
        amount[0] = np.log(blank.sum() / max(n.sum(), 1)) * blank.sum() / (blank * per_mm[:, 0]).sum()
        for _ in range(STEPS):
            left = expected(amount)
            light = np.maximum(left.sum(axis=1), FAINTEST)
            mu = np.einsum("ce,cme->cm", left, per_mm) / light[:, None]
            curvature = (mu.T * np.maximum(n, light)) @ mu + np.diag(doubt)
            step = np.linalg.solve(curvature, (light - n) @ mu - doubt * amount)
            step /= max(np.abs(mu @ step).max() / LARGEST, 1)
            while np.abs(mu @ step).max() > CLOSE and not worth(amount + step) >= worth(amount):
                step /= 2
            amount = amount + step
            if np.abs(mu @ step).max() <= CLOSE:
                break
        out[:, view, column, row] = amount
    return out


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def likeliest(photons, output, across, along, per_mm, doubt, out):
    """As the reference, into `out`."""
    channels, views, columns, rows = photons.shape
    materials, energies = per_mm.shape[1:]
    for view in prange(views):
        blank, counted = np.empty((channels, energies)), np.empty(channels)
        left, whole = np.empty(energies), np.empty(energies, np.int64)
        amount, tried, step = np.empty(materials), np.empty(materials), np.empty(materials)
        curvature, mu, light = np.empty((materials, materials)), np.empty((channels, materials)), np.empty(channels)
        for column in range(columns):
            for row in range(rows):
                bright, mean, seen = 0.0, 0.0, 0.0
                for c in range(channels):
                    counted[c] = max(photons[c, view, column, row], 0.0)
                    seen += counted[c]
                    for e in range(energies):
                        blank[c, e] = output[view] * across[c, column, e] * along[c, row, e]
                        bright += blank[c, e]
                        mean += blank[c, e] * per_mm[c, 0, e]
                amount[:] = 0
                amount[0] = log(bright / max(seen, 1.0)) * bright / mean
                best = look(amount, blank, per_mm, counted, doubt, left, whole, light, mu)
                for _ in range(STEPS):
                    uphill(amount, counted, light, doubt, mu, curvature, step)
                    change = largest(mu, step)
                    share = min(LARGEST / change, 1.0)
                    while True:
                        for m in range(materials):
                            tried[m] = amount[m] + share * step[m]
                        worth = look(tried, blank, per_mm, counted, doubt, left, whole, light, mu)
                        if worth >= best or change * share <= CLOSE:
                            break
                        share /= 2
                    amount[:] = tried
                    best = worth
                    if change * share <= CLOSE:
                        break
                for m in range(materials):
                    out[m, view, column, row] = amount[m]


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def uphill(amount, counted, light, doubt, mu, curvature, step):
    """Into `step`: Newton's."""
    for m in range(len(amount)):
        step[m] = -doubt[m] * amount[m]
        for k in range(m + 1):
            curvature[m, k] = doubt[m] if k == m else 0.0
        for c in range(len(light)):
            step[m] += (light[c] - counted[c]) * mu[c, m]
            weight = max(counted[c], light[c]) * mu[c, m]
            for k in range(m + 1):
                curvature[m, k] += weight * mu[c, k]
    solve(curvature, step)


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def look(amount, blank, per_mm, counted, doubt, left, whole, light, mu):
    """What `amount` is worth; into `light` the photons expected, into `mu` what a material's mm takes of their log."""
    worth = 0.0
    for m in range(len(amount)):
        worth -= doubt[m] * amount[m] * amount[m] / 2
    for c in range(len(light)):
        left[:] = 0
        for m in range(len(amount)):
            a = amount[m]
            for e in range(len(left)):
                left[e] -= a * per_mm[c, m, e]
        exponential(left, whole)
        light[c] = max(dot(left, blank[c]), FAINTEST)
        for e in range(len(left)):
            left[e] *= blank[c, e]
        for m in range(len(amount)):
            mu[c, m] = dot(left, per_mm[c, m]) / light[c]
        worth += counted[c] * log(light[c]) - light[c]
    return worth


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def dot(one, other):
    """Sum of products in four sums, side by side in the processor.

    The order is written here: a compiler that may choose it chooses another one for what it keeps (decision 33).
    """
    whole = len(one) // 4 * 4
    a = b = c = d = 0.0
    for e in range(0, whole, 4):
        a += one[e] * other[e]
        b += one[e + 1] * other[e + 1]
        c += one[e + 2] * other[e + 2]
        d += one[e + 3] * other[e + 3]
    for e in range(whole, len(one)):
        a += one[e] * other[e]
    return (a + b) + (c + d)


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def exponential(line, whole):
    """exp of a line in place, to 1e-13, several numbers at a time: 2^n times a polynomial of what is left of x."""
    powers = whole.view(np.float64)
    for i in range(len(line)):
        x = min(max(line[i], -STEEPEST), STEEPEST)
        n = floor(x * LOG2_E + 0.5)
        f = (x - n * LN2_HIGH) - n * LN2_LOW
        p = 1 / 39916800 * f + 1 / 3628800
        p = p * f + 1 / 362880
        p = p * f + 1 / 40320
        p = p * f + 1 / 5040
        p = p * f + 1 / 720
        p = p * f + 1 / 120
        p = p * f + 1 / 24
        p = p * f + 1 / 6
        p = p * f + 0.5
        p = p * f + 1
        line[i] = p * f + 1
        whole[i] = (np.int64(n) + 1023) << 52
    for i in range(len(line)):
        line[i] *= powers[i]


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def largest(mu, step):
    """Change of the logarithm of a channel's photons."""
    most = 0.0
    for c in range(mu.shape[0]):
        change = 0.0
        for m in range(mu.shape[1]):
            change += mu[c, m] * step[m]
        most = max(most, abs(change))
    return most


@njit(cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def solve(matrix, right):
    """Into `right`: the solution, by Cholesky's factors of the lower half of a positive `matrix`."""
    size = len(right)
    for i in range(size):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = np.sqrt(total) if i == j else total / matrix[j, j]
    for i in range(size):
        for k in range(i):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            right[i] -= matrix[k, i] * right[k]
        right[i] /= matrix[i, i]
