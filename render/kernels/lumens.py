"""Straight tubes on a detector, at its own resolution: what each element sees of each, however thin they are.

In the plane at a distance d from the axis of a tube of radius r and length L lies a rectangle, L by 2 w with
w = sqrt(r^2 - d^2). Rays that meet the axis at an angle theta see it as a trapezoid: L sin(theta) and
2 w |cos(theta)| are folded, and the way is at most min(2 w / sin(theta), L / |cos(theta)|).
One thread owns one tube.
"""

from math import ceil, floor, sqrt

import numpy as np
from numba import njit, prange

THINNEST = 0.25
"""A radius below so many elements is taken for this, with the blood that it has."""

MOST_POINTS = 8
"""Points along each side of an element, at most, at which the way is found."""


@njit(inline="always")
def way(along, aside, half, radius, sine, cosine):
    """Through a tube whose axis has a length of 2 `half`, of a ray so far along and aside of its middle."""
    if aside * aside >= radius * radius:
        return 0.0
    wide = sqrt(radius * radius - aside * aside)
    a, b = half * sine, wide * cosine
    longest = 2 * min(wide / max(sine, 1e-9), half / max(cosine, 1e-9))
    beyond = abs(along) - abs(a - b)
    if beyond <= 0:
        return longest
    short = 2 * min(a, b)
    return longest * max(0.0, 1 - beyond / short) if short > 0 else 0.0


@njit(inline="always")
def box(tube):
    """First and last column and row that a tube can reach, on the detector or beyond it."""
    u, v, e_u, e_v, half, radius, sine, cosine, size, before, after = tube[:11]
    askew = max(abs(before), abs(after)) * radius
    reach, aside = (half * sine + radius * cosine + askew) / size, radius / size
    du, dv = abs(e_u) * reach + abs(e_v) * aside, abs(e_v) * reach + abs(e_u) * aside
    return floor(u - du), ceil(u + du), floor(v - dv), ceil(v + dv)


@njit(inline="always")
def mean_way(tube, column, row):
    """Over one element: at points on a square."""
    u, v, e_u, e_v, half, radius, sine, cosine, size, before, after = tube[:11]
    points = min(MOST_POINTS, 1 + ceil(2 * size / min(radius, max(half * sine, radius / 8))))
    total = 0.0
    for i in range(points):
        for j in range(points):
            x = (column + (i + 0.5) / points - 0.5 - u) * size
            y = (row + (j + 0.5) / points - 0.5 - v) * size
            along, aside = x * e_u + y * e_v, y * e_u - x * e_v
            longer = (after - before) / 2 * aside / sine if sine > 0 else 0.0
            total += way(along - (before + after) / 2 * aside, aside, max(half + longer, 0.0), radius, sine, cosine)
    return total / (points * points)


@njit(parallel=True, cache=True, error_model="numpy")
def measure(tubes, columns, rows, count, scale):
    """How many elements of the detector see each tube, and what its ways are to be multiplied by to hold its volume.

    tubes: (n, 12) middle (column, row), direction of the axis on the detector, half its length, radius, sine and cosine
    to the rays, size of an element there, how much farther along its first and its last end lie by mm aside, volume.
    """
    for n in prange(len(tubes)):
        left, right, bottom, top = box(tubes[n])
        seen, total = 0, 0.0
        for column in range(left, right + 1):
            for row in range(bottom, top + 1):
                here = mean_way(tubes[n], column, row)
                total += here
                if here > 0 and 0 <= column < columns and 0 <= row < rows:
                    seen += 1
        count[n] = seen
        scale[n] = tubes[n, 11] / (total * tubes[n, 8] ** 2) if total > 0 else 0.0


@njit(parallel=True, cache=True, error_model="numpy")
def fill(tubes, columns, rows, first, scale, element, path):
    """Into element and path, from first[n] on: the elements that see tube n, and mm of way."""
    for n in prange(len(tubes)):
        left, right, bottom, top = box(tubes[n])
        at = first[n]
        for column in range(max(left, 0), min(right, columns - 1) + 1):
            for row in range(max(bottom, 0), min(top, rows - 1) + 1):
                here = mean_way(tubes[n], column, row)
                if here > 0:
                    element[at] = column * rows + row
                    path[at] = np.float32(here * scale[n])
                    at += 1
