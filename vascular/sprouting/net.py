"""Vessels while they sprout, the tissue around them, and the cells of space in which each point is found at once."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import ndarray


class Net(NamedTuple):
    """The vessels while they grow, room for more included: what they are, and the cells of `edge` mm that they lie in.

    child, children: a point's first child, and how many. age: steps since the root or the stage began. head: the last
    point of each kind in each cell; after: the one before it there, -1 at the end.
    """

    position: ndarray
    parent: ndarray
    kind: ndarray
    child: ndarray
    children: ndarray
    age: ndarray
    head: ndarray
    after: ndarray
    edge: float


class Ground(NamedTuple):
    """The tissue as growth takes it."""

    region: ndarray
    course: ndarray
    spacing: ndarray


class Rules(NamedTuple):
    """A stage of growth as growth takes it: lengths in mm, cone as a cosine, spread in radians."""

    need: float
    apart: float
    reached: float
    reach: float
    step: float
    notch: float
    clear: float
    expansion: float
    cone: float
    spread: float
    inertia: float
    following: float


@njit(cache=True)
def enter(net, k, p, i):
    """Put point i of kind k, at p, into its cell."""
    head, edge = net.head, net.edge
    a = int(min(max(p[0] / edge, 0), head.shape[1] - 1))
    b = int(min(max(p[1] / edge, 0), head.shape[2] - 1))
    c = int(min(max(p[2] / edge, 0), head.shape[3] - 1))
    net.after[i] = head[k, a, b, c]
    head[k, a, b, c] = i


@njit(cache=True)
def near(net, kind, p, limit):
    """A point of a kind within `limit` of p, -1 if there is none."""
    position, head, edge = net.position, net.head, net.edge
    a, b, c = int(p[0] / edge), int(p[1] / edge), int(p[2] / edge)
    for i in range(max(a - 1, 0), min(a + 2, head.shape[1])):
        for j in range(max(b - 1, 0), min(b + 2, head.shape[2])):
            for k in range(max(c - 1, 0), min(c + 2, head.shape[3])):
                at = head[kind, i, j, k]
                while at >= 0:
                    dx, dy, dz = position[at, 0] - p[0], position[at, 1] - p[1], position[at, 2] - p[2]
                    if dx * dx + dy * dy + dz * dz < limit * limit:
                        return at
                    at = net.after[at]
    return -1


@njit(cache=True)
def region_at(region, spacing, p):
    """The region that a place lies in, 0 outside the grid."""
    i, j, k = int(np.floor(p[0] / spacing[0])), int(np.floor(p[1] / spacing[1])), int(np.floor(p[2] / spacing[2]))
    if i < 0 or j < 0 or k < 0 or i >= region.shape[0] or j >= region.shape[1] or k >= region.shape[2]:
        return 0
    return int(region[i, j, k])


@njit(cache=True)
def unit(v):
    """A vector's direction; nothing of nothing."""
    length = np.sqrt((v * v).sum())
    return v / length if length > 0 else v
