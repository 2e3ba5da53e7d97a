"""A smooth displacement on a fine grid, computed exactly at nodes a few millimetres apart and by splines between."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float32, Int
from numba import njit, prange
from numpy import ndarray

from simdata.grid import Grid

NODE_MM = 3.0
"""Largest distance of nodes. Motions turn over ten and more millimetres, so that splines err by less than 0.01 mm."""
BEYOND = 2
"""Nodes beyond each end of the grid, where splines are less exact."""


def between_nodes(
    grid: Grid, exact: Callable[[Float[ndarray, "a b c 3"]], Float[ndarray, "a b c 3"]]
) -> Float32[ndarray, "3 x y z"]:
    """The displacement, mm, that `exact` gives for points in mm, at every voxel of `grid`."""
    from scipy.ndimage import spline_filter

    every = [max(1, int(NODE_MM / mm)) for mm in grid.spacing_mm]
    taps = [_taps(n, step) for n, step in zip(grid.shape, every, strict=True)]
    counts = [int(first[-1]) + 4 + BEYOND for first, _ in taps]
    places = [(np.arange(count) - BEYOND) * step for count, step in zip(counts, every, strict=True)]
    nodes_mm = grid.world_mm(np.stack(np.meshgrid(*places, indexing="ij"), axis=-1))
    moved = exact(nodes_mm)
    splines = np.stack([spline_filter(moved[..., axis], mode="mirror") for axis in range(3)])
    return _between(splines, *(part for tap in taps for part in tap))


def _taps(count: int, every: int) -> tuple[Int[ndarray, " n"], Float[ndarray, "n 4"]]:
    """First of the four nodes that count at each voxel along one axis, and their weights, which sum to 1."""
    at = np.arange(count) / every + BEYOND
    f = at - np.floor(at)
    weights = ((1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3)
    return np.floor(at).astype(np.int64) - 1, np.stack(weights, axis=1) / 6


@njit(cache=True, parallel=True)
def _between(splines, first_x, weights_x, first_y, weights_y, first_z, weights_z):
    nx, ny, nz, deep = len(first_x), len(first_y), len(first_z), splines.shape[3]
    field = np.empty((3, nx, ny, nz), np.float32)
    for i in prange(nx):
        for j in range(ny):
            line = np.zeros((3, deep))
            for a in range(4):
                for b in range(4):
                    weight = weights_x[i, a] * weights_y[j, b]
                    for axis in range(3):
                        for c in range(deep):
                            line[axis, c] += weight * splines[axis, first_x[i] + a, first_y[j] + b, c]
            for axis in range(3):
                for k in range(nz):
                    n = first_z[k]
                    field[axis, i, j, k] = (
                        weights_z[k, 0] * line[axis, n]
                        + weights_z[k, 1] * line[axis, n + 1]
                        + weights_z[k, 2] * line[axis, n + 2]
                        + weights_z[k, 3] * line[axis, n + 3]
                    )
    return field
