"""Layers on a grid: labels, tissues, and what else a boundary voxel holds."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int64, UInt8, UInt16
from numba import get_num_threads
from numpy import ndarray

from phantoms.solids.blocks import EDGES, draw_blocks
from phantoms.solids.places import View
from phantoms.solids.points import depth_at
from phantoms.solids.solid import Depth, Layer, Points, Solid
from phantoms.solids.tape import Tape, tape
from simdata import Grid

FINE_MM = 2.2
"""Grids this fine are cut into blocks of the first level, coarser ones of the second."""

BATCHES, BATCH = 6, 8
"""Batches of tiles for each thread, as tiles differ in how much there is to see, and tiles that are worth a batch."""


@dataclass(frozen=True, eq=False)
class Warp:
    """A map from the patient to the reference body: mm at the points of a lattice, linear between, constant beyond.

    places: (nx, ny, nz, 3) reference mm. first: (3,) patient mm of the first point. step_mm: between points.
    """

    places: Float32[ndarray, "x y z 3"]
    first: tuple[float, float, float]
    step_mm: float

    @cached_property
    def flat(self) -> Float32[ndarray, " n"]:
        """x, y, z of every place."""
        return np.ascontiguousarray(self.places).ravel()


@dataclass(frozen=True, eq=False)
class Drawing:
    """labels: structure ids. tissue: tissue ids. other, share: the second tissue of a voxel and its share in 1/255."""

    labels: UInt16[ndarray, "x y z"]
    tissue: UInt8[ndarray, "x y z"]
    other: UInt8[ndarray, "x y z"]
    share: UInt8[ndarray, "x y z"]


def straight(reach_mm: float = 2000.0) -> Warp:
    """The map that moves nothing."""
    ends = np.array([-reach_mm, reach_mm])
    places = np.stack(np.meshgrid(ends, ends, ends, indexing="ij"), axis=-1).astype(np.float32)
    return Warp(places, (-reach_mm, -reach_mm, -reach_mm), 2 * reach_mm)


def draw(layers: Sequence[Layer] | Tape, grid: Grid, warp: Warp | None = None, mixed: bool = False) -> Drawing:
    """Draw `layers`, the topmost first, on any grid, seen through `warp`.

    mixed: whether boundary voxels tell their second tissue too. The result does not depend on threads or tiles.
    """
    labels, tissue = np.zeros(grid.shape, np.uint16), np.zeros(grid.shape, np.uint8)
    other, share = (np.zeros(grid.shape if mixed else (0, 0, 0), np.uint8) for _ in range(2))
    run = _prepared(layers, grid, warp)
    tiles = _tiles(grid)
    batches = min(BATCHES * get_num_threads(), -(-len(tiles) // BATCH))
    with ThreadPoolExecutor(get_num_threads()) as threads:
        list(threads.map(lambda n: run(tiles[n::batches], labels, tissue, other, share), range(batches)))
    return Drawing(labels, tissue, other, share)


def _level(grid: Grid) -> int:
    """Level of the largest blocks."""
    return 0 if max(grid.spacing_mm) < FINE_MM else 1


def _tiles(grid: Grid) -> Int64[ndarray, "n 3"]:
    axes = [np.arange(0, n, EDGES[_level(grid)]) for n in grid.shape]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _prepared(layers: Sequence[Layer] | Tape, grid: Grid, warp: Warp | None) -> Callable:
    """The kernel with all but the tiles and the arrays that it fills."""
    program = (layers if isinstance(layers, Tape) else tape(layers)).program
    warp = warp or straight()
    voxel_mm, shape = float(np.mean(grid.spacing_mm)), np.array(grid.shape, np.int64)
    places = np.array(warp.places.shape[:3], np.int32)
    first, level = np.array(warp.first, np.float32), _level(grid)
    view = View(grid.affine, warp.flat, places, first, np.float32(warp.step_mm), level)
    one_kind = np.ascontiguousarray  # strided tiles would have the kernel compiled once more
    return lambda tiles, *arrays: draw_blocks(one_kind(tiles), shape, voxel_mm, view, program, *arrays)


def depths(solid: Solid, points: Points) -> Depth:
    """`solid.depth(points)` by the fast kernel, float32: for fields that are known on a lattice."""
    program = tape([Layer(solid, "")]).program
    columns = np.ascontiguousarray(points.reshape(-1, 3).T, np.float32)
    out = np.empty(columns.shape[1], np.float32)
    depth_at(columns, program, out)
    return out.reshape(points.shape[:-1])
