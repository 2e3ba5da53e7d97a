"""Who answers a sink: the nearest vessel in reach that perceives it (Runions 2005)."""

import numpy as np
from numba import njit

from vascular.sprouting.inhibition import fork_distances
from vascular.sprouting.net import region_at


@njit(cache=True, error_model="numpy")
def answering(k, sinks, waiting, reach, notch, cone, net, n, ground):
    """Sinks by the vessel of kind k that answers: those of point i are calls[first[i]:first[i + 1]].

    Returns (first (n + 1,), calls, distance of each point to the fork above).
    """
    from_fork, to_fork = fork_distances(net, n)
    caller, called = np.full(waiting, -1, np.int32), np.zeros(n + 1, np.int64)
    for s in range(waiting):
        caller[s] = _nearest(k, sinks[s], reach, notch, cone, net, from_fork, to_fork, ground)
        if caller[s] >= 0:
            called[caller[s] + 1] += 1
    first = np.cumsum(called)
    calls, room = np.empty(first[-1], np.int64), first[:-1].copy()
    for s in range(waiting):
        if caller[s] >= 0:
            calls[room[caller[s]]] = s
            room[caller[s]] += 1
    return first, calls, from_fork


@njit(cache=True, error_model="numpy")
def _nearest(k, sink, reach, notch, cone, net, from_fork, to_fork, ground):
    """The nearest point of kind k, in the sink's region, that hears it; -1 if there is none in reach."""
    position, children, head = net.position, net.children, net.head
    region, spacing = ground.region, ground.spacing
    best, nearest = -1, reach * reach
    home = region_at(region, spacing, sink)
    a, b = (sink / net.edge).astype(np.int64), np.array(head.shape[1:])
    for ci in range(max(a[0] - 1, 0), min(a[0] + 2, b[0])):
        for cj in range(max(a[1] - 1, 0), min(a[1] + 2, b[1])):
            for ck in range(max(a[2] - 1, 0), min(a[2] + 2, b[2])):
                i = head[k, ci, cj, ck]
                while i >= 0:
                    dx, dy, dz = sink[0] - position[i, 0], sink[1] - position[i, 1], sink[2] - position[i, 2]
                    d = dx * dx + dy * dy + dz * dz
                    if (
                        d < nearest
                        and children[i] < 2
                        and _hears(i, dx, dy, dz, d, net, from_fork, to_fork, notch, cone)
                        and region_at(region, spacing, position[i]) == home
                    ):
                        best, nearest = i, d
                    i = net.after[i]
    return best


@njit(cache=True)
def _hears(i, dx, dy, dz, d, net, from_fork, to_fork, notch, cone):
    """Whether point i may grow towards a sink at (dx, dy, dz) from it, d their square."""
    position, parent, children = net.position, net.parent, net.children
    if parent[i] < 0:
        return children[i] == 0
    hx = position[i, 0] - position[parent[i], 0]
    hy = position[i, 1] - position[parent[i], 1]
    hz = position[i, 2] - position[parent[i], 2]
    along = (dx * hx + dy * hy + dz * hz) / np.sqrt(d * (hx * hx + hy * hy + hz * hz))
    if children[i] == 0:
        return along > cone
    return from_fork[i] > notch and to_fork[i] > notch and abs(along) < 0.9
