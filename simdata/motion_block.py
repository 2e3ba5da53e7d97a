"""The displacement of a motion that moves a part of the body only: exact at every voxel of a block, 0 elsewhere."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from simdata.grid import Block, Grid, slabs
from simdata.motion import Points


def over_block(grid: Grid, block: Block, moved: Callable[[Points], Points]) -> Float32[ndarray, "3 x y z"]:
    """`moved` gives where points in mm go; how far, mm, at the voxels of `block`."""
    field = np.zeros((3, *grid.shape), np.float32)
    for slab in slabs(block):
        points_mm = grid.points_mm(slab)
        field[:, *slab] = np.moveaxis(moved(points_mm) - points_mm, -1, 0)
    return field
