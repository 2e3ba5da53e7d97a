"""Speckle: the sum of many echoes at random phases, the same for every visit but for what has changed.

One thread owns some planes across x at a time.
"""

from math import cos, log, pi, sin, sqrt

import numpy as np
from numba import njit, prange
from numpy import float32, uint32, uint64

from simdata.philox import philox

PLANES = 16
"""Across x, that one thread does at a time."""
_UNIT, _HALF, _TURN = float32(2.0**-32), float32(2.0**-33), float32(2 * pi * 2.0**-32)
_WORD = uint64(32)


@njit(inline="always", fastmath={"contract"})
def circular(index, k0, k1):
    """Number `index` of a circular Gaussian field, real and imaginary part, of mean |n|^2 = 1. Box and Muller 1958."""
    i = uint64(index)
    a, b, _, _ = philox(uint32(i), uint32(i >> _WORD), uint32(0), uint32(0), k0, k1)
    radius, turn = sqrt(-log(float32(a) * _UNIT + _HALF)), float32(b) * _TURN
    return radius * cos(turn), radius * sin(turn)


@njit(parallel=True, cache=True)
def fields(shape, repeats, key, out):
    """Independent circular Gaussian numbers of mean |n|^2 = 1. out: (repeats, x, y, z, 2) float32."""
    x, y, z = shape
    for i in prange(repeats * x):
        r, a = i // x, i % x
        for b in range(y):
            for c in range(z):
                number = ((r * x + a) * y + b) * z + c
                out[r, a, b, c, 0], out[r, a, b, c, 1] = circular(number, key[0], key[1])


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


