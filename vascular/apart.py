"""Vessels that leave each other room: where two trees run into each other, and how their centrelines give way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType
from warnings import warn

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray

from simdata import Grid, Vessels
from simdata.vessels import NO_HEIR, ROOT
from vascular.murray import Murray
from vascular.straight import segments_apart2

ROOM = 1.3
"""Trees that have yet to grow keep so many times the sum of their radii apart: some get thicker than expected."""
PATIENCE, BETTER, STEP, OVERSHOOT, DRAG = 5, 0.98, 0.6, 1.04, 0.5
"""DRAG: what is pushed draws the next points of its vessel along by this share, so that it bends over a length."""
FLOOR, TWIG, BASE = 0.7, 0.5, 0.35
"""No vessel gives way by more than to FLOOR of its calibre: once to trees that were there before it, a trunk once more
to share what room there is. One of less than TWIG of the radius of another takes no room from it; what carries more
than BASE of a tree's ends is its trunk, and stays."""
CELL_SEGMENTS = 2.0
LEAST = 0.3
"""The far end of a segment that is pushed moves by at least this share, and so the segment more than it turns."""
TINY, TOUCHING = 1e-9, 1e-6
NOBODY: Mapping[str, Vessels] = MappingProxyType({})
NOWHERE: Mapping[str, Bool[ndarray, "x y z"]] = MappingProxyType({})


def meetings(first: Vessels, second: Vessels, spare: float = 1.0) -> Int[ndarray, "k 2"]:
    """Every pair of segments, one of each tree, nearer to each other than `spare` times the sum of their radii.

    Rows of the points that bound them with their parents.
    """
    if not len(first.segments) or not len(second.segments):
        return np.zeros((0, 2), int)
    (a, b, a_mm), (c, d, c_mm) = (
        [column[vessels.segments] for column in _capsules(vessels)] for vessels in (first, second)
    )
    found = _meetings(a, b, a_mm, c, d, c_mm, spare)
    return np.stack([first.segments[found[:, 0]], second.segments[found[:, 1]]], axis=-1)


def overlaps(parts: Iterable[Vessels]) -> int:
    """How many pairs of segments of different trees overlap."""
    return sum(len(meetings(a, b)) for a, b in combinations(parts, 2))


def with_room(
    starts: Mapping[str, Vessels],
    free: Bool[ndarray, "x y z"],
    grid: Grid,
    *,
    held: Mapping[str, Vessels] = NOBODY,
    home: Mapping[str, Bool[ndarray, "x y z"]] = NOWHERE,
    fed: Bool[ndarray, "x y z"] | None = None,
) -> dict[str, Vessels]:
    """Trees that still have to grow, so far apart that they do not overlap with the radii to expect.

    What finds no room beside what is held and those named before it is left out. home, fed: see `apart`.
    """
    wanted = {name: expected(start) for name, start in starts.items()}
    made = apart(wanted, free, grid, held=held, home=home, fed=fed, room=ROOM)
    return _yielded({name: yielding(start, list(held.values())) for name, start in made.items()})


