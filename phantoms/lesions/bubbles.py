"""Bubbles: many small round holes, more of them where they are favoured, until they take the share that is wished."""

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.strokes import Block, strokes
from simdata.grid import Grid

ROUNDS, MOST = 10, 200000


def bubbles(
    grid: Grid,
    block: Block,
    lung: Bool[ndarray, "a b c"],
    chance: Float32[ndarray, "a b c"],
    share: float,
    diameter_mm: tuple[float, float],
    rng: Generator,
) -> Filling:
    """Balls of a log-normal diameter (median, standard deviation of its logarithm) that take that share of `lung`.

    chance: that one has its middle in a voxel, to any scale. Where they meet they flow together.
    """
    voxels = np.argwhere(lung & (chance > 0))
    weight = np.cumsum(chance[tuple(voxels.T)], dtype=float)
    wished = share * float(np.count_nonzero(lung))
    total = np.zeros(lung.shape, np.float32)
    ball_mm3 = np.pi / 6 * diameter_mm[0] ** 3 * np.exp(4.5 * diameter_mm[1] ** 2)
    for _ in range(ROUNDS):
        missing = wished - float(total.sum(dtype=float))
        if missing < 0.01 * wished:
            break
        count = int(np.clip(0.9 * missing * grid.voxel_mm3 / ball_mm3, 1, MOST))
        picked = voxels[np.searchsorted(weight, rng.random(count) * weight[-1])]
        middle = grid.world_mm(picked + rng.uniform(-0.5, 0.5, picked.shape) + [side.start for side in block])
        radius = diameter_mm[0] / 2 * np.exp(diameter_mm[1] * np.clip(rng.standard_normal(count), -2, 2))
        _add(total, block, _balls(grid, middle, radius), lung)
    return block, total


def _balls(grid: Grid, middle_mm: Float[ndarray, "n 3"], radius_mm: Float[ndarray, " n"]) -> Filling:
    return strokes(grid, middle_mm, middle_mm, np.repeat(radius_mm[:, None], 2, axis=1))


def _add(total: Float32[ndarray, "a b c"], block: Block, balls: Filling, lung: Bool[ndarray, "a b c"]) -> None:
    """Into `total`, where there is lung."""
    there, filled = balls
    low = [max(a.start, b.start) for a, b in zip(block, there, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(block, there, strict=True)]
    ours = tuple(slice(a - s.start, b - s.start) for a, b, s in zip(low, high, block, strict=True))
    theirs = tuple(slice(a - s.start, b - s.start) for a, b, s in zip(low, high, there, strict=True))
    total[ours] = np.where(lung[ours], np.maximum(total[ours], filled[theirs]), total[ours])
