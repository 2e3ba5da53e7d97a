"""The pleural space of one side: what settles in it, how far up it reaches, and how it climbs along the wall."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray
from scipy.ndimage import gaussian_filter, label, zoom

from phantoms.filling import Filling
from phantoms.strokes import Block
from simdata.grid import Grid

Posture = Literal["supine", "upright"]
UP: dict[Posture, tuple[float, float, float]] = {"supine": (0.0, 0.985, 0.174), "upright": (0.0, 0.0, 1.0)}
"""Against gravity, RAS: who lies on the back has the shoulders a little higher (10 degrees, assumed)."""
CORNERS = np.ones((3, 3, 3))
ROUNDS, CLOSE = 5, 0.003
COARSE = 0.4
"""Voxels of the lattice on which nearness is reckoned, by the reach."""


@dataclass(frozen=True, eq=False)
class Cavity:
    """block, inside: what the lung of one side takes. height_mm: of every voxel along some direction, less what climbs
    along the wall."""

    block: Block
    inside: Bool[ndarray, "a b c"]
    height_mm: Float32[ndarray, "a b c"]

    def filled_to(self, grid: Grid, volume_mm3: float) -> tuple[Filling, float]:
        """What lies lowest and hangs together, of so much volume, by the share of each voxel; and its level."""
        heights = np.sort(self.height_mm[self.inside])
        count = volume_mm3 / grid.voxel_mm3
        reach, filled, level = count, np.zeros(self.inside.shape, np.float32), 0.0
        for _ in range(ROUNDS):
            level = float(heights[min(int(reach), len(heights) - 1)])
            filled = self.below(grid, level)
            kept = _largest(filled > 0.5)
            filled[~kept & (filled > 0.5)] = 0
            missing = count - float(filled.sum(dtype=float))
            if abs(missing) < CLOSE * count:
                break
            reach += missing
        return (self.block, filled), level

    def below(self, grid: Grid, level_mm: float) -> Float32[ndarray, "a b c"]:
        """How far every voxel lies below a level, 0 to 1."""
        share = np.clip(0.5 + (np.float32(level_mm) - self.height_mm) / np.float32(min(grid.spacing_mm)), 0, 1)
        return np.where(self.inside, share, np.float32(0))


def cavity(
    grid: Grid,
    block: Block,
    inside: Bool[ndarray, "a b c"],
    up: tuple[float, float, float],
    climb_mm: float,
    reach_mm: float,
) -> Cavity:
    """The cavity, whose wall is climbed by climb_mm, less and less until reach_mm away from it."""
    slope = (np.array(up) @ grid.affine[:3, :3]).astype(np.float32)
    first = [side.start for side in block]
    i, j, k = (
        (np.arange(n) + a).astype(np.float32) * s for n, a, s in zip(inside.shape, first, slope.tolist(), strict=True)
    )
    height = i[:, None, None] + j[:, None] + k
    return Cavity(block, inside, height - np.float32(climb_mm) * wall(inside, grid, reach_mm))


def wall(inside: Bool[ndarray, "a b c"], grid: Grid, reach_mm: float) -> Float32[ndarray, "a b c"]:
    """How near the wall is: 1 at a flat one, 0 where nothing but the cavity lies within reach."""
    steps = [max(1, int(COARSE * reach_mm / mm)) for mm in grid.spacing_mm]
    padded = np.pad(inside, [(s, 2 * s) for s in steps])
    small = padded[tuple(slice(None, None, s) for s in steps)].astype(np.float32)
    sigma = [reach_mm / 2 / mm / s for mm, s in zip(grid.spacing_mm, steps, strict=True)]
    beyond = 2 * (1 - gaussian_filter(small, sigma, mode="nearest"))
    factors = [((n - 1) * s + 1) / n for n, s in zip(small.shape, steps, strict=True)]
    fine = zoom(beyond, factors, order=1)
    here = tuple(slice(s, s + n) for s, n in zip(steps, inside.shape, strict=True))
    return np.minimum(np.asarray(fine)[here], 1)


def _largest(mask: Bool[ndarray, "a b c"]) -> Bool[ndarray, "a b c"]:
    numbers = np.zeros(mask.shape, np.int32)
    label(mask, CORNERS, output=numbers)
    many = np.bincount(numbers.ravel())
    many[0] = 0
    return numbers == many.argmax() if many.any() else mask
