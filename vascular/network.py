"""Pressures in a net of resistors: a sparse factorisation, analysed once and made anew for each set of resistances.

Every free node has sum_j g_ij (p_i - p_j) + g_i0 p_i = b_i, g > 0: symmetric and positive definite if every piece of
the net reaches the ground. L D L' by panels (vascular.panels); a tree gives no entry more than its own.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from numpy import ndarray

from vascular.panels import Panels, panels

WHOLE = 24
"""Nodes that are cut no further."""
NEAR, MOST_STEPS = 0.05, 30
"""Share of the first error that conjugate gradients leave, and in how many steps they have to."""


@dataclass(frozen=True, eq=False)
class Network:
    """Which nodes are joined. node_a, node_b: (e,) the ends of each resistor, among `size` free nodes.

    place: (size,) of each node in the order of elimination. slot: of each resistor its entry in the matrix. panels:
    where L fills.
    """

    node_a: Int[ndarray, " e"]
    node_b: Int[ndarray, " e"]
    size: int
    place: Int[ndarray, " n"]
    slot: Int[ndarray, " e"]
    panels: Panels

    def factor(self, conductance: Float[ndarray, " e"], ground: Float[ndarray, " n"]) -> "Factor":
        """L and D for (e,) conductances between nodes and (n,) to the ground, all at least 0."""
        diagonal = ground.copy()
        diagonal += np.bincount(self.node_a, conductance, self.size)
        diagonal += np.bincount(self.node_b, conductance, self.size)
        ordered = np.empty(self.size)
        ordered[self.place] = diagonal
        entries = np.bincount(self.slot, -conductance, len(self.panels.slot))
        return Factor(self, self.panels.factor(entries, ordered))


@dataclass(frozen=True, eq=False)
class Factor:
    """A net with its resistances, ready to be solved for any inflow."""

    network: Network
    values: Float[ndarray, " f"]

    def solve(self, inflow: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
        """(n,) the pressures under which `inflow` enters at each node."""
        x = np.empty(len(inflow))
        x[self.network.place] = inflow
        self.network.panels.solve(self.values, x)
        return x[self.network.place]

    def solve_near(
        self, conductance: Float[ndarray, " e"], ground: Float[ndarray, " n"], inflow: Float[ndarray, " n"]
    ) -> Float[ndarray, " n"] | None:
        """(n,) the pressures at somewhat other resistances, but for NEAR of them; None if they are too different.

        Conjugate gradients (Hestenes and Stiefel 1952, J Res NBS 49: 409) with this factor as their preconditioner; the
        share is of the power that the error dissipates, as the preconditioner knows it, under the root.
        """
        a, b, size = self.network.node_a, self.network.node_b, self.network.size
        pressure, left, way = np.zeros(size), inflow.copy(), np.zeros(size)
        was = first = 0.0
        for step in range(MOST_STEPS):
            towards = self.solve(left)
            power = float((left * towards).sum())
            if step == 0:
                first = power
            if power <= NEAR**2 * first:
                return pressure
            way = towards + (power / was if step else 0.0) * way
            was = power
            along = conductance * (way[a] - way[b])
            drawn = ground * way + np.bincount(a, along, size) - np.bincount(b, along, size)
            far = power / float((way * drawn).sum())
            pressure += far * way
            left -= far * drawn
        return None


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
    return Network(node_a, node_b, size, place, slot, panels(row_start, column))


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
