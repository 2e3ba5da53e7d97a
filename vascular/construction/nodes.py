"""The nodes of a growing tree in memory, and the order in which they lie there: what is read together lies together.

A walk from an end to its root reads one node and its sister at every step. So all that hydraulics asks of a node is one
line of the cache, sisters lie side by side, and the heavier one is followed first.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import ndarray

from vascular.straight import put

LENGTHS = ("flow", "length", "resistance", "volume", "radius", "clear")
NODE = np.dtype(
    [(name, np.float64) for name in LENGTHS]
    + [(name, np.int32) for name in ("parent", "first", "second")]
    + [("fixed", np.bool_)],
    align=True,
)
"""A node ends the straight segment from its parent. first, second: its daughters, -1 for none. flow: of an end, or of
all below. length: of the segment. resistance, volume: reduced, mm (vascular.construction.hydraulics). clear: the radius
up to which its segment is known to meet nothing. fixed: given at the start, not grown."""


class Nodes(NamedTuple):
    """Room for a tree that grows: its nodes (NODE) and their places (n, 3), mm."""

    node: ndarray
    point: ndarray


@njit(cache=True)
def from_the_root(node, n):
    """The n nodes, every one after its parent: sisters together, then all below the one with more flow."""
    order, stack = np.empty(n, np.int32), np.empty(n + 1, np.int32)
    done = top = 0
    for i in range(n):
        if node[i].parent < 0:
            order[done] = i
            done += 1
    for r in range(done - 1, -1, -1):
        stack[top] = order[r]
        top += 1
    while top:
        top -= 1
        a, b = node[stack[top]].first, node[stack[top]].second
        if b >= 0 and node[b].flow > node[a].flow:
            a, b = b, a
        if a >= 0:
            order[done] = a
            done += 1
        if b >= 0:
            order[done] = stack[top] = b
            done += 1
            top += 1
        if a >= 0:
            stack[top] = a
            top += 1
    return order


@njit(cache=True)
def lay(nodes, n, rows):
    """Lays node rows[i] in row i; what leads to a node then leads to where it is. Returns the new row of each."""
    (node, point) = nodes
    now = np.empty(n + 1, np.int32)
    was, places = node[:n].copy(), point[:n].copy()
    for i in range(n):
        now[rows[i]] = i
    now[n] = -1
    for i in range(n):
        node[i] = was[rows[i]]
        put(places[rows[i]], point[i])
        node[i].parent = now[node[i].parent]
        node[i].first = now[node[i].first]
        node[i].second = now[node[i].second]
    return now