def apart(
    parts: Mapping[str, Vessels],
    free: Bool[ndarray, "x y z"],
    grid: Grid,
    *,
    held: Mapping[str, Vessels] = NOBODY,
    home: Mapping[str, Bool[ndarray, "x y z"]] = NOWHERE,
    fed: Bool[ndarray, "x y z"] | None = None,
    room: float = 1.0,
) -> dict[str, Vessels]:
    """The trees with points moved aside until all lie `room` times the sum of their radii apart, as far as they can.

    No point goes to a voxel that is not free, no end to one that is not fed (all that is free, unless it is given), and
    no root leaves the home of its tree: the large vessel that it begins in. Without one it stays where it is, as do the
    vessels that are held.
    """
    made, size = {**held, **parts}, np.array(free.shape) - 1
    fed = free if fed is None else fed
    fewest, since = np.inf, 0
    while since < PATIENCE:
        found, step = 0, {name: np.zeros((len(part), 4)) for name, part in made.items()}
        for a, b in combinations(made, 2):
            if a in parts or b in parts:
                pairs = meetings(made[a], made[b], room)
                found += len(pairs)
                _push(made[a], made[b], pairs, OVERSHOOT * room, step[a], step[b])
        fewest, since = min(found, fewest), 0 if found < BETTER * fewest else since + 1
        if not found:
            break
        for name in parts:
            part, moved = made[name], step[name]
            new = part.points_mm + STEP * _dragged(part, moved)
            voxel = np.rint(grid.index(new)).astype(int)
            known = ((voxel >= 0) & (voxel <= size)).all(axis=1)
            at = tuple(np.clip(voxel, 0, size).T)
            begins = home[name][at] if name in home else np.zeros(len(part), bool)
            may = np.where(part.parent == ROOT, begins, np.where(part.children == 0, fed[at], free[at]))
            stays = ~known | ~may
            made[name] = replace(part, points_mm=np.where(stays[:, None], part.points_mm, new).astype(np.float32))
    return {name: made[name] for name in parts}


def parted(beds: Mapping[str, Vessels]) -> dict[str, Vessels]:
    """Trees each of which yields to those before it; what then still meets a trunk of a later one is left out.

    Where two trunks meet, both give way, down to FLOOR of their calibre. Warns where that is not enough: move them.
    """
    made = _yielded(beds)
    for first, second in combinations(beds, 2):
        left = meetings(made[first], made[second])
        if len(left):
            where = made[second].points_mm[left[0, 1]].round().tolist()
            warn(
                f"parted: {first} and {second} overlap in {len(left)} pairs of segments, the first at {where} mm, at "
                f"{FLOOR:g} of the calibre or less; thinner roots, or roots farther apart, would do",
                stacklevel=2,
            )
    return made


def _yielded(beds: Mapping[str, Vessels]) -> dict[str, Vessels]:
    made: dict[str, Vessels] = {}
    for name, tree in beds.items():
        made[name] = yielding(tree, list(made.values()))
    for n, name in enumerate(beds):
        made[name] = cleared(made[name], list(made.values())[n + 1 :])
    for first, second in combinations(beds, 2):
        made[first], made[second] = squeezed(made[first], made[second])
    return made


def squeezed(first: Vessels, second: Vessels) -> tuple[Vessels, Vessels]:
    """Two trees that are narrower where they meet, both by the same share, but by no more than FLOOR."""
    pairs = meetings(first, second)
    meet = first.radius_mm[pairs[:, 0]] + second.radius_mm[pairs[:, 1]]
    share = np.maximum((_gaps_mm(first, second, pairs) - TOUCHING) / meet, FLOOR)
    return _narrowed(first, pairs[:, 0], share), _narrowed(second, pairs[:, 1], share)


def _narrowed(part: Vessels, rows: Int[ndarray, " k"], share: Float[ndarray, " k"]) -> Vessels:
    least = np.ones(len(part))
    np.minimum.at(least, rows, share)
    return replace(part, radius_mm=(part.radius_mm * least).astype(np.float32))


def yielding(part: Vessels, others: Sequence[Vessels]) -> Vessels:
    """A tree that is narrower where others press on it, but by no more than FLOOR, and not for a twig of theirs.

    A branch for which that is not enough is left out, unless it is the wider of the two. A trunk stays.
    """
    radius, least, bad = part.radius_mm.copy(), FLOOR * part.radius_mm, np.zeros(len(part), bool)
    for other in others:
        pairs = meetings(part, other)
        wide, other_mm = part.radius_mm[pairs[:, 0]], other.radius_mm[pairs[:, 1]]
        pressed = other_mm >= TWIG * wide
        room = _gaps_mm(part, other, pairs) - other_mm - TOUCHING
        np.minimum.at(radius, pairs[pressed, 0], room[pressed].astype(np.float32))
        bad[pairs[(room < FLOOR * wide) & (wide <= other_mm), 0]] = True
    return _without(replace(part, radius_mm=np.maximum(radius, least)), bad)


