"""A step of a vessel: to a place that is free, straight on or by a detour."""

import numpy as np
from numba import njit

from vascular.sprouting.net import enter, region_at, unit

DETOURS_DEG = (0.0, 20.0, -20.0, 45.0, -45.0)
"""A tip whose way is barred tries these turns, in this order."""
CROSSING_STEPS = 8
"""A sprout may pass the vessels that were there before the stage as long as it is this young: branches of an artery
run below its vein."""
OWN_CLEAR = 0.7
"""Between vessels of one kind that do not join, in steps."""


@njit(cache=True)
def step_from(i, way, turn, k, net, old, n, ground, step, clear):
    """A new point one step from point i, if the way or a detour is free; returns how many points there are then."""
    region, spacing, position, children = ground.region, ground.spacing, net.position, net.children
    home = region_at(region, spacing, position[i])
    flat = region.shape[2] == 1
    for detour in DETOURS_DEG:
        to = _turned(way, turn + np.radians(detour), flat)
        p = position[i] + step * to
        if region_at(region, spacing, p) != home or region_at(region, spacing, 0.5 * (p + position[i])) != home:
            continue
        if not _free(p, i, k, net, old, step, clear):
            continue
        position[n], net.parent[n], net.kind[n], net.age[n] = p, i, k, net.age[i] + 1
        if children[i] == 0:
            net.child[i] = n
        children[i] += 1
        enter(net, k, p, n)
        return n + 1
    return n


@njit(cache=True)
def _free(p, i, k, net, old, step, clear):
    """Whether a point that continues point i is clear of the other kind, and of its own kind but for its relatives."""
    position, parent, head = net.position, net.parent, net.head
    a, b = (p / net.edge).astype(np.int64), np.array(head.shape[1:])
    for kind in range(2):
        limit = OWN_CLEAR * step if kind == k else clear
        for ci in range(max(a[0] - 1, 0), min(a[0] + 2, b[0])):
            for cj in range(max(a[1] - 1, 0), min(a[1] + 2, b[1])):
                for ck in range(max(a[2] - 1, 0), min(a[2] + 2, b[2])):
                    j = head[kind, ci, cj, ck]
                    while j >= 0:
                        away2 = _apart2(position[j], p)
                        if away2 < limit * limit:
                            if kind == k:
                                if j != i and j != parent[i] and parent[j] != i and parent[j] != parent[i]:
                                    return False
                            elif (j >= old or net.age[i] >= CROSSING_STEPS) and _apart2(
                                position[j], position[i]
                            ) > away2:
                                return False
                        j = net.after[j]
    return True


@njit(cache=True)
def _apart2(p, q):
    """Squared distance of two places."""
    dx, dy, dz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
    return dx * dx + dy * dy + dz * dz


@njit(cache=True)
def _turned(way, angle, flat):
    """A direction, turned: in a flat tissue in its plane, else about the axis that is most across it (Rodrigues)."""
    axis = np.zeros(3)
    axis[2 if flat else np.argmin(np.abs(way))] = 1.0
    if not flat:
        axis = unit(axis - (axis * way).sum() * way)
    return np.cos(angle) * way + np.sin(angle) * np.cross(axis, way)
