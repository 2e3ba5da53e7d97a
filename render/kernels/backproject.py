"""Back-projection of filtered views onto a stack of slices; one thread owns one row of pixels.

Each pixel gathers from every view what fell on its shadow, linearly between two detector elements.
"""

from math import floor

import numpy as np
from jaxtyping import Float32
from numba import njit, prange
from numpy import float32, ndarray


def backproject_reference(
    image: Float32[ndarray, "x y z"],
    views: Float32[ndarray, "v n z"],
    shadow: Float32[ndarray, "v x y"],
    weight: Float32[ndarray, "v x y"],
) -> None:
    """Add to `image` every view's value at the element that each pixel's `shadow` falls on, times `weight`.

    A shadow beside the detector adds nothing.
    """
    elements = views.shape[1]
    for view, at, w in zip(views, shadow, weight, strict=True):
        lower = np.floor(at).astype(int)
        hit = (lower >= 0) & (lower < elements - 1)
        share = (at - lower)[hit][:, None]
        image[hit] += w[hit][:, None] * ((1 - share) * view[lower[hit]] + share * view[lower[hit] + 1])


@njit(parallel=True, cache=True, error_model="numpy")
def backproject(image, views, shadow, weight):
    """As the reference."""
    last = views.shape[1] - 1
    for x in prange(image.shape[0]):
        for y in range(image.shape[1]):
            pixel = image[x, y]
            for view in range(views.shape[0]):
                at = shadow[view, x, y]
                lower = floor(at)
                if 0 <= lower < last:
                    _add(pixel, views[view, lower], views[view, lower + 1], weight[view, x, y], at - float32(lower))


@njit(inline="always")
def _add(pixel, left, right, weight, share):
    w_right = weight * share
    w_left = weight - w_right
    for z in range(pixel.shape[0]):
        pixel[z] += w_left * left[z] + w_right * right[z]