def cleared(part: Vessels, others: Iterable[Vessels]) -> Vessels:
    """A tree without the branches that still run into others, and without what hangs on them.

    What carries more than a third of a tree stays.
    """
    bad = np.zeros(len(part), bool)
    for other in others:
        bad[meetings(part, other)[:, 0]] = True
    return _without(part, bad)


def _without(part: Vessels, bad: Bool[ndarray, " n"]) -> Vessels:
    """A tree without the branches that are bad, but for its trunk, and without what hangs on them."""
    return part.without(bad & (_carries(part) <= BASE))


def expected(start: Vessels) -> Vessels:
    """A tree that has to grow with the radii to expect: those of its roots, shared among its ends by Murray's law."""
    radius = start.radius_mm[start.root] * _carries(start) ** (1 / Murray().exponents[1])
    return replace(start, radius_mm=radius.astype(np.float32))


def _carries(vessels: Vessels) -> Float[ndarray, " n"]:
    """The share of its tree's ends that hangs on each point."""
    ends = np.where(vessels.children == 0, 1.0, 0.0)
    for level in reversed(vessels.levels[1:]):
        np.add.at(ends, vessels.parent[level], ends[level])
    return ends / ends[vessels.root]


def _capsules(vessels: Vessels) -> tuple[Float[ndarray, "n 3"], Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    points = vessels.points_mm.astype(float)
    return points[vessels.above], points, vessels.radius_mm.astype(float)


def _push(first: Vessels, second: Vessels, pairs: Int[ndarray, "k 2"], wanted: float, step, other_step) -> None:
    """Adds to the steps (n, 4: mm and weight) of the ends of all pairs what parts them, half of it on either side."""
    (a, b, a_mm), (c, d, c_mm) = (
        [column[row] for column in _capsules(vessels)] for vessels, row in ((first, pairs[:, 0]), (second, pairs[:, 1]))
    )
    s, t = _nearest(a, b, c, d)
    way = a + s[:, None] * (b - a) - c - t[:, None] * (d - c)
    away = np.linalg.norm(way, axis=1)
    way = np.where((away < TOUCHING)[:, None], np.cross(b - a, d - c), way)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), TINY)
    move = (wanted * (a_mm + c_mm) - away)[:, None] / 2 * way
    for vessels, row, share, where, sign in (
        (first, pairs[:, 0], s, step, 1),
        (second, pairs[:, 1], t, other_step, -1),
    ):
        for node, weight in ((vessels.above[row], 1 - share), (row, share)):
            weight = np.maximum(weight, LEAST)[:, None]
            np.add.at(where, node, np.hstack([sign * weight * move, weight]))


def _dragged(part: Vessels, pushed: Float[ndarray, "n 4"]) -> Float[ndarray, "n 3"]:
    """How far each point moves, mm: by the mean of its pushes, else by DRAG of its neighbours' along the vessel."""
    own = pushed[:, :3] / np.maximum(pushed[:, 3:], 1.0)
    free, drawn = pushed[:, 3] == 0, np.zeros_like(own)
    upper = np.flatnonzero(part.heir != NO_HEIR)
    np.add.at(drawn, upper, DRAG * own[part.heir[upper]])
    np.add.at(drawn, part.heir[upper], DRAG * own[upper])
    return np.where(free[:, None], drawn, own)


def _gaps_mm(first: Vessels, second: Vessels, pairs: Int[ndarray, "k 2"]) -> Float[ndarray, " k"]:
    """How far apart the middle lines of these pairs of segments are, mm."""
    (a, b, _), (c, d, _) = (
        [column[row] for column in _capsules(vessels)] for vessels, row in ((first, pairs[:, 0]), (second, pairs[:, 1]))
    )
    s, t = _nearest(a, b, c, d)
    return np.linalg.norm(a + s[:, None] * (b - a) - c - t[:, None] * (d - c), axis=1)


