"""Waves of contraction along middle lines: the lumen narrows, its wall and what lies around follow, and exactly back.

A point whose nearest place on the lines is c, at distance p in direction h, stays on its ray from c. With a(c, h) the
lumen along that ray, a' = a (1 - depth w) f that of now, and b(c, h) > a' where the wave ends:

    p < a        p'^2 = p^2 a'^2 / a^2                              what is in the lumen goes along it, up or down
    a < p < b    p'^2 = b^2 - (b^2 - p^2) (b^2 - a'^2) / (b^2 - a^2)

c stays the nearest place, as the ball of radius b in direction h that touches the line at c meets it nowhere else: so
nothing folds, and the way back is as simple. w = ((1 + cos 2 pi (waves - rate t)) / 2)^SHARP, with the waves counted
along each line; f widens the lumen between the rings by what they squeeze out, so that over a wave its volume stays.
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

from phantoms.peristalsis.reach import HEADINGS, around
from simdata.grid import Block, Grid
from simdata.motion import Motion, Points
from simdata.motion_block import over_block

SHARP = 3
"""A ring of contraction is half as deep at a sixth of a wavelength from its middle."""
MEAN, SQUARE = 5 / 16, 231 / 1024
"""Of w and w^2 over a wave."""
ROUNDS = 5
"""Of Newton's method for the normal plane."""
COLUMNS = 6
STEPS, ROUGH_STEPS = 0.001, 0.1
"""To which the columns of a packed table are rounded: mm, or a thousandth of a wave; and lumen and ends, mm."""


class Lines(NamedTuple):
    """Of every point of all lines: place (mm), depth (0 to 1), waves from the beginning of its line, waves a period;
    which line it is on; lumen and end of the wave (mm) in each of the directions `headings`."""

    points_mm: Float64[ndarray, "n 3"]
    depth: Float64[ndarray, " n"]
    waves: Float64[ndarray, " n"]
    rate: Float64[ndarray, " n"]
    line: Int[ndarray, " n"]
    lumen_mm: Float64[ndarray, "n h"]
    ends_mm: Float64[ndarray, "n h"]
    headings: Float64[ndarray, "n h 3"]

    def packed(self) -> str:
        """As text: zlib, base 85."""
        fine = np.column_stack([*self.points_mm.T, self.depth, self.waves, self.rate]) / STEPS
        rough = np.column_stack([self.lumen_mm, self.ends_mm]) / ROUGH_STEPS
        whole = np.rint(np.column_stack([fine, self.line, rough]))
        steps = np.diff(whole, axis=0, prepend=0).T.astype(np.int32)
        return base64.b85encode(zlib.compress(steps.tobytes(), 9)).decode()


@lru_cache(maxsize=4)
def lines_of(packed: str) -> tuple[Lines, KDTree]:
    """Unpacked, and where to look for the nearest."""
    whole = np.frombuffer(zlib.decompress(base64.b85decode(packed)), np.int32).reshape(COLUMNS + 1 + 2 * HEADINGS, -1)
    table = np.cumsum(whole, axis=1)
    x, y, z, depth, waves, rate = table[:COLUMNS] * STEPS
    points, line = np.stack([x, y, z], axis=1), table[COLUMNS]
    lumen, ends = np.split(table[COLUMNS + 1 :].T * ROUGH_STEPS, 2, axis=1)
    return Lines(points, depth, waves, rate, line, lumen, ends, around(points, line)), KDTree(points)


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
        centre, (depth, waves, rate, lumen, ends) = _on_line(lines, flat[near], nearest[near])
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


