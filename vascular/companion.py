"""A vessel that goes with another: pulmonary arteries along the bronchi, to the same places and as often forked.

The companion lies off the plane of every fork, so that it passes over the fork and no branch crosses its leader's;
between two forks it turns about its leader from one side to the next. Supernumerary branches leave it between forks,
away from the bronchus: more than there are forks, and thin (Elliott and Reid 1965, Clin Radiol 16:193).
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.random import Generator

from simdata import Vessels
from simdata.vessels import ROOT

GAP = 1.12
"""Middle lines lie so many times the sum of both radii apart."""
PIECES = 3
STEEP = 0.35
SUPERNUMERARY_RADII = (7.0, 14.0)


def rerooted(vessels: Vessels, root: int) -> Vessels:
    """The same tree hung up at another point; the old root, and what leads to nothing but it, is left out."""
    parent, radius, at, above, wide = (
        vessels.parent.copy(),
        vessels.radius_mm.copy(),
        root,
        ROOT,
        vessels.radius_mm[root],
    )
    while at != ROOT:
        following, parent[at] = parent[at], above
        wide, radius[at] = radius[at], wide
        above, at = at, following
    made = replace(vessels, parent=parent, radius_mm=radius)
    keep = np.ones(len(made), bool)
    at = above
    while at != root and made.children[at] <= int(at != above):
        keep[at] = False
        at = int(made.parent[at])
    return made.take(keep)


def companion(
    leader: Vessels, radius_mm: Float[ndarray, " n"], side: Float[ndarray, " 3"]
) -> tuple[ndarray, ndarray, ndarray]:
    """Points, parents and the row of the leader that each goes with, of a tree beside one tree, the root first.

    radius_mm: of the companion beside every point of its leader. side: direction from the leader's root to it.
    """
    off = _sides(leader, side)
    up = leader.above
    apart = GAP * (leader.radius_mm + radius_mm)
    own = np.argsort(leader.depth, kind="stable")
    own = own[leader.parent[own] != ROOT]
    a, b = leader.points_mm[up[own]].astype(float), leader.points_mm[own].astype(float)
    first, last = off[up[own]], off[own]
    points = [(leader.points_mm + apart[:, None] * off)[leader.roots[:1]]]
    for piece in range(1, PIECES + 1):
        t = piece / PIECES
        turned = (1 - _late(t)) * first + _late(t) * last
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        points.append(a + t * (b - a) + apart[own, None] * turned)
    count = len(own)
    row = np.full(len(leader), 0)
    row[own] = 1 + (PIECES - 1) * count + np.arange(count)
    parent = [np.array([ROOT]), row[up[own]]]
    parent += [1 + (piece - 1) * count + np.arange(count) for piece in range(1, PIECES)]
    return np.concatenate(points), np.concatenate(parent), np.concatenate([leader.roots[:1], *[own] * PIECES])


def supernumerary(
    points: Float[ndarray, "n 3"],
    parent: Int[ndarray, " n"],
    of: Int[ndarray, " n"],
    leader: Vessels,
    radius_mm: Float[ndarray, " n"],
    share: float,
    rng: Generator,
) -> tuple[Float[ndarray, "s 3"], Int[ndarray, " s"]]:
    """Ends of twigs that leave a companion between forks, and the points they leave from; `share` of all segments."""
    between = np.flatnonzero(np.bincount(parent[parent >= 0], minlength=len(parent)) == 1)
    between = between[(parent[between] != ROOT) & (rng.random(len(between)) < share / (PIECES - 1))]
    ahead = points[between] - points[parent[between]]
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    up = leader.above[of[between]]
    a, b = leader.points_mm[up].astype(float), leader.points_mm[of[between]].astype(float)
    way = b - a
    t = np.clip(((points[between] - a) * way).sum(1) / np.maximum((way**2).sum(1), 1e-9), 0, 1)
    away = points[between] - a - t[:, None] * way
    away = away - (away * ahead).sum(1, keepdims=True) * ahead + 0.2 * rng.standard_normal(away.shape)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    length = radius_mm[of[between]] + radius_mm.min() * rng.uniform(*SUPERNUMERARY_RADII, len(between))
    return points[between] + length[:, None] * (away + STEEP * ahead), between


def _late(t: float) -> float:
    """How far a companion has turned: not before its leader has left the fork."""
    return max(0.0, 1.5 * t - 0.5)


def _sides(leader: Vessels, side: Float[ndarray, " 3"]) -> Float[ndarray, "n 3"]:
    """From every point of a leader to its companion: off the plane of the fork, on the side where it was before."""
    points = leader.points_mm.astype(float)
    up = leader.above
    way = points - points[up]
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    first, second = np.full(len(leader), ROOT), np.full(len(leader), ROOT)
    for i in leader.segments[np.argsort(leader.radius_mm[leader.segments], kind="stable")]:
        p = leader.parent[i]
        first[p], second[p] = i, first[p]
    normal = np.where((second >= 0)[:, None], np.cross(way[first], way[second]), 0.0)
    off = np.zeros_like(points)
    for depth, level in enumerate(leader.levels):
        before = off[up[level]] if depth else np.broadcast_to(side, (len(level), 3))
        along = np.where((first[level] >= 0)[:, None], way[level] + way[first[level]], way[level])
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
        carried = before - (before * along).sum(1, keepdims=True) * along
        here = normal[level] * np.sign((normal[level] * before).sum(1, keepdims=True))
        found = np.where(np.linalg.norm(here, axis=1, keepdims=True) > 0.1, here, carried)
        off[level] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return off
