"""Vessels that keep clear: what a new segment, and all that it makes thicker, may not run into."""

import numpy as np
from numba import njit

from vascular.construction.cells import ENTRIES, MORE_ENTRIES, cells_around, edge_mm, filled
from vascular.construction.hydraulics import split
from vascular.construction.space import mapped
from vascular.straight import distance, segments_apart2, sprout_apart2, walk

SPROUTS = 2.0
NOBODY, NOT = np.int64(-1), np.bool_(False)
"""Of one type with nodes and answers that are computed: `meets` is compiled once."""


@njit(cache=True)
def meets(cells, nodes, others, a, b, radius, old, kin, kin_too, given, sprouts, spare, yields):
    """True if the capsule from a to b meets a segment that shares no node with it.

    old: the segment that it replaces in part. kin, kin_too: nodes at its ends, -1 for a new one; their segments are
    adjacent. given: it was there at the start, as were the others, so only what has grown counts. sprouts: it starts
    from a given vessel; such a branch counts from where it has left that vessel, SPROUTS times both radii on. yields:
    the node that it ends in, if only those count to which it has to give way; -1 for all.
    """
    (node, point), (other_a, other_b, other_radius) = nodes, others
    counts = cells.counts
    i0, i1, j0, j1, k0, k1 = cells_around(cells, a, b, radius)
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            for k in range(k0, k1 + 1):
                entry = cells.head[(i * counts[1] + j) * counts[2] + k]
                while entry >= 0:
                    s = cells.item[entry]
                    entry = cells.link[entry]
                    if s <= -2:
                        o = -2 - s
                        apart = spare * (radius + other_radius[o])
                        if not given and segments_apart2(a, b, other_a[o], other_b[o]) < apart * apart:
                            return True
                        continue
                    if s == old or (given and node[s].fixed):
                        continue
                    if yields >= 0 and not node[s].fixed and (node[s].flow, s) < (node[yields].flow, yields):
                        continue
                    p = node[s].parent
                    near = kin >= 0 and (s == kin or p == kin)
                    if not near and not (kin_too >= 0 and (s == kin_too or p == kin_too)):
                        apart = spare * (radius + node[s].radius)
                        leaves = SPROUTS * (radius + node[s].radius)
                        if sprouts and node[s].fixed:
                            apart2 = sprout_apart2(a, b, point[p], point[s], leaves)
                        elif given and node[p].fixed:
                            apart2 = sprout_apart2(point[p], point[s], a, b, leaves)
                        else:
                            apart2 = segments_apart2(a, b, point[p], point[s])
                        if apart2 < apart * apart:
                            return True
    return False


@njit(cache=True)
def bears(cells, nodes, others, s, new_flow, fork, l_new, law, spare, path, path_b):
    """True if all that leads to a new terminal has room to get thicker by it; it then is clear up to that radius.

    s: the segment that it joins, at `fork`. path, path_b: room for the way to the root, and b along it.
    """
    (node, point) = nodes
    p = node[s].parent
    l_near, l_far = distance(point[p], fork), distance(fork, point[s])
    r_old = node[s].resistance - node[s].length + l_far
    q = node[s].flow + new_flow
    b_old, b_new = split(node[s].flow, r_old, new_flow, l_new, q, law)
    r = l_near + 1 / (b_old**4 / r_old + b_new**4 / l_new)
    child, i, depth = s, p, 0
    while i >= 0 and depth < len(path):
        q_up = node[i].flow + new_flow
        other = node[i].second if node[i].first == child else node[i].first
        b = 1.0
        if other >= 0:
            b, b_other = split(q, r, node[other].flow, node[other].resistance, q_up, law)
            r = 1 / (b**4 / r + b_other**4 / node[other].resistance)
        path[depth], path_b[depth] = i, b
        depth += 1
        r, q = r + node[i].length, q_up
        child, i = i, node[i].parent
    thick = node[path[depth - 1]].radius
    for n in range(depth - 2, -1, -1):
        i = path[n]
        thick *= path_b[n + 1]
        if thick > node[i].clear:
            up, given = np.int64(node[i].parent), node[i].fixed
            sprouts = node[up].fixed and not given
            if meets(cells, nodes, others, point[up], point[i], thick, i, up, i, given, sprouts, spare, NOBODY):
                return False
            node[i].clear = spare * thick
    return True


@njit(cache=True)
def conflicts(nodes, n, others, space, volume_mm3, spare):
    """Segments to take out again: of two that overlap and share no node the one with less flow, and all that leave.

    (n,) bool. What was given at the start is never taken out.
    """
    (node, point) = nodes
    cells = filled(space, edge_mm(volume_mm3, n), nodes, np.arange(n), others, ENTRIES * n + MORE_ENTRIES)
    bad = np.zeros(n, np.bool_)
    start, end = np.empty(3), np.empty(3)
    for i in range(n):
        p, radius = np.int64(node[i].parent), node[i].radius
        if p >= 0 and not node[i].fixed:
            mapped(space.to_index, point[p], start)
            mapped(space.to_index, point[i], end)
            bad[i] = not walk(space.room, 0.0, start, end) or meets(
                cells, nodes, others, point[p], point[i], radius, i, p, i, NOT, node[p].fixed, spare, i
            )
    return bad
