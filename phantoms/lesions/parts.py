"""Which voxels hang together."""

import numpy as np
from jaxtyping import Bool, Int
from numpy import ndarray
from scipy.ndimage import label


def parts(mask: Bool[ndarray, "*n"]) -> Int[ndarray, "*n"]:
    """The number, from 1, of the part that each place of a mask belongs to, and 0 beyond; faces join them."""
    numbers = np.zeros(mask.shape, np.int32)
    label(mask, output=numbers)
    return numbers


def sizes(numbers: Int[ndarray, "*n"]) -> Int[ndarray, " k"]:
    """How many places each part has, in their order."""
    return np.bincount(numbers.ravel())[1:]