def _on_line(
    lines: Lines, points: Float64[ndarray, "n 3"], nearest: Int[ndarray, " n"]
) -> tuple[Float64[ndarray, "n 3"], Float64[ndarray, "5 n"]]:
    """The place of a line in whose normal plane a point lies, and what is told there: depth, waves and rate, lumen and
    end towards the point."""
    first, along = _foot(lines, points, nearest)
    next_to = np.clip(first + np.where(along < 0, -1, np.where(along > 1, 1, 0)), 0, len(lines.line) - 2)
    again = np.flatnonzero((next_to != first) & (lines.line[next_to] == lines.line[next_to + 1]))
    first[again], along[again] = next_to[again], _root(lines, points[again], next_to[again])
    along = np.clip(along, 0, 1)
    centre = lines.points_mm[first] + along[:, None] * (lines.points_mm[first + 1] - lines.points_mm[first])

    table = np.stack([lines.depth, lines.waves, lines.rate])
    turn = _turn(lines.headings[first], points - centre)
    rays = [[_towards(one, at, turn) for at in (first, first + 1)] for one in (lines.lumen_mm, lines.ends_mm)]
    told = [table[:, first] + along * (table[:, first + 1] - table[:, first])]
    return centre, np.concatenate([*told, *([near + along * (far - near)] for near, far in rays)])


def _foot(
    lines: Lines, points: Float64[ndarray, "n 3"], nearest: Int[ndarray, " n"]
) -> tuple[Int[ndarray, " n"], Float64[ndarray, " n"]]:
    """On which side of the nearest point of a line a point lies, as the first point of that piece; and how far along it
    its normal plane is (0 to 1)."""
    ahead = ((points - lines.points_mm[nearest]) * _tangent(lines, nearest)).sum(axis=1) >= 0
    first = np.clip(np.where(ahead, nearest, nearest - 1), 0, len(lines.line) - 2)
    strays = (lines.line[first] != lines.line[nearest]) | (lines.line[first + 1] != lines.line[nearest])
    first = np.clip(np.where(strays, np.where(ahead, nearest - 1, nearest), first), 0, len(lines.line) - 2)
    return first, _root(lines, points, first)


def _root(lines: Lines, points: Float64[ndarray, "n 3"], first: Int[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """s with (x - c(s)) t(s) = 0, where place c and tangent t go linearly from one point of a line to the next: their
    normal planes are one after the other, and a point that moves in its own keeps it."""
    begin, tangent = lines.points_mm[first], _tangent(lines, first)
    way, bend = lines.points_mm[first + 1] - begin, _tangent(lines, first + 1) - tangent
    offset = points - begin
    constant, square = (offset * tangent).sum(axis=1), (way * bend).sum(axis=1)
    linear = (way * tangent).sum(axis=1) - (offset * bend).sum(axis=1)
    found = np.zeros(len(points))
    for _ in range(ROUNDS):
        slope = linear + 2 * square * found
        found -= (linear * found + square * found**2 - constant) / np.where(np.abs(slope) > 1e-9, slope, 1e-9)
        found = np.clip(found, -1, 2)
    return found


def _tangent(lines: Lines, at: Int[ndarray, " n"]) -> Float64[ndarray, "n 3"]:
    return np.cross(lines.headings[at, 0], lines.headings[at, HEADINGS // 4])


def _turn(headings: Float64[ndarray, "n h 3"], ray: Float64[ndarray, "n 3"]) -> Float64[ndarray, " n"]:
    """Which way a ray goes around its line: 0 along the first heading, 1 along the second, and on."""
    quarter = HEADINGS // 4
    x, y = ((headings[:, at] * ray).sum(axis=1) for at in (0, quarter))
    return np.arctan2(y, x) / (2 * np.pi) * HEADINGS % HEADINGS


def _towards(
    rays: Float64[ndarray, "m h"], at: Int[ndarray, " n"], turn: Float64[ndarray, " n"]
) -> Float64[ndarray, " n"]:
    """What is told between two headings."""
    low = np.minimum(turn.astype(int), HEADINGS - 1)
    return rays[at, low] + (turn - low) * (rays[at, (low + 1) % HEADINGS] - rays[at, low])