@njit(parallel=True, cache=True, fastmath={"contract"})
def speckle(power, change, first, last, taps, repeats, key, mean_power, mean_change):
    """`visits` of `fields` that `blend` has blurred along z, y and x: in one go, and only where it is asked for.

    power, change, mean_power, mean_change: (x, y, z). taps: of each axis. first, last: (3, x, y) range of z of each row
    that is asked for, that its neighbours along x need, and that those along x and y need.
    """
    count = power.shape[0]
    for chunk in prange((count + PLANES - 1) // PLANES):
        begin, end = chunk * PLANES, min(count, (chunk + 1) * PLANES)
        _planes(power, change, first, last, taps, repeats, key, mean_power, mean_change, begin, end)


@njit(cache=True, fastmath={"contract"})
def _planes(power, change, first, last, taps, repeats, key, mean_power, mean_change, begin, end):
    """The planes from begin to end across x: a window of blurred noise slides over them."""
    count, rows, deep = power.shape
    reach = len(taps[0]) // 2
    wide = 2 * reach + 1
    window = np.zeros((wide, repeats, rows, 2 * deep), float32)
    fresh, blurred = np.zeros((rows, 2 * deep), float32), np.zeros((rows, 2 * deep), float32)
    summed = np.zeros((repeats, 2 * deep), float32)
    across, up, along = _weights(taps[0], count), _weights(taps[1], rows), _weights(taps[2], deep)
    until = min(count, end + reach)
    for plane in range(max(0, begin - reach), until + reach):
        if plane < until:
            low, high = first[1, plane], last[1, plane]
            for r in range(repeats):
                number = (r * count + plane) * rows * deep
                _noise(number, first[2, plane], last[2, plane], along, key, fresh, blurred)
                _between_rows(blurred, low, high, up, window[plane % wide, r])
        x = plane - reach
        if begin <= x < end:
            for b in range(rows):
                low, high = first[0, x, b], last[0, x, b]
                if low < high:
                    _summed(window, b, low, high, across[x], x, count, summed)
                    _seen(power[x, b], change[x, b], summed, low, high, mean_power[x, b], mean_change[x, b])


@njit(cache=True)
def _weights(taps, count):
    """(count, taps) of each place along an axis: 0 beyond its ends, the sum of their squares is 1."""
    reach = len(taps) // 2
    weights = np.zeros((count, len(taps)), float32)
    for at in range(count):
        power = 0.0
        for j in range(len(taps)):
            if 0 <= at + j - reach < count:
                power += taps[j] ** 2
        for j in range(len(taps)):
            if 0 <= at + j - reach < count:
                weights[at, j] = taps[j] / sqrt(power)
    return weights


@njit(inline="always")
def _add(target, weight, source):
    """target += weight source. Slices, not places: the compiler then takes several numbers at a time."""
    for c in range(len(target)):
        target[c] += weight * source[c]


@njit(cache=True, fastmath={"contract"})
def _noise(number, first, last, weights, key, fresh, blurred):
    """Fresh numbers of one plane, the first of which has that number, blurred along z."""
    deep, taps = weights.shape
    reach = taps // 2
    for b in range(len(first)):
        low, high = first[b], last[b]
        if low >= high:
            continue
        for c in range(max(0, low - reach), min(deep, high + reach)):
            fresh[b, 2 * c], fresh[b, 2 * c + 1] = circular(number + b * deep + c, key[0], key[1])
        blurred[b, 2 * low : 2 * high] = 0
        inner, outer = max(low, reach), min(high, deep - reach)
        for j in range(taps):
            if inner < outer:
                away = 2 * (j - reach)
                source = fresh[b, 2 * inner + away : 2 * outer + away]
                _add(blurred[b, 2 * inner : 2 * outer], weights[reach, j], source)
        for c in range(low, high):
            if c < reach or c >= deep - reach:
                for j in range(max(0, reach - c), min(taps, deep + reach - c)):
                    at = 2 * (c + j - reach)
                    _add(blurred[b, 2 * c : 2 * c + 2], weights[c, j], fresh[b, at : at + 2])


@njit(cache=True, fastmath={"contract"})
def _between_rows(source, first, last, weights, target):
    """Every row of one plane becomes the sum of its neighbours."""
    rows, taps = weights.shape
    reach = taps // 2
    for b in range(rows):
        low, high = 2 * first[b], 2 * last[b]
        if low < high:
            target[b, low:high] = 0
            for j in range(max(0, reach - b), min(taps, rows + reach - b)):
                _add(target[b, low:high], weights[b, j], source[b + j - reach, low:high])


@njit(cache=True, fastmath={"contract"})
def _summed(window, row, low, high, weights, x, count, summed):
    """The planes of the window around x, weighed: of one row, all visits."""
    wide, repeats = window.shape[:2]
    reach = wide // 2
    for r in range(repeats):
        summed[r, 2 * low : 2 * high] = 0
        for j in range(max(0, reach - x), min(wide, count + reach - x)):
            plane = window[(x + j - reach) % wide, r, row, 2 * low : 2 * high]
            _add(summed[r, 2 * low : 2 * high], weights[j], plane)


@njit(cache=True, fastmath={"contract"})
def _seen(power, change, noise, low, high, mean_power, mean_change):
    """`visits` of one row."""
    repeats = noise.shape[0]
    one, none = float32(1), float32(0)
    each, between = one / float32(repeats), one / float32(repeats - 1)
    for c in range(low, high):
        mean_power[c], mean_change[c] = none, none
        if power[c] <= none:
            continue
        kept = max(one - change[c] / (power[c] + power[c]), none)
        renewed = sqrt(max(one - kept * kept, none))
        real, imaginary = noise[0, 2 * c], noise[0, 2 * c + 1]
        total, changed = real * real + imaginary * imaginary, none
        for r in range(1, repeats):
            next_real = kept * real + renewed * noise[r, 2 * c]
            next_imaginary = kept * imaginary + renewed * noise[r, 2 * c + 1]
            across, up = next_real - real, next_imaginary - imaginary
            changed += across * across + up * up
            real, imaginary = next_real, next_imaginary
            total += real * real + imaginary * imaginary
        mean_power[c] = power[c] * total * each
        mean_change[c] = power[c] * changed * between
