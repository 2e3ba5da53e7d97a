"""Waves of contraction along middle lines: the lumen narrows, its wall and what lies around follow, and exactly back.

A point whose nearest place on the lines is c, at distance p, stays on its ray from c. With a the radius of the lumen,
a' = a (1 - depth w) that of now, and b > a where the wave ends:

    p < a        p'^2 = p^2 a'^2 / a^2                              what is in the lumen goes along it, up or down
    a < p < b    p'^2 = b^2 - (b^2 - p^2) (b^2 - a'^2) / (b^2 - a^2)

c stays the nearest place, as b is less than the radius of any ball that touches the line at c and meets it elsewhere
(the global radius of curvature: Gonzalez and Maddocks 1999, PNAS 96:4769): so nothing folds, and the way back is as
simple. w = ((1 + cos 2 pi (waves - rate t)) / 2)^SHARP, with the waves counted along each line.
"""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64, Int
from numpy import ndarray
from scipy.spatial import KDTree

from simdata.grid import Block, Grid
from simdata.motion import Motion, Points
from simdata.motion_block import over_block

SHARP = 3
"""A ring of contraction is half as deep at a sixth of a wavelength from its middle."""
COLUMNS = 8
STEPS = 0.001
"""To which the columns of a packed table are rounded: mm, or a thousandth of a wave."""


class Lines(NamedTuple):
    """Of every point of all lines: place (mm), lumen and end of the wave (mm), depth (0 to 1), waves from the beginning
    of its line, waves a period; and which line it is on."""

    points_mm: Float64[ndarray, "n 3"]
    lumen_mm: Float64[ndarray, " n"]
    ends_mm: Float64[ndarray, " n"]
    depth: Float64[ndarray, " n"]
    waves: Float64[ndarray, " n"]
    rate: Float64[ndarray, " n"]
    line: Int[ndarray, " n"]

    def packed(self) -> str:
        """As text: zlib, base 85."""
        table = np.column_stack([*self.points_mm.T, *self[1:6]])
        whole = np.rint(np.diff(np.rint(table / STEPS), axis=0, prepend=0)).astype(np.int32)
        whole = np.column_stack([whole, np.diff(self.line, prepend=0)]).T.astype(np.int32)
        return base64.b85encode(zlib.compress(whole.tobytes(), 9)).decode()


@lru_cache(maxsize=4)
def lines_of(packed: str) -> tuple[Lines, KDTree]:
    """Unpacked, and where to look for the nearest."""
    whole = np.frombuffer(zlib.decompress(base64.b85decode(packed)), np.int32).reshape(COLUMNS + 1, -1)
    table = np.cumsum(whole, axis=1)
    x, y, z, lumen, ends, depth, waves, rate = table[:COLUMNS] * STEPS
    lines = Lines(np.stack([x, y, z], axis=1), lumen, ends, depth, waves, rate, table[COLUMNS])
    return lines, KDTree(lines.points_mm)


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
        reach = np.stack([lines.points_mm - lines.ends_mm[:, None], lines.points_mm + lines.ends_mm[:, None]])
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
        centre, (lumen, ends, depth, waves, rate) = _on_line(lines, flat[near], nearest[near])
        ray = flat[near] - centre
        squared = (ray**2).sum(axis=1)
        share = ((1 + np.cos(2 * np.pi * (waves - rate * t_s / self.lasting_s))) / 2) ** SHARP
        a, b = lumen**2, ends**2
        now = a * (1 - depth * share) ** 2
        inner, outer = now / a, (b - now) / (b - a)
        if back:
            went = np.where(squared < now, squared / inner, b - (b - squared) / outer)
        else:
            went = np.where(squared < a, squared * inner, b - (b - squared) * outer)
        scale = np.where((squared < b) & (squared > 0), np.sqrt(np.maximum(went, 0) / np.maximum(squared, 1e-12)), 1.0)
        moved = flat.copy()
        moved[near] = centre + ray * scale[:, None]
        return moved.reshape(np.shape(points_mm))


def _on_line(
    lines: Lines, points: Float64[ndarray, "n 3"], nearest: Int[ndarray, " n"]
) -> tuple[Float64[ndarray, "n 3"], Float64[ndarray, "5 n"]]:
    """The nearest place of a line, on either of the pieces that meet in its nearest point, and what is told there."""
    table = np.stack(lines[1:6])
    best = np.full(len(points), np.inf)
    centre, told = np.empty_like(points), np.empty((len(table), len(points)))
    for step in (-1, 1):
        other = np.clip(nearest + step, 0, len(lines.line) - 1)
        other = np.where(lines.line[other] == lines.line[nearest], other, nearest)
        begin, way = lines.points_mm[nearest], lines.points_mm[other] - lines.points_mm[nearest]
        along = ((points - begin) * way).sum(axis=1) / np.maximum((way**2).sum(axis=1), 1e-12)
        along = np.clip(along, 0, 1)
        here = begin + along[:, None] * way
        distance = ((points - here) ** 2).sum(axis=1)
        better = distance < best
        best[better], centre[better] = distance[better], here[better]
        told[:, better] = (table[:, nearest] + along * (table[:, other] - table[:, nearest]))[:, better]
    return centre, told
