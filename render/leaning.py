"""A volume stood upright before a detector that leans: angulated to head or feet, or a patient who lies askew."""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.kernels.resample import resampled
from render.projection import TILT
from render.views import Views
from simdata import Grid


def upright_for(
    views: Views, volume: Float32[ndarray, "x y z m"], grid: Grid
) -> tuple[Float32[ndarray, "i j k m"], Grid]:
    """`volume` on a grid whose third axis runs along the detector's columns, as `project` demands.

    The detectors of all views stand alike. Where the grid stands so already, both come back as they are; else linearly
    interpolated, in cubes as small as the smallest edge of a voxel.
    """
    if not leans(views, grid):
        return volume, grid
    turned = _around(grid, _axes(views))
    to_volume = np.linalg.inv(grid.affine) @ turned.affine
    return resampled(volume, to_volume[:3, :3].copy(), to_volume[:3, 3].copy(), turned.shape), turned


def leans(views: Views, grid: Grid) -> bool:
    """True if the columns of a detector do not run along the third axis of `grid`."""
    return bool(np.abs(views.in_cells(grid).upward[:, :2]).max() > TILT)


def _axes(views: Views) -> Float64[ndarray, "3 3"]:
    """Across the detector, through it and along its columns, as columns of length 1."""
    up = views.upward[0] / np.linalg.norm(views.upward[0])
    across = views.borders[0, -1] - views.borders[0, 0]
    across = across - up * (up @ across)
    across /= np.linalg.norm(across)
    return np.column_stack([across, np.cross(up, across), up])


def _around(grid: Grid, axes: Float64[ndarray, "3 3"]) -> Grid:
    """The grid along `axes` that holds every voxel of `grid`, and its middle in its own."""
    edge = min(grid.spacing_mm)
    corners = grid.world_mm(np.indices((2, 2, 2)).reshape(3, -1).T * grid.shape - 0.5)
    middle = corners.mean(axis=0)
    reach = np.abs((corners - middle) @ axes).max(axis=0)
    x, y, z = (2 * np.ceil(reach / edge) + 1).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = axes * edge
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array([x, y, z]) - 1) / 2)
    return Grid((int(x), int(y), int(z)), affine)
