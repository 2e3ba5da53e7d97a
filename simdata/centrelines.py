"""Centrelines of vessels at another spacing, and smoother; junctions, ends and links stay where they are."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, Int
from numpy import ndarray

from simdata.errors import SceneError
from simdata.vessels import PER_LINK, PER_POINT, ROOT, Vessels

ALONG = ("points_mm", "pressure_mmhg", "oxygen_mmhg")
"""What runs from point to point, so that a branch begins with its parent's value; the rest belongs to the segment."""


def resample(vessels: Vessels, step_mm: float) -> Vessels:
    """The same branches with points every `step_mm` or a little off it, so that each branch has equal steps.

    Positions, radii, pressure and oxygen linearly, flow and haematocrit of the segment; the roots come first.
    """
    if not step_mm > 0:
        raise SceneError(f"resample: found a step of {step_mm} mm; a positive one would do")
    n, roots = len(vessels), vessels.roots
    along = np.lexsort((vessels.depth, vessels.branch))
    along = along[vessels.parent[along] != ROOT]
    if not along.size:
        return vessels
    first = np.flatnonzero(np.diff(vessels.branch[along], prepend=-1))
    last = np.append(first[1:], len(along)) - 1

    # one axis for all branches: each begins with a knot at its parent, one knot for each point follows
    knots = np.insert(along, first, vessels.parent[along[first]])
    begins = first + np.arange(len(first))
    steps = np.insert(vessels.length_mm[along].astype(float), first, 1.0)
    at = np.cumsum(steps)
    length = at[begins + last - first + 1] - at[begins]
    count = np.maximum(1, np.rint(length / step_mm).astype(int))
    branch = np.repeat(np.arange(len(first)), count)
    part = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 1
    wanted = at[begins][branch] + length[branch] * (part / count[branch])
    below = np.clip(np.searchsorted(at, wanted - 1e-9), begins[branch] + 1, None)
    below = np.where(part == count[branch], (begins + last - first + 1)[branch], below)
    share = np.clip((at[below] - wanted) / np.maximum(steps[below], np.finfo(float).tiny), 0, 1).astype(np.float32)

    own = knots.copy()
    own[begins] = along[first]
    columns = {}
    for name in ("points_mm", *PER_POINT):
        values = getattr(vessels, name)
        lower, upper = values[knots[below]], values[(knots if name in ALONG else own)[below - 1]]
        if name in (*ALONG, "radius_mm"):
            weight = share[:, None] if values.ndim == 2 else share
            lower = np.where(weight > 0, lower + weight * (upper - lower), lower)
        columns[name] = np.concatenate([values[roots], lower])

    tails = len(roots) + np.cumsum(count) - 1
    row = np.full(n, ROOT, np.int32)
    row[roots], row[along[last]] = np.arange(len(roots)), tails
    above = np.arange(len(branch)) + len(roots) - 1
    starts = part == 1
    above[starts] = row[vessels.parent[along[first]]]
    columns["parent"] = np.concatenate([np.full(len(roots), ROOT), above]).astype(np.int32)
    columns |= {name: getattr(vessels, name) for name in PER_LINK}
    return Vessels(**columns, links=row[vessels.links])


def subdivide(vessels: Vessels, points: Int[ndarray, " k"], step_mm: float) -> Vessels:
    """The segments of these points in pieces of `step_mm` at most; the points that were keep their rows."""
    if not step_mm > 0:
        raise SceneError(f"subdivide: found a step of {step_mm} mm; a positive one would do")
    points = np.unique(points[vessels.parent[points] != ROOT])
    pieces = np.maximum(1, np.ceil(vessels.length_mm[points] / step_mm)).astype(int)
    lower = np.repeat(points, pieces - 1)
    part = np.arange(len(lower)) - np.repeat(np.cumsum(pieces - 1) - (pieces - 1), pieces - 1) + 1
    share = (part / np.repeat(pieces, pieces - 1)).astype(np.float32)
    upper = vessels.parent[lower]

    columns = {}
    for name in ("points_mm", *PER_POINT):
        values = getattr(vessels, name)
        new = values[lower]
        if name in ALONG:
            weight = share[:, None] if values.ndim == 2 else share
            new = values[upper] + weight * (new - values[upper])
        columns[name] = np.concatenate([values, new])
    row = len(vessels) + np.arange(len(lower))
    columns["parent"][row] = np.where(part == 1, upper, row - 1)
    last = np.cumsum(pieces - 1)[pieces > 1] - 1
    columns["parent"][points[pieces > 1]] = row[last]
    return Vessels(**columns, links=vessels.links, **{name: getattr(vessels, name) for name in PER_LINK})


def smooth(vessels: Vessels, length_mm: float) -> Vessels:
    """Centrelines that bend over `length_mm` or more: each point moves to the mean of itself and its neighbours' mean.

    A round spreads a bend by h^2/2, h the mean segment, so 2 (length/h)^2 rounds make a Gaussian of `length_mm`.
    """
    if not length_mm >= 0:
        raise SceneError(f"smooth: found a length of {length_mm} mm; 0 or more would do")
    free = np.flatnonzero(_free(vessels))
    if not free.size:
        return vessels
    child = np.zeros(len(vessels), np.int64)
    child[vessels.parent[vessels.segments]] = vessels.segments
    above, below = vessels.parent[free], child[free]
    step_mm = float(vessels.length_mm[vessels.segments].mean())
    points: Float32[ndarray, "n 3"] = vessels.points_mm.copy()
    for _ in range(int(np.ceil(2 * (length_mm / step_mm) ** 2))):
        points[free] = points[free] / 2 + (points[above] + points[below]) / 4
    return replace(vessels, points_mm=points)


def _free(vessels: Vessels) -> Bool[ndarray, " n"]:
    """Points inside a branch: one parent, one child, no link."""
    linked = np.bincount(vessels.links.ravel(), minlength=len(vessels)) > 0
    return (vessels.parent != ROOT) & (vessels.children == 1) & ~linked
