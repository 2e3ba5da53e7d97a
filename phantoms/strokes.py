"""Thin tubes and small balls in a scene, by the share of each voxel that they fill."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float32, UInt8, UInt16
from numba import njit, prange
from numpy import float32, ndarray

from simdata import Grid, Scene, Structure
from simdata.grid import Block
from simdata.scene import WHOLE
from simdata.tissues import tissues

MOST = float32(0.5)
"""A voxel belongs to what fills more of it."""


def strokes(
    grid: Grid, start_mm: Float[ndarray, "n 3"], end_mm: Float[ndarray, "n 3"], radius_mm: Float[ndarray, "n 2"]
) -> tuple[Block, Float32[ndarray, "x y z"]]:
    """The block of voxels that capsules touch, and the share of each that they fill, 0 to 1.

    radius_mm: at both ends. A capsule thinner than a voxel fills the share that its cross section has of the voxel's.
    """
    index = np.stack([grid.index(start_mm), grid.index(end_mm)])
    reach = np.max(radius_mm, axis=1)[:, None] / min(grid.spacing_mm) + 1.5
    block = block_of(grid, (index.min(axis=0) - reach).min(axis=0), (index.max(axis=0) + reach).max(axis=0))
    first = np.array([side.start for side in block])
    filled = np.zeros([side.stop - side.start for side in block], np.float32)
    if filled.size:
        voxel_mm = float(np.mean(grid.spacing_mm))
        _fill((index - first).astype(np.float32), (radius_mm / voxel_mm).astype(np.float32), filled)
    return block, filled


def block_of(grid: Grid, low: Float[ndarray, " 3"], high: Float[ndarray, " 3"]) -> Block:
    """The voxels between two places in fractional indices, as far as the grid goes."""
    first = np.clip(np.floor(low), 0, grid.shape).astype(int)
    last = np.clip(np.ceil(high) + 1, first, grid.shape).astype(int)
    return slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])


def blended(scene: Scene, parts: Sequence[tuple[Block, Float32[ndarray, "_ _ _"]]], what: Structure) -> Scene:
    """`scene` with `what` in blocks of its voxels, where it fills that share of each."""
    pure = np.zeros(scene.grid.shape, np.uint8)
    second, share = (array.copy() if scene.mixed else pure.copy() for array in (scene.second, scene.share))
    arrays = (scene.labels.copy(), scene.tissue.copy(), second, share)
    for block, filled in parts:
        blend(arrays, block, filled, what)
    labels, tissue, second, share = arrays
    known = MappingProxyType({**scene.structures, what.id: what})
    return replace(scene, labels=labels, tissue=tissue, second=second, share=share, structures=known)


def blend(
    arrays: tuple[UInt16[ndarray, "x y z"], UInt8[ndarray, "x y z"], UInt8[ndarray, "x y z"], UInt8[ndarray, "x y z"]],
    block: Block,
    filled: Float32[ndarray, "a b c"],
    what: Structure,
) -> None:
    """Into labels, tissue, second and share of a scene: `what` fills that share of the voxels of a block.

    Of what else a voxel holds, the larger part stays.
    """
    labels, tissue, second, share = arrays
    labels[block][filled > MOST] = what.id
    mix((tissue, second, share), block, filled, what.tissue)


def mix(
    mixture: tuple[UInt8[ndarray, "x y z"], UInt8[ndarray, "x y z"], UInt8[ndarray, "x y z"]],
    block: Block,
    filled: Float32[ndarray, "a b c"],
    what: str,
) -> None:
    """As `blend`, into tissue, second and share alone: what a voxel is made of changes, what it belongs to does not."""
    tissue, second, share = (array[block] for array in mixture)
    _mix(tissue, second, share, filled, np.uint8(tissues()[what]))


@njit(cache=True, parallel=True)
def _mix(tissue, second, share, filled, new):
    for i in prange(filled.shape[0]):
        for j in range(filled.shape[1]):
            for k in range(filled.shape[2]):
                part = filled[i, j, k]
                if part == 0:
                    continue
                most = part > MOST
                if tissue[i, j, k] == new:
                    if most:
                        share[i, j, k] = min(share[i, j, k], np.uint8((1 - part) * WHOLE + float32(0.5)))
                elif most:
                    second[i, j, k] = tissue[i, j, k]
                    tissue[i, j, k] = new
                    share[i, j, k] = np.uint8((1 - part) * WHOLE + float32(0.5))
                else:
                    already = second[i, j, k] == new
                    own = share[i, j, k] if already else np.uint8(0)
                    second[i, j, k] = new
                    share[i, j, k] = max(own, np.uint8(part * WHOLE + float32(0.5)))


@njit(cache=True)
def _fill(ends, radius, filled):
    """In voxels. A voxel keeps the largest share that any capsule gives it."""
    nx, ny, nz = filled.shape
    for n in range(ends.shape[1]):
        ax, ay, az = ends[0, n]
        bx, by, bz = ends[1, n]
        dx, dy, dz = bx - ax, by - ay, bz - az
        length = dx * dx + dy * dy + dz * dz
        most = max(radius[n, 0], radius[n, 1]) + float32(1)
        for i in range(max(0, int(np.floor(min(ax, bx) - most))), min(nx, int(max(ax, bx) + most) + 2)):
            for j in range(max(0, int(np.floor(min(ay, by) - most))), min(ny, int(max(ay, by) + most) + 2)):
                for k in range(max(0, int(np.floor(min(az, bz) - most))), min(nz, int(max(az, bz) + most) + 2)):
                    px, py, pz = i - ax, j - ay, k - az
                    along = float32(0)
                    if length > 0:
                        along = min(max((px * dx + py * dy + pz * dz) / length, float32(0)), float32(1))
                    qx, qy, qz = px - along * dx, py - along * dy, pz - along * dz
                    r = radius[n, 0] + along * (radius[n, 1] - radius[n, 0])
                    away = np.sqrt(qx * qx + qy * qy + qz * qz)
                    share = min(max(r - away + float32(0.5), float32(0)), float32(1))
                    if r < float32(0.5):
                        share = (
                            3
                            * r
                            * r
                            * min(float32(1), np.sqrt(length) + r * float32(4 / 3))
                            * max(1 - away, float32(0))
                        )
                    if share > filled[i, j, k]:
                        filled[i, j, k] = share
