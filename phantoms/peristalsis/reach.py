"""How far around a middle line its wave may reach, so that no place is nearer to another piece of it."""

import numpy as np
from jaxtyping import Float64, Int
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

KEPT = 0.8
"""Of the global radius of curvature."""
NEAR_MM, AT_ONCE = 4.0, 512
"""Points of the same line nearer than this tell nothing but how they were rounded."""
FILTER, SMOOTH = 9, 2.0
"""Points over which the least is taken, and the standard deviation over which that is smoothed, within them."""


def reach_mm(points_mm: Float64[ndarray, "n 3"], line: Int[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """Of each point, min over all others of |p - c|^2 / 2 |p - c|_across: Gonzalez and Maddocks 1999, PNAS 96:4769."""
    tangent = np.concatenate([_tangents(points_mm[line == one]) for one in np.unique(line)])
    least = np.empty(len(points_mm))
    for start in range(0, len(points_mm), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        way = points_mm[None] - points_mm[some, None]
        squared = (way**2).sum(axis=-1)
        along = (way * tangent[some, None]).sum(axis=-1)
        across = np.sqrt(np.maximum(squared - along**2, 1e-9))
        same = (line[None] == line[some, None]) & (squared < NEAR_MM**2)
        least[some] = np.where(same, np.inf, squared / (2 * across)).min(axis=1)
    return np.concatenate([_even(KEPT * least[line == one]) for one in np.unique(line)])


def _tangents(points: Float64[ndarray, "n 3"]) -> Float64[ndarray, "n 3"]:
    way = np.gradient(points, axis=0)
    return way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)


def _even(least: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    narrow = minimum_filter1d(np.minimum(least, 1e3), FILTER, mode="nearest")
    return gaussian_filter1d(narrow, SMOOTH, mode="nearest", truncate=2.0)
