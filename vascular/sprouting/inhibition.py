"""Lateral inhibition: no vessel forks twice within a distance along it (Bentley 2008)."""

import numpy as np
from numba import njit


@njit(cache=True)
def fork_distances(net, n):
    """Along the vessel, from each point up to the next fork or root, and down to the next fork."""
    position, parent, children = net.position, net.parent, net.children
    up, down = np.full(n, np.inf), np.full(n, np.inf)
    for i in range(n):
        if parent[i] >= 0:
            length = np.sqrt(((position[i] - position[parent[i]]) ** 2).sum())
            up[i] = length if children[parent[i]] > 1 else up[parent[i]] + length
    for i in range(n - 1, -1, -1):
        if parent[i] >= 0:
            length = np.sqrt(((position[i] - position[parent[i]]) ** 2).sum())
            down[parent[i]] = min(down[parent[i]], length if children[i] > 1 else down[i] + length)
    return up, down


@njit(cache=True)
def bar(barred, fork, net, n, notch):
    """No second fork in this iteration within the distance of lateral inhibition along the vessel."""
    position, parent, child = net.position, net.parent, net.child
    i, length = fork, 0.0
    while i >= 0 and length < notch:
        barred[i] = True
        if parent[i] >= 0:
            length += np.sqrt(((position[i] - position[parent[i]]) ** 2).sum())
        i = parent[i]
    i, length = fork, 0.0
    while 0 <= i < n and length < notch:
        barred[i] = True
        if child[i] >= 0:
            length += np.sqrt(((position[i] - position[child[i]]) ** 2).sum())
        i = child[i]