def _nearest(p, q, r, s) -> tuple[Float[ndarray, " k"], Float[ndarray, " k"]]:
    """Where two segments come nearest, as shares of their lengths. Lumelsky 1985, Inf Process Lett 21:55."""
    u, v, w = q - p, s - r, r - p
    uu, vv, uv, uw, vw = ((x * y).sum(axis=1) for x, y in ((u, u), (v, v), (u, v), (u, w), (v, w)))
    det = uu * vv - uv * uv
    t = np.where(det > TINY * uu * vv, np.clip((uw * vv - vw * uv) / np.maximum(det, TINY**2), 0, 1), 0.0)
    x = np.clip((t * uv - vw) / np.maximum(vv, TINY), 0, 1)
    return np.clip((x * uv + uw) / np.maximum(uu, TINY), 0, 1), x


@njit(cache=True)
def _meetings(a0, a1, a_radius, b0, b1, b_radius, spare):
    """Linked cells over the second tree, each listing the boxes that touch it; the first looks them up."""
    n, widest = len(b1), b_radius.max()
    edge = TINY
    for i in range(n):
        edge += CELL_SEGMENTS * (np.sqrt(((b1[i] - b0[i]) ** 2).sum()) + 2 * b_radius[i]) / n
    low, high = np.empty(3), np.empty(3)
    for axis in range(3):
        low[axis] = min(b0[:, axis].min(), b1[:, axis].min()) - widest
        high[axis] = max(b0[:, axis].max(), b1[:, axis].max()) + widest
    counts = ((high - low) / edge).astype(np.int64) + 1
    while counts[0] * counts[1] * counts[2] > 1 << 22:
        edge *= 1.3
        counts = ((high - low) / edge).astype(np.int64) + 1
    first = np.zeros(counts[0] * counts[1] * counts[2] + 1, np.int64)
    box = np.empty((3, 2), np.int64)
    for i in range(n):
        _box(b0[i], b1[i], b_radius[i], low, edge, counts, box)
        for x in range(box[0, 0], box[0, 1] + 1):
            for y in range(box[1, 0], box[1, 1] + 1):
                for z in range(box[2, 0], box[2, 1] + 1):
                    first[(x * counts[1] + y) * counts[2] + z + 1] += 1
    first = np.cumsum(first)
    at, item = first.copy(), np.empty(first[-1], np.int64)
    for i in range(n):
        _box(b0[i], b1[i], b_radius[i], low, edge, counts, box)
        for x in range(box[0, 0], box[0, 1] + 1):
            for y in range(box[1, 0], box[1, 1] + 1):
                for z in range(box[2, 0], box[2, 1] + 1):
                    cell = (x * counts[1] + y) * counts[2] + z
                    item[at[cell]] = i
                    at[cell] += 1
    seen = np.full(n, -1, np.int64)
    found = [(0, 0)]
    for i in range(len(a1)):
        reach = spare * (a_radius[i] + widest) - widest
        _box(a0[i], a1[i], max(reach, a_radius[i]), low, edge, counts, box)
        for x in range(box[0, 0], box[0, 1] + 1):
            for y in range(box[1, 0], box[1, 1] + 1):
                for z in range(box[2, 0], box[2, 1] + 1):
                    cell = (x * counts[1] + y) * counts[2] + z
                    for k in range(first[cell], first[cell + 1]):
                        j = item[k]
                        if seen[j] == i:
                            continue
                        seen[j] = i
                        near = spare * (a_radius[i] + b_radius[j])
                        if segments_apart2(a0[i], a1[i], b0[j], b1[j]) < near * near:
                            found.append((i, j))
    pairs = np.empty((len(found) - 1, 2), np.int64)
    for k in range(len(pairs)):
        pairs[k, 0], pairs[k, 1] = found[k + 1]
    return pairs


@njit(cache=True)
def _box(a, b, radius, low, edge, counts, box):
    """The first and the last cell along each axis that a capsule's box touches."""
    for axis in range(3):
        box[axis, 0] = min(max(int((min(a[axis], b[axis]) - radius - low[axis]) / edge), 0), counts[axis] - 1)
        box[axis, 1] = min(max(int((max(a[axis], b[axis]) + radius - low[axis]) / edge), 0), counts[axis] - 1)
