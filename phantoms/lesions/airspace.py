"""Airspaces that have filled: a patch of a lobe with ragged borders, which ends where the lobe ends."""

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import label

from phantoms.filling import Filling
from phantoms.lesions.shells import smooth_noise
from phantoms.strokes import Block
from simdata.grid import Grid

CORNERS = np.ones((3, 3, 3))
ROUNDS = 4
FINER = 0.4
"""Of waves a quarter as long: borders are ragged."""


def patch(
    grid: Grid,
    block: Block,
    lung: Bool[ndarray, "a b c"],
    share: float,
    favour: Float32[ndarray, "a b c"],
    edge: float,
    least_mm3: float,
) -> tuple[Filling, int]:
    """The part of a lung that is favoured most, in pieces of least_mm3 at least, and how many there are.

    share: of the lung's volume that is filled. edge: difference of favour over which it fades out.
    """
    values = np.sort(favour[lung])
    wished, count = share * len(values), share * len(values)
    filled, pieces = np.zeros(lung.shape, np.float32), 0
    for _ in range(ROUNDS):
        level = float(values[int(np.clip(len(values) - count, 0, len(values) - 1))])
        filled = np.where(lung, np.clip(0.5 + (favour - level) / edge, 0, 1), 0).astype(np.float32)
        filled, pieces = _whole(filled, least_mm3 / grid.voxel_mm3)
        count = float(np.clip(count + wished - float(filled.sum(dtype=float)), 1, len(values)))
    return (block, filled), pieces


def _whole(filled: Float32[ndarray, "a b c"], least: float) -> tuple[Float32[ndarray, "a b c"], int]:
    """Without the pieces that are smaller than `least` voxels, but never without the largest."""
    most = filled > 0.5 * filled.max(initial=0.0)
    numbers = np.zeros(filled.shape, np.int32)
    label(most, CORNERS, output=numbers)
    many = np.bincount(numbers.ravel())
    many[0] = 0
    keep = (many >= least) | (many == many.max(initial=0))
    keep[0] = True
    return np.where(keep[numbers], filled, np.float32(0)), int(np.count_nonzero(keep & (many > 0)))


def favoured(
    grid: Grid, lung: Bool[ndarray, "a b c"], wave_mm: float, spread_mm: float, foci: int, rng: Generator
) -> Float32[ndarray, "a b c"]:
    """Smooth noise, and more of it near one of some places of the lung: there it begins, and spreads by spread_mm."""
    noise = smooth_noise(grid, lung.shape, wave_mm, rng)
    noise += np.float32(FINER) * smooth_noise(grid, lung.shape, wave_mm / 4, rng)
    voxels = np.argwhere(lung)
    starts = voxels[rng.choice(len(voxels), foci)]
    away = np.full(lung.shape, np.inf, np.float32)
    for start in starts:
        away = np.minimum(away, _away_mm(grid, lung.shape, start.astype(float)))
    return noise - (away / np.float32(spread_mm))


def _away_mm(grid: Grid, shape: tuple[int, ...], start: Float[ndarray, " 3"]) -> Float32[ndarray, "a b c"]:
    i, j, k = (
        (((np.arange(n) - s) * mm) ** 2).astype(np.float32)
        for n, s, mm in zip(shape, start, grid.spacing_mm, strict=True)
    )
    return np.sqrt(i[:, None, None] + j[:, None] + k)
