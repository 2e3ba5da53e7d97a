"""Flow, resistance and volume of a growing tree: what one new terminal changes on its way to the root.

With q its flow, l its length, b = r_child / r_node, every node i has
    R_i = l_i + 1 / sum(b_c^4 / R_c)    reduced resistance, mm: resistance times pi r_i^4 / (8 viscosity)
    W_i = l_i + sum(b_c^2 W_c)          reduced volume, mm: volume / (pi r_i^2)
Ends have equal pressure if r_1 / r_2 = (q_1 R_1 / (q_2 R_2))^(1/4), and r^g = r_1^g + r_2^g gives both b. The volume of
a tree with the pressure drop D is pi sqrt(8 viscosity / (pi D)) sqrt(q R) W at its root. Karch et al. 1999, Comput Biol
Med 29:19; Schreiner and Buxbaum 1993, IEEE Trans Biomed Eng 40:482. The clear version is `vascular.murray.reduced`.
"""

import numpy as np
from numba import njit

from vascular.construction.nodes import from_the_root
from vascular.murray import KASSAB
from vascular.straight import distance

TINY = 1e-12


@njit(cache=True)
def _exponent(flow, law):
    """Murray's exponent for a node of that flow; law = (flows at the edges of the classes, exponents)."""
    edges, exponents = law
    n = 0
    while n < len(edges) and flow >= edges[n]:
        n += 1
    return exponents[n]


@njit(cache=True)
def split(q0, r0, q1, r1, flow, law):
    """Radii of two daughters over that of their mother, for equal pressure at all ends."""
    ratio = np.sqrt(np.sqrt(q1 * r1 / (q0 * r0)))
    g = _exponent(flow, law)
    power = ratio * ratio * ratio if g == 3 else ratio**g
    b0 = 1 / np.cbrt(1 + power) if g == 3 else (1 + power) ** (-1 / g)
    return b0, ratio * b0


@njit(cache=True)
def joined(b0, r0, w0, b1, r1, w1):
    """Reduced resistance and volume of what two daughters carry, without the mother's own length."""
    s0, s1 = b0 * b0, b1 * b1
    return 1 / (s0 * s0 / r0 + s1 * s1 / r1), s0 * w0 + s1 * w1


@njit(cache=True)
def _below(node, i, law):
    """Reduced resistance and volume of all that node i carries, and the radii of its daughters over its own.

    What carries no flow yet does not count.
    """
    c0, c1 = node[i].first, node[i].second
    if c0 < 0:
        return 0.0, 0.0, 1.0, 1.0
    if c1 < 0 or node[c1].flow <= 0:
        return node[c0].resistance, node[c0].volume, 1.0, 1.0
    if node[c0].flow <= 0:
        return node[c1].resistance, node[c1].volume, 1.0, 1.0
    one, two = node[c0], node[c1]
    b0, b1 = split(one.flow, one.resistance, two.flow, two.resistance, node[i].flow, law)
    under_r, under_w = joined(b0, one.resistance, one.volume, b1, two.resistance, two.volume)
    return under_r, under_w, b0, b1


@njit(cache=True)
def _load(node, i, law):
    """Flow, R and W of node i from those of its daughters; an end keeps its flow."""
    if node[i].first >= 0:
        other = node[i].second
        node[i].flow = node[node[i].first].flow + (node[other].flow if other >= 0 else 0.0)
    under_r, under_w, _, _ = _below(node, i, law)
    node[i].resistance = node[i].length + under_r
    node[i].volume = node[i].length + under_w


@njit(cache=True)
def lift(node, i, law):
    """Loads node i and all above it, after something below it has changed."""
    while i >= 0:
        _load(node, i, law)
        i = node[i].parent


@njit(cache=True)
def settle(nodes, n, law):
    """Daughters, lengths, flows, R and W of nodes 0 to n from their points, parents and the flows of the ends."""
    (node, point) = nodes
    for i in range(n):
        node[i].first = node[i].second = -1
    for i in range(n):
        p = node[i].parent
        node[i].length = distance(point[i], point[p]) if p >= 0 else 0.0
        if p >= 0 and node[p].first < 0:
            node[p].first = i
        elif p >= 0:
            node[p].second = i
    for i in from_the_root(node, n)[::-1]:
        _load(node, i, law)


@njit(cache=True)
def refresh(nodes, n, law, calibre):
    """Radii from the roots to the ends; calibre = (sum of r^(7/3) over the roots, mm^(7/3), the flow that it is for).

    A flow of 0 stands for any flow: the roots keep their calibre while the tree grows. Otherwise they narrow with what
    was taken out, so that the rest stays as it is.
    """
    node, (width, for_flow) = nodes.node, calibre
    total = carried = 0.0
    for i in range(n):
        if node[i].parent < 0 and node[i].first >= 0:
            total += (node[i].flow * node[i].resistance) ** (KASSAB / 4)
            carried += node[i].flow
    share = carried / for_flow if for_flow > 0 else 1.0
    scale = (share * width / max(total, TINY)) ** (1 / KASSAB)
    for i in from_the_root(node, n):
        if node[i].parent < 0:
            grown = node[i].first >= 0
            node[i].radius = scale * np.sqrt(np.sqrt(node[i].flow * node[i].resistance)) if grown else TINY
        _, _, b0, b1 = _below(node, i, law)
        if node[i].first >= 0:
            node[node[i].first].radius = b0 * node[i].radius
        if node[i].second >= 0:
            node[node[i].second].radius = b1 * node[i].radius


@njit(cache=True)
def objective_of(node, i):
    """sqrt(q R) W of a root: what the volume of its tree grows with, at one pressure drop."""
    return np.sqrt(node[i].flow * node[i].resistance) * node[i].volume
