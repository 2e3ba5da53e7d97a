"""The coordinates of a gantry: x, y and z along the patient's axes, the middle of his grid in the isocentre."""

import numpy as np

from render.orientation import orientation
from simdata import Grid


def upright(grid: Grid, beyond: int = 0) -> Grid:
    """`grid` turned to the patient's axes, its middle in the isocentre, and so many slices more at both ends."""
    turned = orientation(grid)
    x, y, z = (grid.shape[axis] for axis in turned.axes)
    dx, dy, dz = turned.spacing_mm
    return Grid.regular((x, y, z + 2 * beyond), (dx, dy, dz))


def in_patient(gantry: Grid, grid: Grid) -> Grid:
    """A grid of the gantry's coordinates in those of the patient, whose own is `grid`."""
    turned = orientation(grid)
    axes = grid.affine[:3, list(turned.axes)] / turned.spacing_mm * np.where(turned.flipped, -1, 1)
    to_patient = np.eye(4)
    to_patient[:3, :3] = axes
    to_patient[:3, 3] = grid.world_mm((np.array(grid.shape) - 1) / 2)
    return Grid(gantry.shape, to_patient @ gantry.affine)


def wider(grid: Grid, radius_mm: float, beyond_mm: float) -> tuple[Grid, tuple[slice, ...]]:
    """Of the same voxels, over a circle of that radius, higher by so much at both ends; and where `grid` is in it."""
    spacing, shape = np.array(grid.spacing_mm), np.array(grid.shape)
    least = np.array([2 * radius_mm, 2 * radius_mm, shape[2] * spacing[2] + 2 * beyond_mm])
    more = np.maximum(np.ceil((least / spacing - shape) / 2 - 1e-9), 0).astype(int)
    affine = grid.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ more
    x, y, z = (int(n) for n in shape + 2 * more)
    return Grid((x, y, z), affine), tuple(slice(m, m + n) for m, n in zip(more, shape, strict=True))
