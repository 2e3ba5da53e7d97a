"""How much of every voxel a wire or a solid fills, on any grid, however thin it is."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from phantoms.solids import Solid, depths
from simdata import Grid

Block = tuple[slice, slice, slice]
Filling = tuple[Block, Float32[ndarray, "_ _ _"]]
"""A block of voxels, and the share of each that is filled, 0 to 1."""

THREADS, STEPS = 24, 6
"""Threads of equal cross section that stand for a wire at least, and points along each in the length of a voxel."""
THREADS_ACROSS = 5.0
"""Threads across a voxel."""
GOLDEN_RAD = np.pi * (3 - np.sqrt(5))
FINE_MM, MOST_POINTS = 0.25, 10
"""Points in a voxel lie so close where a surface cuts it, but no more of them along an edge."""
SURE = 1.3
"""A surface cuts no voxel whose middle is deeper than so many half diagonals: depths are good to first order."""
AT_ONCE = 4096
"""Voxels looked into at once, which bounds the memory."""


def wires(grid: Grid, ways_mm: Sequence[Float[ndarray, "_ 3"]], radius_mm: float) -> Filling:
    """Wires along straight pieces from point to point: their volume is shared out to the voxels they run through.

    Threads of equal area run along each (Vogel 1979, Math Biosci 44:179), rows of points that carry its volume.
    """
    start = np.concatenate([way[:-1] for way in ways_mm])
    pieces = np.concatenate([np.diff(way, axis=0) for way in ways_mm])
    length = np.linalg.norm(pieces, axis=1)
    start, pieces, length = start[length > 0], pieces[length > 0], length[length > 0]
    count = np.ceil(length / min(grid.spacing_mm) * STEPS).astype(int) + 1
    piece = np.repeat(np.arange(len(count)), count)
    along = (np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count) + 0.5) / count[piece]
    middle = start[piece] + along[:, None] * pieces[piece]

    u, v = _across(pieces / length[:, None])
    threads_mm2 = (min(grid.spacing_mm) / THREADS_ACROSS) ** 2
    many = max(THREADS, round(np.pi * radius_mm**2 / threads_mm2))
    radius = radius_mm * np.sqrt((np.arange(many) + 0.5) / many)
    angle = GOLDEN_RAD * np.arange(many)
    volume = np.pi * radius_mm**2 * length[piece] / count[piece] / many
    places = [middle + r * (np.cos(a) * u[piece] + np.sin(a) * v[piece]) for r, a in zip(radius, angle, strict=True)]
    return _shared_out(grid, np.concatenate(places), np.tile(volume, many))


def solid(grid: Grid, shape: Solid, low_mm: Float[ndarray, " 3"], high_mm: Float[ndarray, " 3"]) -> Filling:
    """A solid that lies between two corners: voxels that its surface cuts are looked into point by point."""
    block = box(grid, low_mm, high_mm)
    first = np.array([side.start for side in block])
    filled = np.zeros([side.stop - side.start for side in block], np.float32)
    if not filled.size:
        return block, filled
    index = np.moveaxis(np.indices(filled.shape), 0, -1) + first
    depth = depths(shape, grid.world_mm(index))
    reach_mm = np.linalg.norm(np.abs(grid.affine[:3, :3]).sum(axis=1)) / 2
    filled[depth > 0] = 1

    per_axis = np.clip(np.ceil(np.array(grid.spacing_mm) / FINE_MM), 2, MOST_POINTS).astype(int)
    axes = [(np.arange(n) + 0.5) / n - 0.5 for n in per_axis]
    inner = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    step_mm = float(np.mean(np.array(grid.spacing_mm) / per_axis))
    cut = np.argwhere(np.abs(depth) < SURE * reach_mm)
    for some in (cut[at : at + AT_ONCE] for at in range(0, len(cut), AT_ONCE)):
        inside = depths(shape, grid.world_mm(some[:, None] + first + inner))
        filled[tuple(some.T)] = np.clip(inside / step_mm + 0.5, 0, 1).mean(axis=1)
    return block, filled


def box(grid: Grid, low_mm: Float[ndarray, " 3"], high_mm: Float[ndarray, " 3"]) -> Block:
    """The voxels between two corners, as far as the grid goes."""
    corners = np.stack(np.meshgrid(*np.stack([low_mm, high_mm], axis=1), indexing="ij"), axis=-1).reshape(-1, 3)
    index = grid.index(corners)
    start = np.clip(np.floor(index.min(axis=0)), 0, grid.shape).astype(int)
    stop = np.clip(np.ceil(index.max(axis=0)) + 1, start, grid.shape).astype(int)
    return slice(start[0], stop[0]), slice(start[1], stop[1]), slice(start[2], stop[2])


def _shared_out(grid: Grid, places_mm: Float[ndarray, "n 3"], volume_mm3: Float[ndarray, " n"]) -> Filling:
    """The share of each voxel that the points in it fill."""
    voxel = np.rint(grid.index(places_mm)).astype(int)
    inside = ((voxel >= 0) & (voxel < grid.shape)).all(axis=1)
    voxel, volume_mm3 = voxel[inside], volume_mm3[inside]
    if not len(voxel):
        return (slice(0, 0), slice(0, 0), slice(0, 0)), np.zeros((0, 0, 0), np.float32)
    first, last = voxel.min(axis=0), voxel.max(axis=0) + 1
    shape = tuple((last - first).tolist())
    flat = np.ravel_multi_index(tuple((voxel - first).T), shape)
    filled = np.bincount(flat, volume_mm3 / grid.voxel_mm3, int(np.prod(shape))).reshape(shape)
    block = slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])
    return block, np.minimum(filled, 1).astype(np.float32)


def _across(heading: Float[ndarray, "n 3"]) -> tuple[Float[ndarray, "n 3"], Float[ndarray, "n 3"]]:
    """Two directions across each heading."""
    least = np.eye(3)[np.abs(heading).argmin(axis=1)]
    u = np.cross(heading, least)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return u, np.cross(heading, u)
