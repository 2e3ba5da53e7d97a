"""Speckle: the sum of many echoes at random phases, the same for every visit but for what has changed.

One thread owns one line of voxels along x at a time.
"""

from math import sqrt

from numba import njit, prange
from numpy import float32

from render.kernels.noise import gaussian_pair


@njit(parallel=True, cache=True)
def fields(shape, repeats, key, out):
    """Independent circular Gaussian numbers of mean |n|^2 = 1. out: (repeats, x, y, z, 2) float32."""
    x, y, z = shape
    half = sqrt(0.5)
    for i in prange(repeats * x):
        r, a = i // x, i % x
        for b in range(y):
            for c in range(z):
                real, imaginary = gaussian_pair(((r * x + a) * y + b) * z + c, key[0], key[1])
                out[r, a, b, c, 0] = float32(half * real)
                out[r, a, b, c, 1] = float32(half * imaginary)


@njit(parallel=True, cache=True, fastmath={"contract"})
def blend(source, taps, target):
    """Every row of (planes, rows, numbers) becomes the sum of its neighbours times taps; beyond the edge lies nothing.

    The sum is divided by the root of the taps' squares that lie inside, so that the power stays.
    """
    planes, rows, numbers = source.shape
    reach = len(taps) // 2
    for i in prange(planes * rows):
        plane, row = i // rows, i % rows
        power = 0.0
        for j in range(-reach, reach + 1):
            if 0 <= row + j < rows:
                power += taps[reach + j] ** 2
        for n in range(numbers):
            target[plane, row, n] = 0
        for j in range(-reach, reach + 1):
            if 0 <= row + j < rows:
                weight = float32(taps[reach + j] / sqrt(power))
                for n in range(numbers):
                    target[plane, row, n] += weight * source[plane, row + j, n]


@njit(parallel=True, cache=True)
def visits(power, change, noise, mean_power, mean_change):
    """Means of |E|^2 over the visits, and of |E - E'|^2 from each to the next. noise: (repeats, n, 2)."""
    repeats, count, _ = noise.shape
    for i in prange(count):
        if power[i] <= 0:
            mean_power[i] = mean_change[i] = 0
            continue
        kept = max(1 - change[i] / (2 * power[i]), 0.0)
        fresh = sqrt(max(1 - kept * kept, 0.0))
        real, imaginary = noise[0, i, 0], noise[0, i, 1]
        total, changed = real * real + imaginary * imaginary, 0.0
        for r in range(1, repeats):
            next_real = kept * real + fresh * noise[r, i, 0]
            next_imaginary = kept * imaginary + fresh * noise[r, i, 1]
            changed += (next_real - real) ** 2 + (next_imaginary - imaginary) ** 2
            real, imaginary = next_real, next_imaginary
            total += real * real + imaginary * imaginary
        mean_power[i] = float32(power[i] * total / repeats)
        mean_change[i] = float32(power[i] * changed / (repeats - 1))
