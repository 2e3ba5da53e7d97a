"""A random place for a ball, found by throwing darts: as uniform as looking everywhere, and much faster."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.room import box_around, place
from simdata.grid import Grid

THROWS = 200
"""As many places are tried before all of them are looked through."""


def somewhere(
    host: Bool[ndarray, "x y z"],
    grid: Grid,
    diameter_mm: float,
    centre_mm: tuple[float, float, float] | None,
    rng: Generator,
    lesion: str,
    structure: str,
) -> Float[ndarray, " 3"]:
    """As `place`: where a ball fits. Raises SceneError, as `lesion` says it, if it does not fit."""
    if centre_mm is None:
        voxels = np.flatnonzero(host)
        for dart in rng.choice(voxels, THROWS):
            middle = grid.world_mm(np.array(np.unravel_index(dart, host.shape)))
            if _fits(host, grid, middle, diameter_mm / 2):
                return middle
    else:
        middle = np.array(centre_mm, float)
        voxel = np.rint(grid.index(middle)).astype(int)
        inside = (voxel >= 0).all() and (voxel < host.shape).all()
        if inside and _fits(host, grid, middle, diameter_mm / 2):
            return middle
    return place(host, grid, diameter_mm, centre_mm, rng, lesion, structure)


def _fits(host: Bool[ndarray, "x y z"], grid: Grid, middle_mm: Float[ndarray, " 3"], radius_mm: float) -> bool:
    """Whether every voxel whose middle lies in the ball is the host's, and the ball lies within the grid."""
    index, reach = grid.index(middle_mm), radius_mm * np.abs(np.linalg.inv(grid.affine[:3, :3])).sum(axis=1)
    if (index - reach < 0).any() or (index + reach > np.array(host.shape) - 1).any():
        return False
    block = box_around(grid, middle_mm, radius_mm)
    voxels = np.moveaxis(np.indices([side.stop - side.start for side in block]), 0, -1)
    offset = grid.world_mm(voxels + [side.start for side in block]) - middle_mm
    return bool(host[block][(offset**2).sum(axis=-1) <= radius_mm**2].all())
