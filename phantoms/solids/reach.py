"""Which of the nodes that were written some layers need, and what range of a node's depth can change one of them."""

import numpy as np
from numba import njit

from phantoms.solids.program import ALL_BUT, FILLET, OPERATION, SHIFTED, SMOOTH, SUM, A, B


@njit(cache=True)
def reach(nodes, value, roots):
    """needed, lowest, highest of every node: of a layer the sign alone matters, of others what their parents need.

    nodes: (n, 5) as a `Program` has them. value: (n,) mm. roots: node of each layer.
    """
    needed = np.zeros(len(nodes), np.bool_)
    lowest, highest = np.full(len(nodes), np.inf), np.full(len(nodes), -np.inf)
    for root in roots:
        needed[root] = True
        lowest[root] = highest[root] = 0.0
    for node in range(len(nodes) - 1, -1, -1):
        operation, low, high = nodes[node, OPERATION], lowest[node], highest[node]
        if not needed[node] or nodes[node, A] < 0:
            continue
        if operation == SMOOTH:
            low -= FILLET * value[node]
        elif operation == ALL_BUT:
            low, high = -high, -low
        elif operation == SHIFTED:
            low, high = low - value[node], high - value[node]
        elif operation == SUM:
            low, high = -np.inf, np.inf
        for column in (A, B):
            child = nodes[node, column]
            if child >= 0:
                needed[child] = True
                lowest[child], highest[child] = min(lowest[child], low), max(highest[child], high)
    return needed, lowest, highest
