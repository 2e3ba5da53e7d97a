"""The vessels of an eye as pixels of a picture from the front: which, how wide, where their axes run."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from simdata import Grid, Vessels
from simdata.voxelise import VesselMaps, voxelise

SLICE_MM = 1e-3
"""As thin as vessels that are pressed flat."""


def vessel_pixels(vessels: Vessels, grid: Grid) -> VesselMaps:
    """(x, y, 1) maps of share, kind, branch, radius, axis and flow of vessels that are pressed flat on a picture.

    Of an image: vessel_pixels(image.vessels["retina"], image.grid).
    """
    flat = grid.affine.copy()
    flat[2, 2:] = -SLICE_MM, 0
    pressed = replace(vessels, points_mm=vessels.points_mm * np.array([1, 1, 0], np.float32))
    return voxelise(pressed, Grid((*grid.shape[:2], 1), flat))


def within(vessels: Vessels, slab: Bool[ndarray, "x y z"], grid: Grid) -> Vessels:
    """Those that reach into the slab, in the column of the grid that each point lies in; they end beyond its surfaces.

    Third axis of `grid`: into the wall, from its inner surface.
    """
    edge_mm = grid.spacing_mm[2]
    x, y = (
        np.clip(np.rint(i), 0, n - 1).astype(int)
        for i, n in zip(grid.index(vessels.points_mm)[:, :2].T, grid.shape, strict=False)
    )
    top = slab.argmax(axis=2)
    bottom = np.where(slab.any(axis=2), slab.shape[2] - slab[..., ::-1].argmax(axis=2), 0)
    deep = -vessels.points_mm[:, 2]
    inside = (deep + vessels.radius_mm > edge_mm * top[x, y]) & (deep - vessels.radius_mm < edge_mm * bottom[x, y])
    own = vessels.segments
    ends = np.concatenate([np.column_stack([own, vessels.parent[own]]), vessels.links])
    keep = np.zeros(len(vessels), bool)
    keep[ends[inside[ends].any(axis=1)]] = True
    return vessels.take(keep)
