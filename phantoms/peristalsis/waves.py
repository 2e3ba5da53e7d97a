"""Waves of contraction along middle lines: the lumen narrows, its wall and what lies around follow, and exactly back.

A point whose nearest place on the lines is c, at distance p in direction h, stays on its ray from c. With a(c, h) the
lumen along that ray, a' = a (1 - depth w) f that of now, and b(c, h) > a' where the wave ends:

    p < a        p'^2 = p^2 a'^2 / a^2                              what is in the lumen goes along it, up or down
    a < p < b    p'^2 = b^2 - (b^2 - p^2) (b^2 - a'^2) / (b^2 - a^2)

c stays the nearest place, as the ball of radius b in direction h that touches the line at c meets it nowhere else: so
nothing folds, and the way back is as simple. w = ((1 + cos 2 pi (waves - rate t)) / 2)^SHARP, with the waves counted
along each line; f widens the lumen between the rings by what they squeeze out, so that over a wave its volume stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from phantoms.peristalsis.lines import lines_of, on_line
from simdata.grid import Block, Grid
from simdata.motion import Motion, Points
from simdata.motion_block import over_block

SHARP = 3
"""A ring of contraction is half as deep at a sixth of a wavelength from its middle."""
MEAN, SQUARE = 5 / 16, 231 / 1024
"""Of w and w^2 over a wave."""


@dataclass(frozen=True)
class Waves(Motion):
    """lines: packed `Lines`; every line has waves a whole number of times in `period_s`."""

    lines: str
    lasting_s: float

    @property
    def period_s(self) -> float:
        return self.lasting_s

    def state(self, t_s: float) -> Mapping[str, float]:
        return {"peristalsis_share": t_s / self.lasting_s % 1}

    def block(self, grid: Grid) -> Block:
        lines, _ = lines_of(self.lines)
        ends = lines.ends_mm.max(axis=1, keepdims=True)
        reach = np.stack([lines.points_mm - ends, lines.points_mm + ends])
        low, high = reach.min(axis=(0, 1)), reach.max(axis=(0, 1))
        index = grid.index(np.array([low, high])[np.indices((2, 2, 2)).reshape(3, -1).T, np.arange(3)])
        first = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape).tolist()
        last = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, grid.shape).tolist()
        x, y, z = (slice(a, b) for a, b in zip(first, last, strict=True))
        return x, y, z

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return over_block(grid, self.block(grid), lambda points_mm: self.rest_mm(points_mm, grid, t_s))

    def forward(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return over_block(grid, self.block(grid), lambda points_mm: self.moved_mm(points_mm, grid, t_s))

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self._kneaded(points_mm, t_s, True)

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self._kneaded(points_mm, t_s, False)

    def _kneaded(self, points_mm: Points, t_s: float, back: bool) -> Points:
        lines, tree = lines_of(self.lines)
        flat = np.asarray(points_mm, np.float64).reshape(-1, 3)
        found = tree.query(flat, distance_upper_bound=float(lines.ends_mm.max()) + 1, workers=2)
        distance, nearest = (np.asarray(part) for part in found)
        near = np.flatnonzero(np.isfinite(distance))
        centre, (depth, waves, rate, lumen, ends) = on_line(lines, flat[near], nearest[near])
        ray = flat[near] - centre
        squared = (ray**2).sum(axis=1)
        share = ((1 + np.cos(2 * np.pi * (waves - rate * t_s / self.lasting_s))) / 2) ** SHARP
        a, b = lumen**2, ends**2
        now = a * (1 - depth * share) ** 2 / (1 - 2 * MEAN * depth + SQUARE * depth**2)
        inner, outer = now / a, (b - now) / (b - a)
        if back:
            went = np.where(squared < now, squared / inner, b - (b - squared) / outer)
        else:
            went = np.where(squared < a, squared * inner, b - (b - squared) * outer)
        scale = np.where((squared < b) & (squared > 0), np.sqrt(np.maximum(went, 0) / np.maximum(squared, 1e-12)), 1.0)
        moved = flat.copy()
        moved[near] = centre + ray * scale[:, None]
        return moved.reshape(np.shape(points_mm))
