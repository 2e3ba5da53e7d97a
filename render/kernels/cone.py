"""Back-projection of filtered cone-beam views onto a volume; one thread owns one row of pixels.

A column of voxels along z meets two neighbouring detector columns, whose mean it walks along, row by row.
"""

from math import floor

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, int32, ndarray, uint32, uint64


def backproject_cone_reference(
    image: Float32[ndarray, "x y z"],
    views: Float32[ndarray, "v n rows"],
    column: Float32[ndarray, "v x y"],
    weight: Float32[ndarray, "v x y"],
    rise: Float32[ndarray, "v x y"],
    height: Float64[ndarray, " v"],
) -> None:
    """Add to `image` what each view shows where a voxel's shadow falls, times `weight`, linearly between elements.

    The shadow falls on the element `column` and, of the middle row, (z - height) rise above it; above and below the
    detector its outermost row stands in, beside it there is nothing.
    """
    elements, rows = views.shape[1:]
    z = np.arange(image.shape[2])
    for view, at, w, step, middle in zip(views, column, weight, rise, height, strict=True):
        for x, y in np.argwhere((at >= 0) & (at < elements - 1)):
            left, share = int(at[x, y]), at[x, y] % 1
            seen = (1 - share) * view[left] + share * view[left + 1]
            image[x, y] += w[x, y] * np.interp((rows - 1) / 2 + (z - middle) * step[x, y], np.arange(rows), seen)


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def backproject_cone(image, views, column, weight, rise, height):
    """As the reference."""
    elements, rows = views.shape[1], views.shape[2]
    stride, last = rows + 1, float32(rows - 1)
    for x in prange(image.shape[0]):
        sheets = np.empty(views.shape[0] * stride, np.float32)
        first, step = np.empty(views.shape[0], np.float32), np.empty(views.shape[0], np.float32)
        for y in range(image.shape[1]):
            seen = 0
            for view in range(views.shape[0]):
                at = column[view, x, y]
                left = floor(at)
                if left < 0 or left >= elements - 1:
                    continue
                sheet = sheets[seen * stride : (seen + 1) * stride]
                _between(sheet, views[view, left], views[view, left + 1], weight[view, x, y], at - float32(left))
                step[seen] = rise[view, x, y]
                first[seen] = float32((rows - 1) / 2 - height[view] * rise[view, x, y])
                seen += 1
            pixel = image[x, y]
            for z in range(pixel.shape[0]):
                total = float32(0)
                for n in range(seen):
                    row = min(max(first[n] + step[n] * float32(z), float32(0)), last)
                    lower = int32(row)
                    entry = uint64(uint32(int32(n) * int32(stride) + lower))
                    below, above = sheets[entry], sheets[entry + uint64(1)]
                    total += below + (row - float32(lower)) * (above - below)
                pixel[z] += total


@njit(inline="always")
def _between(sheet, left, right, weight, share):
    w_right = weight * share
    w_left = weight - w_right
    for row in range(left.shape[0]):
        sheet[row] = w_left * left[row] + w_right * right[row]
    sheet[left.shape[0]] = sheet[left.shape[0] - 1]
