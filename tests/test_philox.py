"""Known answers of the authors' own test vectors (Random123, kat_vectors, philox4x32 with 10 rounds)."""

import numpy as np
import pytest
from numba import njit

from simdata.philox import philox, unit

ZEROS, ONES = (0,) * 6, (0xFFFFFFFF,) * 6
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0)


@njit
def words(c0, c1, c2, c3, k0, k1):
    return philox(c0, c1, c2, c3, k0, k1)


@njit
def as_unit(word):
    return unit(word)


@pytest.mark.parametrize(
    ("counter_and_key", "expected"),
    [
        (ZEROS, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (ONES, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (PI, (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ],
)
def test_published_vectors(counter_and_key, expected):
    assert words(*(np.uint32(word) for word in counter_and_key)) == expected


def test_unit_never_reaches_its_ends():
    low, high = as_unit(np.uint32(0)), as_unit(np.uint32(0xFFFFFFFF))
    assert 0 < low < 1e-6
    assert 1 - 1e-6 < high < 1
