"""Random numbers for detectors: each element's own, from its index and a key, so that threads do not matter."""

from math import cos, exp, floor, lgamma, log, pi, sin, sqrt

from numba import njit, prange
from numpy import float32, float64, uint32, uint64

from simdata.philox import philox

_SPARE_BITS = uint32(6)
_SHIFT = float64(2.0**26)
_UNIT, _HALF = float64(2.0**-52), float64(2.0**-53)
_WORD = uint64(32)

INVERSION_BELOW = 10.0
"""Mean up to which a Poisson number is found by inversion; above, by transformed rejection. Hoermann 1993."""


@njit(inline="always")
def pair(index, draw, k0, k1):
    """Draw number `draw` of element `index`: two float64 strictly between 0 and 1, in steps of 2^-52."""
    i = uint64(index)
    a, b, c, d = philox(uint32(i), uint32(i >> _WORD), uint32(draw), uint32(0), k0, k1)
    return _fraction(a, b), _fraction(c, d)


@njit(inline="always")
def _fraction(high, low):
    return (float64(high >> _SPARE_BITS) * _SHIFT + float64(low >> _SPARE_BITS)) * _UNIT + _HALF


@njit(inline="always")
def poisson_one(mean, index, k0, k1):
    """One Poisson number of the given mean, exactly distributed."""
    if mean <= 0:
        return 0.0
    return _inverted(mean, index, k0, k1) if mean < INVERSION_BELOW else _rejected(mean, index, k0, k1)


@njit
def _inverted(mean, index, k0, k1):
    """The smallest count whose cumulative probability exceeds a uniform number."""
    u, _ = pair(index, 0, k0, k1)
    count = 0.0
    probability = exp(-mean)
    while u > probability and probability > 0:
        u -= probability
        count += 1
        probability *= mean / count
    return count


@njit
def _rejected(mean, index, k0, k1):
    """PTRS: transformed rejection with squeeze. Hoermann 1993, Insurance: Mathematics and Economics 12:39."""
    b = 0.931 + 2.53 * sqrt(mean)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)
    draw = 0
    while True:
        u, v = pair(index, draw, k0, k1)
        draw += 1
        u -= 0.5
        us = 0.5 - abs(u)
        count = floor((2 * a / us + b) * u + mean + 0.43)
        if us >= 0.07 and v <= v_r:
            return count
        if count < 0 or (us < 0.013 and v > us):
            continue
        if log(v * inverse_alpha / (a / (us * us) + b)) <= count * log(mean) - mean - lgamma(count + 1):
            return count


@njit(inline="always")
def gaussian_pair(index, k0, k1):
    """Two independent normal numbers of mean 0 and variance 1. Box and Muller 1958."""
    u, v = pair(index, 0, k0, k1)
    radius = sqrt(-2 * log(u))
    return radius * cos(2 * pi * v), radius * sin(2 * pi * v)


@njit(parallel=True, cache=True)
def poisson(mean, key, out):
    """A Poisson number of each mean. mean, out: flat float32. key: two uint32."""
    for i in prange(mean.shape[0]):
        out[i] = poisson_one(float64(mean[i]), uint64(i), key[0], key[1])


@njit(parallel=True, cache=True)
def add_gaussian(data, sigma, key, out):
    """`data` plus normal noise of SD `sigma`; neighbours share a pair. data, out: flat float32."""
    for i in prange((data.shape[0] + 1) // 2):
        first, second = gaussian_pair(i, key[0], key[1])
        out[2 * i] = data[2 * i] + float32(sigma * first)
        if 2 * i + 1 < data.shape[0]:
            out[2 * i + 1] = data[2 * i + 1] + float32(sigma * second)


@njit(parallel=True, cache=True)
def add_complex_gaussian(data, sigma, key, out):
    """`data` plus normal noise of SD `sigma` in the real and in the imaginary part. data, out: flat complex64."""
    for i in prange(data.shape[0]):
        real, imaginary = gaussian_pair(i, key[0], key[1])
        out[i] = data[i] + complex(float32(sigma * real), float32(sigma * imaginary))
