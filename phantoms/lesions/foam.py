"""Foam: cells side by side that share their walls, as honeycombed lung has them."""

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata.grid import Grid

JITTER = 0.3
"""Standard deviation of where a cell has its middle by the distance of cells."""


def foam(
    grid: Grid, where: Bool[ndarray, "a b c"], cell_mm: float, wall_mm: float, rng: Generator
) -> tuple[Float32[ndarray, "a b c"], Float32[ndarray, "a b c"]]:
    """How much of each voxel the hollow of a cell takes, and how much the walls between cells; 0 elsewhere.

    Every voxel is its nearest seed's (a Voronoi tessellation); a wall runs where two are equally near.
    """
    hollow, walls = np.zeros(where.shape, np.float32), np.zeros(where.shape, np.float32)
    voxels = np.argwhere(where)
    if len(voxels) < 2:
        return hollow, walls
    places = voxels * np.array(grid.spacing_mm)
    ends = places.min(axis=0) - cell_mm, places.max(axis=0) + cell_mm
    lattice = np.stack(np.meshgrid(*(np.arange(a, b, cell_mm) for a, b in zip(*ends, strict=True)), indexing="ij"), -1)
    seeds = lattice.reshape(-1, 3) + JITTER * cell_mm * rng.standard_normal((lattice.size // 3, 3))
    near = KDTree(seeds).query(places, k=2)[0]
    to_wall_mm = (near[:, 1] - near[:, 0]) / 2
    share = np.clip(0.5 + (to_wall_mm - wall_mm / 2) / max(grid.spacing_mm), 0, 1)
    hollow[where] = share
    walls[where] = 1 - share
    return hollow, walls
