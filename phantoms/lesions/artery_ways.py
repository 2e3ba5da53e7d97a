"""Ways along an artery that is known by its voxels alone: places in its middle, and its radius there."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt, gaussian_filter1d

from phantoms.lesions.room import boxed
from phantoms.peristalsis.middle_lines import cheapest, joined
from simdata.grid import Grid

THICKEST = 0.97
"""A way begins where an artery is thicker than in this share of its voxels."""
SLAB_MM, SMOOTH_MM = 3.0, 6.0
"""Thickness of the slabs of which middles are taken; how far the stairs of a way through voxels are smoothed."""


def along(
    grid: Grid, host: Bool[ndarray, "x y z"], length_mm: float, rng: Generator
) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """Places along the middle of a piece of an artery, and its radius there."""
    block, inside = boxed(host)
    depth = _depth_mm(inside, grid)
    places, deep = grid.world_mm(np.argwhere(inside) + [side.start for side in block]), depth[inside]
    wide = np.flatnonzero(deep >= np.quantile(deep, THICKEST))
    start = places[rng.choice(wide)]
    chosen = np.linalg.norm(places - start, axis=1) <= length_mm / 2
    return _middle(places[chosen], deep[chosen])


def astride(
    grid: Grid, trunk: Bool[ndarray, "x y z"], length_mm: float
) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """Places from the left pulmonary artery over the bifurcation into the right one, and the radius there.

    The right one ends farthest to the right, the left one behind on the left; where the way between them comes nearest
    to the foot of the trunk it goes on by half of length_mm to either side.
    """
    block, inside = boxed(trunk)
    depth = _depth_mm(inside, grid)
    voxels = np.argwhere(inside)
    places = grid.world_mm(voxels + [side.start for side in block])
    left = np.where(places[:, 0] < np.median(places[:, 0]), places[:, 1], np.inf)
    _, by_cost = joined(voxels, depth, grid)
    way = cheapest(by_cost, int(left.argmin()), int(places[:, 0].argmax()))
    line, radius = places[way], depth[inside][way]
    foot = places[places[:, 2] <= np.quantile(places[:, 2], 0.03)].mean(axis=0)
    far_mm = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    fork_mm = float(far_mm[np.linalg.norm(line - foot, axis=1).argmin()])
    first_mm, last_mm = max(fork_mm - length_mm / 2, 0.0), min(fork_mm + length_mm / 2, float(far_mm[-1]))
    at = np.arange(first_mm, max(last_mm, first_mm + 1e-3), SLAB_MM)
    told = np.stack([np.interp(at, far_mm, one) for one in [*line.T, radius]], axis=1)
    told = gaussian_filter1d(told, SMOOTH_MM / SLAB_MM, axis=0, mode="nearest")
    return told[:, :3], told[:, 3]


def _depth_mm(inside: Bool[ndarray, "a b c"], grid: Grid) -> Float[ndarray, "a b c"]:
    return np.asarray(distance_transform_edt(np.pad(inside, 1), sampling=grid.spacing_mm))[1:-1, 1:-1, 1:-1]


def _middle(
    places: Float[ndarray, "n 3"], deep: Float[ndarray, " n"]
) -> tuple[Float[ndarray, "m 3"], Float[ndarray, " m"]]:
    """Middles of slabs across a piece of an artery, weighted by depth, along its longest axis."""
    centred = places - places.mean(axis=0)
    heading = np.linalg.svd(centred, full_matrices=False)[2][0]
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
