"""Ways of leads and tubes: along the middle of vessels and airways, smoothly."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

STEP_MM = 1.0


def through(vein: Float[ndarray, "n 3"], before: Float[ndarray, " 3"]) -> Float[ndarray, "3 3"]:
    """Three points along the middle of a vein, from the end that is nearer to `before`."""
    axis = np.linalg.svd(vein - vein.mean(axis=0), full_matrices=False)[2][0]
    along = vein @ axis
    axis, along = (axis, along) if before @ axis < np.median(along) else (-axis, -along)
    edges = np.quantile(along, [0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
    return np.array(
        [vein[(along >= a) & (along <= b)].mean(axis=0) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    )


def smooth(points: Float[ndarray, "n 3"]) -> Float[ndarray, "k 3"]:
    """A smooth curve through points, STEP_MM apart."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    return PchipInterpolator(along, points)(np.arange(0, along[-1], STEP_MM))


def by_height(part: Float[ndarray, "n 3"], every_mm: float = 8.0) -> Float[ndarray, "k 3"]:
    """The middle of a part at heights some mm apart, from below; (n, 3) are its voxels, RAS+ mm."""
    level = np.round((part[:, 2] - part[:, 2].min()) / every_mm).astype(int)
    counts = np.bincount(level)
    sums = np.stack([np.bincount(level, part[:, axis]) for axis in range(3)], axis=1)
    return sums[counts > 0] / counts[counts > 0, None]
