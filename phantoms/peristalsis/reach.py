"""How far around a middle line its wave may reach in each direction: up to another piece of it, bone, or the skin."""

import numpy as np
from jaxtyping import Bool, Float64, Int
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from simdata.grid import Grid

HEADINGS = 12
"""Directions around a line, evenly."""
KEPT = 0.8
"""Of the radius of the ball."""
NEAR_MM, AT_ONCE, EVERY, MOST_MM, TINY = 4.0, 256, 2, 80.0, np.float32(1e-6)
"""Points of the same line nearer than the first tell nothing but how they were rounded; every second one is asked."""
FILTER, SMOOTH = (9, 3), (2.0, 0.5)
"""Points and directions over which the least is taken, and the standard deviations over which that is smoothed, within
them."""
STEP_MM = 1.0


def around(points_mm: Float64[ndarray, "n 3"], line: Int[ndarray, " n"]) -> Float64[ndarray, "n h 3"]:
    """HEADINGS unit vectors across each line at each point, which turn about it as little as they can."""
    turns = 2 * np.pi / HEADINGS * np.arange(HEADINGS)
    headings = np.empty((len(points_mm), HEADINGS, 3))
    tangents = np.concatenate([_tangents(points_mm[line == one]) for one in np.unique(line)])
    first = np.zeros(3)
    for n, tangent in enumerate(tangents):
        if n == 0 or line[n] != line[n - 1]:
            first = np.eye(3)[np.abs(tangent).argmin()]
        first = first - (first @ tangent) * tangent
        first = first / np.linalg.norm(first)
        second = np.cross(tangent, first)
        headings[n] = np.cos(turns)[:, None] * first + np.sin(turns)[:, None] * second
    return headings


def reach_mm(
    points_mm: Float64[ndarray, "n 3"], line: Int[ndarray, " n"], headings: Float64[ndarray, "n h 3"]
) -> Float64[ndarray, "n h"]:
    """Radius of the largest ball that touches the line at a point c, lies in direction h of it, and holds no other
    point p: min of |p - c|^2 / 2 (p - c) h, at most 80 mm; KEPT of it.

    The least over h is the global radius of curvature of Gonzalez and Maddocks 1999, PNAS 96:4769.
    """
    least = np.empty(headings.shape[:2])
    points, ahead = points_mm.astype(np.float32), headings.astype(np.float32)
    others, theirs = points[::EVERY], line[::EVERY]
    for start in range(0, len(points), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        way = others[None] - points[some, None]
        squared = (way**2).sum(axis=-1)
        same = (theirs[None] == line[some, None]) & (squared < NEAR_MM**2)
        squared[same] = np.inf
        for heading in range(headings.shape[1]):
            towards = np.maximum(2 * (way * ahead[some, None, heading]).sum(axis=-1), TINY)
            least[some, heading] = np.minimum((squared / towards).min(axis=1), MOST_MM)
    return KEPT * even(least, line)


def until_mm(
    points_mm: Float64[ndarray, "n 3"],
    headings: Float64[ndarray, "n h 3"],
    stops: Bool[ndarray, "x y z"],
    grid: Grid,
    most_mm: float,
) -> Float64[ndarray, "n h"]:
    """How far it is from each point to the first voxel in each direction that stops, or to the rim of the grid."""
    found = np.full(headings.shape[:2], most_mm)
    going = np.ones(headings.shape[:2], bool)
    for mm in np.arange(0.0, most_mm, STEP_MM):
        index = np.rint(grid.index(points_mm[:, None] + mm * headings)).astype(int)
        beyond = ((index < 0) | (index >= grid.shape)).any(axis=-1)
        i, j, k = np.moveaxis(np.clip(index, 0, np.array(grid.shape) - 1), -1, 0)
        ends = going & (beyond | stops[i, j, k])
        found[ends] = mm
        going &= ~ends
    return found


def smooth(table: Float64[ndarray, "n h"], line: Int[ndarray, " n"]) -> Float64[ndarray, "n h"]:
    """A table of rays, evened out along each line and around it."""
    lines = []
    for one in np.unique(line):
        along = gaussian_filter1d(table[line == one], SMOOTH[0], axis=0, mode="nearest", truncate=2.0)
        lines.append(gaussian_filter1d(along, SMOOTH[1], axis=1, mode="wrap", truncate=2.0))
    return np.concatenate(lines)


def even(table: Float64[ndarray, "n h"], line: Int[ndarray, " n"]) -> Float64[ndarray, "n h"]:
    """The least of neighbouring points and directions, smoothly; never more than the table."""
    narrow = [minimum_filter1d(table[line == one], FILTER[0], axis=0, mode="nearest") for one in np.unique(line)]
    return smooth(minimum_filter1d(np.concatenate(narrow), FILTER[1], axis=1, mode="wrap"), line)


def _tangents(points: Float64[ndarray, "n 3"]) -> Float64[ndarray, "n 3"]:
    way = np.gradient(points, axis=0)
    return way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
