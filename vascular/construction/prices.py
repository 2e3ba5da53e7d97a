"""What a new terminal costs at each segment that it may join: the best fork, and the exact growth of the objective.

A new terminal changes only the way from it to the root, so the objective is exact at the price of one walk.
"""

import numpy as np
from numba import njit

from vascular.construction.hydraulics import TINY, joined, objective_of, split
from vascular.construction.space import as_stored
from vascular.straight import distance

WEISZFELD_STEPS = 12
SHORTEST_MM = 1e-5
"""A fork nearer than so to one of its three ends is none."""


@njit(cache=True)
def offers(nodes, found, place, new_flow, law, forks, ways, gains, shares):
    """The fork that each of the segments found has for a terminal at `place`, and its price; see `prices`.

    forks, ways: (k, 3). A fork of a given segment lies on it. What has no fork gains infinity.
    """
    (node, point) = nodes
    weight_new = np.cbrt(new_flow) ** 2
    for m in range(len(found)):
        s = found[m]
        p, f = node[s].parent, forks[m]
        weights = np.cbrt(node[s].flow + new_flow) ** 2, np.cbrt(node[s].flow) ** 2, weight_new
        _fermat(point[p], point[s], place, weights, f)
        if node[s].fixed:
            _onto(point[p], point[s], f)
        as_stored(f)
        ways[m, 0], ways[m, 1], ways[m, 2] = distance(point[p], f), distance(f, point[s]), distance(f, place)
    prices(node, found, new_flow, ways, law, gains, shares)
    for m in range(len(found)):
        if min(ways[m, 0], ways[m, 1], ways[m, 2]) <= SHORTEST_MM:
            gains[m] = np.inf


@njit(cache=True)
def prices(node, found, new_flow, ways, law, gains, shares):
    """How much sqrt(q R) W at the root grows if a terminal joins each segment; b of the old and the new branch.

    found: (k,) segments. ways: (k, 3) mm from the parent to the fork, from there to the segment's end, and to the new
    terminal. Fills gains (k,) and shares (k, 2). All walk to the root side by side: each step waits for the one before
    on its own way, not for those on the others.
    """
    k = len(found)
    r, w, q = np.empty(k), np.empty(k), np.empty(k)
    child, at = np.empty(k, np.int64), np.empty(k, np.int64)
    for m in range(k):
        s = found[m]
        l_near, l_far, l_new = ways[m]
        r_old, w_old = node[s].resistance - node[s].length + l_far, node[s].volume - node[s].length + l_far
        q[m] = node[s].flow + new_flow
        shares[m, 0], shares[m, 1] = split(node[s].flow, r_old, new_flow, l_new, q[m], law)
        under_r, under_w = joined(shares[m, 0], r_old, w_old, shares[m, 1], l_new, l_new)
        r[m], w[m] = under_r + l_near, under_w + l_near
        child[m], at[m] = s, node[s].parent
    walking = k
    while walking:
        walking = 0
        for m in range(k):
            i = at[m]
            if i < 0:
                continue
            walking += 1
            q_up = node[i].flow + new_flow
            other = node[i].second if node[i].first == child[m] else node[i].first
            if other >= 0:
                b, b_other = split(q[m], r[m], node[other].flow, node[other].resistance, q_up, law)
                r[m], w[m] = joined(b, r[m], w[m], b_other, node[other].resistance, node[other].volume)
            r[m], w[m], q[m] = r[m] + node[i].length, w[m] + node[i].length, q_up
            child[m], at[m] = i, node[i].parent
    for m in range(k):
        gains[m] = np.sqrt(q[m] * r[m]) * w[m] - objective_of(node, child[m])


@njit(cache=True)
def _fermat(a, b, c, weights, out):
    """Weighted Fermat point of a triangle by Weiszfeld's steps, a twentieth of the way to its middle."""
    wa, wb, wc = weights
    for n in range(3):
        out[n] = (wa * a[n] + wb * b[n] + wc * c[n]) / (wa + wb + wc)
    for _ in range(WEISZFELD_STEPS):
        ka = wa / np.sqrt((out[0] - a[0]) ** 2 + (out[1] - a[1]) ** 2 + (out[2] - a[2]) ** 2 + TINY)
        kb = wb / np.sqrt((out[0] - b[0]) ** 2 + (out[1] - b[1]) ** 2 + (out[2] - b[2]) ** 2 + TINY)
        kc = wc / np.sqrt((out[0] - c[0]) ** 2 + (out[1] - c[1]) ** 2 + (out[2] - c[2]) ** 2 + TINY)
        for n in range(3):
            out[n] = (ka * a[n] + kb * b[n] + kc * c[n]) / (ka + kb + kc)
    for n in range(3):
        out[n] = 0.95 * out[n] + 0.05 * (a[n] + b[n] + c[n]) / 3


@njit(cache=True)
def _onto(a, b, out):
    """The place nearest to `out` on the middle nine tenths of a segment."""
    length2 = along = 0.0
    for n in range(3):
        length2 += (b[n] - a[n]) ** 2
        along += (b[n] - a[n]) * (out[n] - a[n])
    t = min(max(along / max(length2, TINY), 0.05), 0.95)
    for n in range(3):
        out[n] = a[n] + t * (b[n] - a[n])
