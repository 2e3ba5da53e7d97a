"""Ways along an artery that is known by its voxels alone: places in its middle, and its radius there."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from phantoms.lesions.room import boxed
from simdata.grid import Grid

THICKEST = 0.97
"""A way begins where an artery is thicker than in this share of its voxels."""
FORK_MM, SLAB_MM = 12.0, 3.0
"""How far above and below its bifurcation a saddle lies; thickness of the slabs of which middles are taken."""


def along(
    grid: Grid, host: Bool[ndarray, "x y z"], length_mm: float, saddle: bool, rng: Generator
) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """Places along the middle of an artery, and its radius there: steps to the deepest voxel ahead.

    A saddle begins at the bifurcation, whose artery is wide from side to side, and runs both ways.
    """
    block, inside = boxed(host)
    depth = np.asarray(distance_transform_edt(np.pad(inside, 1), sampling=grid.spacing_mm))[1:-1, 1:-1, 1:-1]
    voxels = np.argwhere(inside)
    places, deep = grid.world_mm(voxels + [side.start for side in block]), depth[inside]
    if saddle:
        spread = np.bincount(voxels[:, 2], minlength=inside.shape[2])
        width = [np.ptp(voxels[voxels[:, 2] == k, 0]) if n else 0 for k, n in enumerate(spread)]
        fork = voxels[:, 2] == int(np.argmax(width))
        reach = np.abs(places[:, 0] - places[fork, 0].mean()) <= length_mm / 2
        near = np.abs(voxels[:, 2] - int(np.argmax(width))) * grid.spacing_mm[2] < FORK_MM
        chosen = reach & near
    else:
        wide = np.flatnonzero(deep >= np.quantile(deep, THICKEST))
        start = places[rng.choice(wide)]
        chosen = np.linalg.norm(places - start, axis=1) <= length_mm / 2
    return _middle(places[chosen], deep[chosen], 0 if saddle else None)


def _middle(
    places: Float[ndarray, "n 3"], deep: Float[ndarray, " n"], axis: int | None
) -> tuple[Float[ndarray, "m 3"], Float[ndarray, " m"]]:
    """Middles of slabs across a piece of an artery, weighted by depth, along an axis or along its longest one."""
    centred = places - places.mean(axis=0)
    heading = np.eye(3)[axis] if axis is not None else np.linalg.svd(centred, full_matrices=False)[2][0]
    offset_mm = centred @ heading
    slabs = np.digitize(
        offset_mm, np.linspace(offset_mm.min(), offset_mm.max() + 1e-3, max(3, int(np.ptp(offset_mm) / SLAB_MM)) + 1)
    )
    way, radius = [], []
    for slab in np.unique(slabs):
        here = slabs == slab
        way.append(np.average(places[here], axis=0, weights=deep[here] ** 4))
        radius.append(deep[here].max())
    return np.array(way), np.array(radius)
