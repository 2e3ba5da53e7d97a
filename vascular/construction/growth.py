"""The growth of a tree: one new terminal after another, each where the objective grows least and there is room."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import ndarray

from vascular.construction.cells import ENTRIES, MORE_ENTRIES, NEAREST, edge_mm, enter, filled, neighbours
from vascular.construction.clearance import NOBODY, NOT, bears, meets
from vascular.construction.hydraulics import lift, objective_of, refresh, settle
from vascular.construction.nodes import from_the_root, lay
from vascular.construction.prices import offers
from vascular.construction.roots import planted
from vascular.construction.space import fits, pull, toss
from vascular.straight import distance, put

AWAY = 0.7
"""A new terminal keeps this share of the mean distance between terminals from every segment, at first."""
TOSSES, EASE, HARDEN = 16, 0.9, 1.04
STUCK = 400
"""After so many tosses without one that fits, places are drawn nearer to the tree."""
GIVE_UP = 4000
"""So many tosses without one that fits end the growth."""
DEEPEST = 1 << 16
REFRESH = 0.03
"""Radii are computed anew whenever the tree has grown by this share."""
LONGER, DENSER = 1.4, 3.0
"""With so many times more nodes they are laid in memory from the root on, and cells are made smaller."""


class Desk(NamedTuple):
    """What growth works on. seen, age: (n,) of each node its last query, and its number in the order of growth.

    found, found2, forks, ways, gains, shares: of the segments near a place, see `neighbours` and `offers`.
    path, path_b: the way to the root.
    """

    seen: ndarray
    age: ndarray
    found: ndarray
    found2: ndarray
    forks: ndarray
    ways: ndarray
    gains: ndarray
    shares: ndarray
    path: ndarray
    path_b: ndarray


@njit(cache=True)
def grow(space, others, nodes, n, ends, flows, law, calibre, key, counter, voxel_mm3, spare):
    """Adds terminals with the flows flows[ends:] to the tree of n nodes. Returns (nodes, ends, counter, objective).

    The objective is the sum of sqrt(q R) W over the roots, as it grew by one gain after another. Where a root finds no
    way at all, -1 and that root are returned instead of nodes and ends.

    others = (starts, ends, radii) of vessels to keep clear of. law, calibre: see `hydraulics.split`, `refresh`.
    New vessels keep `spare` times the sum of both radii away from others, for some get thicker later.
    """
    (node, point) = nodes
    settle(nodes, n, law)
    n, ends, counter, shut_in = planted(space, others, nodes, n, ends, flows, key, counter, spare)
    if shut_in >= 0:
        return -1, shut_in, counter, 0.0
    settle(nodes, n, law)
    refresh(nodes, n, law, calibre)
    objective, roots = 0.0, 0
    for i in range(n):
        node[i].clear = node[i].radius
        if node[i].parent < 0:
            objective += objective_of(node, i)
            roots += 1

    desk = _desk(len(node))
    place, volume_mm3 = np.empty(3), len(space.voxels) * voxel_mm3
    _laid(nodes, n, desk)
    cells = filled(space, edge_mm(volume_mm3, n), nodes, _by_age(desk, n), others, ENTRIES * n + MORE_ENTRIES)
    laid, built, refreshed = n, n, 0
    ease, misses, query = 1.0, 0, 0
    while ends < len(flows):
        if n > (1 + REFRESH) * refreshed + 4:
            refresh(nodes, n, law, calibre)
            refreshed = n
        if n >= LONGER * laid:
            _renamed(cells, _laid(nodes, n, desk))
            laid = n
        if n >= DENSER * built:
            edge, entries = edge_mm(volume_mm3, n), ENTRIES * n + MORE_ENTRIES
            cells = filled(space, edge, nodes, _by_age(desk, n), others, entries)
            built = n

        share = toss(space, key, counter, place)
        counter += 1
        query += 1
        stuck = misses >= STUCK
        away = 0.0 if stuck else ease * AWAY * (voxel_mm3 / max(share * ends, 1e-30)) ** (1 / 3)
        count = neighbours(cells, nodes, n - roots, place, away, desk.seen, query, desk.found, desk.found2)
        chosen = -1
        if count > 0:
            if stuck:
                s = desk.found[0]
                pull(point[node[s].parent], point[s], place, 2.0 ** -(1 + misses % 4))
            chosen = _chosen(cells, nodes, others, space, count, place, flows[ends], law, spare, desk)
        if chosen < 0:
            misses += 1
            if count <= 0 and misses % TOSSES == 0:
                ease *= EASE
            if misses > GIVE_UP:
                break
            continue

        objective += desk.gains[chosen]
        s = desk.found[chosen]
        _graft(nodes, n, s, desk.forks[chosen], place, flows[ends], desk.shares[chosen], law, spare)
        desk.age[n], desk.age[n + 1] = n, n + 1
        room = True
        for i in (s, n, n + 1):
            room = room and enter(cells, i, point[node[i].parent], point[i], node[i].radius)
        n, ends = n + 2, ends + 1
        if not room:
            cells = filled(space, cells.edge, nodes, _by_age(desk, n), others, 2 * len(cells.item))
        misses, ease = 0, min(1.0, ease * HARDEN)

    lay(nodes, n, _by_age(desk, n))
    settle(nodes, n, law)
    refresh(nodes, n, law, (calibre[0], 0.0))
    return n, ends, counter, objective


@njit(cache=True)
def _desk(size):
    return Desk(
        np.full(size, -1, np.int64),
        np.arange(size),
        np.empty(NEAREST, np.int64),
        np.empty(NEAREST),
        np.empty((NEAREST, 3)),
        np.empty((NEAREST, 3)),
        np.empty(NEAREST),
        np.empty((NEAREST, 2)),
        np.empty(DEEPEST, np.int64),
        np.empty(DEEPEST),
    )


@njit(cache=True)
def _laid(nodes, n, desk):
    """Lays the nodes in memory from the root on. Returns the new row of each."""
    rows = from_the_root(nodes.node, n)
    age = desk.age[:n].copy()
    for i in range(n):
        desk.age[i], desk.seen[i] = age[rows[i]], -1
    return lay(nodes, n, rows)


@njit(cache=True)
def _by_age(desk, n):
    """The nodes in the order of growth: ages are 0 to n - 1."""
    order = np.empty(n, np.int64)
    for i in range(n):
        order[desk.age[i]] = i
    return order


@njit(cache=True)
def _renamed(cells, now):
    for entry in range(cells.used[0]):
        if cells.item[entry] >= 0:
            cells.item[entry] = now[cells.item[entry]]


@njit(cache=True)
def _chosen(cells, nodes, others, space, count, place, new_flow, law, spare, desk):
    """Which of the segments found a terminal at `place` joins: the cheapest that has room for it, -1 for none."""
    found, gains = desk.found[:count], desk.gains[:count]
    offers(nodes, found, place, new_flow, law, desk.forks[:count], desk.ways[:count], gains, desk.shares[:count])
    for _ in range(count):
        m = np.argmin(gains)
        if gains[m] == np.inf:
            return -1
        s, fork, l_new = found[m], desk.forks[m], desk.ways[m, 2]
        if _has_room(cells, nodes, others, space, s, fork, place, desk.shares[m], spare) and bears(
            cells, nodes, others, s, new_flow, fork, l_new, law, spare, desk.path, desk.path_b
        ):
            return m
        gains[m] = np.inf
    return -1


@njit(cache=True)
def _has_room(cells, nodes, others, space, s, fork, place, shares, spare):
    """Whether the three segments about a new fork stay inside and meet nothing."""
    (node, point) = nodes
    p, wide, given = np.int64(node[s].parent), node[s].radius, node[s].fixed
    near_mm = wide / shares[0]
    new_mm = near_mm * shares[1]
    if not fits(space, fork, place, new_mm) or meets(
        cells, nodes, others, fork, place, new_mm, s, NOBODY, NOBODY, NOT, given, spare, NOBODY
    ):
        return False
    return given or (
        fits(space, point[p], fork, near_mm)
        and fits(space, fork, point[s], wide)
        and not meets(cells, nodes, others, point[p], fork, near_mm, s, p, NOBODY, NOT, node[p].fixed, spare, NOBODY)
        and not meets(cells, nodes, others, fork, point[s], wide, s, s, NOBODY, NOT, NOT, spare, NOBODY)
    )


@njit(cache=True)
def _graft(nodes, n, s, at, place, new_flow, shares, law, spare):
    """A fork on segment s in row n, the new end in row n + 1, and what follows from them up to the root."""
    (node, point) = nodes
    p, fork, end = node[s].parent, n, n + 1
    put(at, point[fork])
    put(place, point[end])
    if node[p].first == s:
        node[p].first = fork
    else:
        node[p].second = fork
    node[fork].parent, node[s].parent, node[end].parent = p, fork, fork
    node[fork].first, node[fork].second, node[end].first, node[end].second = s, end, -1, -1
    node[fork].fixed, node[end].fixed = node[s].fixed, False

    l_far, l_new = distance(at, point[s]), distance(at, place)
    node[s].resistance += l_far - node[s].length
    node[s].volume += l_far - node[s].length
    node[s].length = l_far
    node[end].length = node[end].resistance = node[end].volume = l_new
    node[fork].length = distance(point[p], at)
    node[end].flow = new_flow
    lift(node, fork, law)
    node[fork].radius = node[s].radius / shares[0]
    node[end].radius = node[fork].radius * shares[1]
    for i in (fork, end, s):
        node[i].clear = spare * node[i].radius
