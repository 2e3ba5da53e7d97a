"""The foveal avascular zone: what the innermost ring of vessels leaves open around the fovea."""

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from scipy.ndimage import label

from simdata import Grid


def avascular_zone(axes: Bool[ndarray, "x y"], grid: Grid) -> Bool[ndarray, "x y"]:
    """Pixels that can be reached from the fovea, (0, 0) mm, without crossing the axis of a vessel.

    axes: pixels that an axis runs through. None where a vessel crosses the fovea, or no ring of them is closed within
    the picture.
    """
    x, y, _ = np.rint(grid.index(np.zeros(3))).astype(int)
    nowhere = np.zeros(axes.shape, bool)
    if not (0 <= x < axes.shape[0] and 0 <= y < axes.shape[1]) or axes[x, y]:
        return nowhere
    regions = np.asarray(label(~axes)[0])  # pyright: ignore[reportIndexIssue]
    zone = regions == regions[x, y]
    open_ended = zone[[0, -1]].any() or zone[:, [0, -1]].any()
    return nowhere if open_ended else zone
