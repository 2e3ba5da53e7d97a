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
