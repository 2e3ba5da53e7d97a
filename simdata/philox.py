"""Random numbers for kernels: Philox 4x32-10, a pure function of (counter, key).

A kernel asks for the numbers of element i with counter (i, ...), so neither threads nor chunks change them.
Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011, doi 10.1145/2063384.2063405.
"""

from numba import njit
from numpy import float32, uint32, uint64

_MULTIPLIER_0 = uint64(0xD2511F53)
_MULTIPLIER_1 = uint64(0xCD9E8D57)
_WEYL_0 = uint32(0x9E3779B9)
_WEYL_1 = uint32(0xBB67AE85)
_LOW = uint64(0xFFFFFFFF)
_HIGH = uint64(32)
_ROUNDS = 10
_UNIT = float32(2.0**-23)
_HALF = float32(2.0**-24)
_SPARE_BITS = uint32(9)


@njit(inline="always")
def philox(c0, c1, c2, c3, k0, k1):
    """Four uint32 random words of counter (c0, c1, c2, c3) under key (k0, k1), all uint32."""
    for _ in range(_ROUNDS):
        product_0 = _MULTIPLIER_0 * uint64(c0)
        product_1 = _MULTIPLIER_1 * uint64(c2)
        c0 = uint32(product_1 >> _HIGH) ^ c1 ^ k0
        c2 = uint32(product_0 >> _HIGH) ^ c3 ^ k1
        c1 = uint32(product_1 & _LOW)
        c3 = uint32(product_0 & _LOW)
        k0 = uint32(k0 + _WEYL_0)
        k1 = uint32(k1 + _WEYL_1)
    return c0, c1, c2, c3


@njit(inline="always")
def unit(word):
    """A uint32 word as a float32 strictly between 0 and 1, in steps of 2^-23."""
    return float32(word >> _SPARE_BITS) * _UNIT + _HALF
