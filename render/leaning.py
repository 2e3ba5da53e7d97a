"""A volume stood upright before a detector that leans: angulated to head or feet, or a patient who lies askew."""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.kernels.resample import resampled
from render.projection import TILT
from render.views import Views
from simdata import Grid

BESIDE_MM = 10.0
"""So much more than the beam is taken along: for other places of the focal spot."""

FAR_MM = 1e4
"""How far a beam from infinitely far away is followed."""


def upright_for(
    views: Views, volume: Float32[ndarray, "x y z m"], grid: Grid
) -> tuple[Float32[ndarray, "i j k m"], Grid]:
    """`volume` on a grid whose third axis runs along the detector's columns, as `project` demands.

    The detectors of all views stand alike. Where the grid stands so already, both come back as they are; else linearly
    interpolated, in cubes as small as the smallest edge of a voxel, as far as the beam reaches.
    """
    if not leans(views, grid):
        return volume, grid
    turned = _around(grid, views)
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


def _around(grid: Grid, views: Views) -> Grid:
    """The grid along the detector's axes that holds every voxel of `grid` that a beam can meet."""
    axes, edge = _axes(views), min(grid.spacing_mm)
    corners = grid.world_mm(np.indices((2, 2, 2)).reshape(3, -1).T * grid.shape - 0.5) @ axes
    beam = _beam_mm(views) @ axes
    low = np.maximum(corners.min(axis=0), beam.min(axis=0) - BESIDE_MM)
    high = np.minimum(corners.max(axis=0), beam.max(axis=0) + BESIDE_MM)
    if (high <= low).any():
        low, high = corners.min(axis=0), corners.max(axis=0)
    x, y, z = (int(n) for n in np.ceil((high - low) / edge) + 1)
    affine = np.eye(4)
    affine[:3, :3] = axes * edge
    affine[:3, 3] = axes @ ((low + high) / 2) - affine[:3, :3] @ ((np.array([x, y, z]) - 1) / 2)
    return Grid((x, y, z), affine)


def _beam_mm(views: Views) -> Float64[ndarray, "corners 3"]:
    """Corners of all beams: the foci that are near, and the detectors, with what stands before them if one is far."""
    half = views.upward[:, None] * views.rows / 2
    ends = views.borders[:, [0, -1]]
    detectors = np.concatenate([ends - half, ends + half], axis=1)
    near = views.focus[:, 3] == 1
    far = (detectors + FAR_MM * views.focus[:, None, :3])[~near]
    return np.concatenate([detectors.reshape(-1, 3), views.focus[near, :3], far.reshape(-1, 3)])
