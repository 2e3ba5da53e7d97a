"""Pressures in a net of resistors: a sparse factorisation, analysed once and made anew for each set of resistances.

Every free node has sum_j g_ij (p_i - p_j) + g_i0 p_i = b_i, g > 0: symmetric and positive definite if every piece of
the net reaches the ground. L D L' row by row, after Davis 2005, ACM TOMS 31: 587; a tree gives no entry more than its
own.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from numpy import ndarray

WHOLE = 24
"""Nodes that are cut no further."""


@dataclass(frozen=True, eq=False)
class Network:
    """Which nodes are joined. node_a, node_b: (e,) the ends of each resistor, among `size` free nodes.

    place: (size,) of each node in the order of elimination. above: (size,) parent in the elimination tree.
    row_start, column, slot: the joined earlier nodes of each row, and of each resistor its entry there.
    start: (size + 1,) first entry of each column of L.
    """

    node_a: Int[ndarray, " e"]
    node_b: Int[ndarray, " e"]
    size: int
    place: Int[ndarray, " n"]
    above: Int[ndarray, " n"]
    row_start: Int[ndarray, " n1"]
    column: Int[ndarray, " k"]
    slot: Int[ndarray, " e"]
    start: Int[ndarray, " n1"]

    def factor(self, conductance: Float[ndarray, " e"], ground: Float[ndarray, " n"]) -> "Factor":
        """L and D for (e,) conductances between nodes and (n,) to the ground, all at least 0."""
        diagonal = ground.copy()
        diagonal += np.bincount(self.node_a, conductance, self.size)
        diagonal += np.bincount(self.node_b, conductance, self.size)
        ordered = np.empty(self.size)
        ordered[self.place] = diagonal
        entries = np.bincount(self.slot, conductance, len(self.column))
        row, value, pivot = _factor(self.above, self.row_start, self.column, entries, ordered, self.start)
        return Factor(self, row, value, pivot)


@dataclass(frozen=True, eq=False)
class Factor:
    """A net with its resistances, ready to be solved for any inflow."""

    network: Network
    row: Int[ndarray, " f"]
    value: Float[ndarray, " f"]
    pivot: Float[ndarray, " n"]

    def solve(self, inflow: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
        """(n,) the pressures under which `inflow` enters at each node."""
        x = np.empty(len(inflow))
        x[self.network.place] = inflow
        _solve(self.network.start, self.row, self.value, self.pivot, x)
        return x[self.network.place]


def network(
    node_a: Int[ndarray, " e"], node_b: Int[ndarray, " e"], size: int, points: Float[ndarray, "n 3"]
) -> Network:
    """Analyses a net of resistors: in what order to eliminate its nodes, and where L fills.

    points: (size, 3) where the nodes lie, which only tells how the net is best cut.
    """
    place = _places(node_a, node_b, size, points)
    a, b = place[node_a], place[node_b]
    earlier, later = np.minimum(a, b), np.maximum(a, b)
    keys, slot = np.unique(later.astype(np.int64) * size + earlier, return_inverse=True)
    column = (keys % max(size, 1)).astype(np.int64)
    row_start = np.searchsorted(keys // max(size, 1), np.arange(size + 1)).astype(np.int64)
    above, count = _analyse(row_start, column, size)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Network(node_a, node_b, size, place, above, row_start, column, slot, start)


def _places(
    node_a: Int[ndarray, " e"], node_b: Int[ndarray, " e"], size: int, points: Float[ndarray, "n 3"]
) -> Int[ndarray, " n"]:
    """Ends of trees first, from the tip inwards; what is left is cut in half again and again, cuts after their halves.

    Nested dissection (George 1973, SIAM J Numer Anal 10: 345) along the longest side of the points: the cut is made of
    the nodes of the lower half that are joined to the upper one.
    """
    first, neighbour = _adjacency(node_a, node_b, size)
    place, peeled = _peel(first, neighbour, size)
    side = np.zeros(size, np.int8)
    stack = [(np.flatnonzero(place < 0), peeled)]
    while stack:
        nodes, start = stack.pop()
        if len(nodes) <= WHOLE:
            place[nodes] = start + np.arange(len(nodes))
            continue
        at = points[nodes]
        along = at[:, np.argmax(np.ptp(at, axis=0))]
        low = along <= np.median(along)
        if low.all():
            low = np.arange(len(nodes)) < len(nodes) // 2
        lower, upper = nodes[low], nodes[~low]
        side[upper] = 1
        cut = _touches(first, neighbour, lower, side)
        side[upper] = 0
        rest, cut = lower[~cut], lower[cut]
        place[cut] = start + len(rest) + len(upper) + np.arange(len(cut))
        stack += [(rest, start), (upper, start + len(rest))]
    return place


@njit(cache=True)
def _touches(first, neighbour, nodes, side):
    """True for each node that is joined to one on side 1."""
    out = np.zeros(len(nodes), np.bool_)
    for i in range(len(nodes)):
        for k in range(first[nodes[i]], first[nodes[i] + 1]):
            if side[neighbour[k]] == 1:
                out[i] = True
    return out


def _adjacency(
    node_a: Int[ndarray, " e"], node_b: Int[ndarray, " e"], size: int
) -> tuple[Int[ndarray, " n1"], Int[ndarray, " e2"]]:
    ends, others = np.concatenate([node_a, node_b]), np.concatenate([node_b, node_a])
    by_end = np.argsort(ends, kind="stable")
    return np.searchsorted(ends[by_end], np.arange(size + 1)), others[by_end]


@njit(cache=True)
def _peel(first, neighbour, size):
    """Places of nodes that hang on one neighbour at most, once those before them are gone; -1 for the others."""
    place = np.full(size, -1)
    left = first[1:] - first[:-1]
    queue = np.empty(size, np.int64)
    known = 0
    for node in range(size):
        if left[node] <= 1:
            queue[known] = node
            known += 1
    done = 0
    while done < known:
        node = queue[done]
        place[node] = done
        done += 1
        for k in range(first[node], first[node + 1]):
            other = neighbour[k]
            left[other] -= 1
            if left[other] == 1 and place[other] < 0:
                queue[known] = other
                known += 1
    return place, done


@njit(cache=True)
def _analyse(row_start, column, size):
    """Elimination tree, and the number of entries of each column of L below the diagonal."""
    above, count, seen = np.full(size, -1), np.zeros(size, np.int64), np.full(size, -1)
    for k in range(size):
        seen[k] = k
        for q in range(row_start[k], row_start[k + 1]):
            i = column[q]
            while seen[i] != k:
                if above[i] < 0:
                    above[i] = k
                count[i] += 1
                seen[i] = k
                i = above[i]
    return above, count


@njit(cache=True)
def _factor(above, row_start, column, entries, diagonal, start):
    """Row k of L solves L(:k, :k) D y = A(:k, k); its pattern is what the elimination tree reaches from A's entries."""
    size = len(diagonal)
    row, value, pivot = np.empty(start[-1], np.int64), np.empty(start[-1]), np.empty(size)
    filled, y, seen = start[:-1].copy(), np.zeros(size), np.full(size, -1)
    path, pattern = np.empty(size, np.int64), np.empty(size, np.int64)
    for k in range(size):
        top = size
        seen[k] = k
        for q in range(row_start[k], row_start[k + 1]):
            i = column[q]
            y[i] = -entries[q]
            steps = 0
            while seen[i] != k:
                path[steps] = i
                steps += 1
                seen[i] = k
                i = above[i]
            while steps > 0:
                steps -= 1
                top -= 1
                pattern[top] = path[steps]
        pivot[k] = diagonal[k]
        for s in range(top, size):
            i = pattern[s]
            own = y[i]
            y[i] = 0.0
            for q in range(start[i], filled[i]):
                y[row[q]] -= value[q] * own
            scaled = own / pivot[i]
            pivot[k] -= scaled * own
            row[filled[i]] = k
            value[filled[i]] = scaled
            filled[i] += 1
    return row, value, pivot


@njit(cache=True)
def _solve(start, row, value, pivot, x):
    size = len(x)
    for i in range(size):
        for q in range(start[i], start[i + 1]):
            x[row[q]] -= value[q] * x[i]
    for i in range(size):
        x[i] /= pivot[i]
    for i in range(size - 1, -1, -1):
        for q in range(start[i], start[i + 1]):
            x[i] -= value[q] * x[row[q]]
