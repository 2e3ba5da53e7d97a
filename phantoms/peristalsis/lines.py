"""Middle lines as a motion keeps them: what is told at each point and in each direction, and where a foot lies."""

import base64
import zlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int
from numpy import ndarray
from scipy.spatial import KDTree

from phantoms.peristalsis.reach import HEADINGS, around

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


def on_line(
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
