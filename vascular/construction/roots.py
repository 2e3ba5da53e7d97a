"""The first segments of a tree: from every given end to a place that it can see."""

import numpy as np
from numba import njit

from vascular.construction.clearance import SPROUTS
from vascular.construction.space import as_stored, asks, fits, toss
from vascular.straight import distance, put, segments_apart2, sprout_apart2

TRIES = 4000
"""So many tosses without one that fits shut a root in."""
PLACES = 3
AHEAD, HALVED = 320, 64
"""So many places are tried before the first segment of a root may lead anywhere; after how many the next is nearer."""


@njit(cache=True)
def planted(space, others, nodes, n, ends, flows, key, counter, spare):
    """Gives every given end a first segment. Returns (nodes, ends, counter, the root that finds no way or -1).

    A given end from which no way leads on is an end itself.
    """
    node = nodes.node
    for root in range(n):
        if node[root].fixed and node[root].first < 0 and ends < len(flows):
            grown, counter = _plant(space, others, nodes, n, root, flows[ends], key, counter, spare)
            if grown < 0 and node[root].parent < 0:
                return n, ends, counter, root
            if grown < 0:
                node[root].flow, node[root].fixed = flows[ends], False
            else:
                n = grown
            ends += 1
    return n, ends, counter, -1


@njit(cache=True)
def _plant(space, others, nodes, n, root, new_flow, key, counter, spare):
    """A first segment from a given end: to the nearest of a few places that it can see. Returns (n or -1, counter).

    Where vessels are in the way, places nearer to the root are tried too, and then ways in any direction; but for a
    root, none to where no blood is asked for.
    """
    (node, point) = nodes
    place, other, best, best_mm, seen = np.empty(3), np.empty(3), np.empty(3), np.inf, 0
    for tried in range(TRIES):
        toss(space, key, counter, place)
        counter += 1
        put(point[root], other)
        if tried >= AHEAD:
            toss(space, key, counter, other)
            counter += 1
        for axis in range(3):
            place[axis] = point[root, axis] + (place[axis] - other[axis]) / (1 << tried // HALVED % 5)
        as_stored(place)
        mm = distance(point[root], place)
        wide = node[root].radius
        ends_well = node[root].parent < 0 or asks(space, place)
        free = ends_well and mm > 2 * wide and fits(space, point[root], place, wide)
        if free and _sees(nodes, n, others, root, place, spare):
            seen += 1
            if mm < best_mm:
                put(place, best)
                best_mm = mm
        if seen == PLACES:
            break
    if best_mm == np.inf:
        return -1, counter
    put(best, point[n])
    node[n].parent, node[n].first, node[n].second, node[n].fixed = root, -1, -1, False
    node[n].flow, node[n].radius = new_flow, node[root].radius
    node[n].length = node[n].resistance = node[n].volume = best_mm
    node[root].first = n
    return n + 1, counter


@njit(cache=True)
def _sees(nodes, n, others, root, place, spare):
    """Whether nothing is in the way from a root to a place."""
    (node, point), (other_a, other_b, other_radius) = nodes, others
    for o in range(len(other_a)):
        reach = spare * (node[root].radius + other_radius[o])
        if segments_apart2(point[root], place, other_a[o], other_b[o]) < reach * reach:
            return False
    for i in range(n):
        both, p = node[root].radius + node[i].radius, node[i].parent
        if p < 0 or i == root:
            continue
        if node[i].fixed:
            apart2 = sprout_apart2(point[root], place, point[p], point[i], SPROUTS * both)
        else:
            apart2 = segments_apart2(point[root], place, point[p], point[i])
        if apart2 < (spare * both) * (spare * both):
            return False
    return True
