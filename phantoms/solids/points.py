"""Depth of a solid at any points at all: nothing is left out, so that nothing need be looked for."""

import numpy as np
from numba import njit

from phantoms.solids.arithmetic import EXACT
from phantoms.solids.desk import room_for
from phantoms.solids.program import FIRST, LAST, OPERATION, TUBE, VALUE, A, B
from phantoms.solids.rows import fill_leaf, fill_node, fill_tube

CHUNK = 512
"""So many points are computed at once."""


@njit(nogil=True, cache=True, **EXACT)
def depth_at(points, program, out):
    """Depth of the first layer at `points` (3, n)."""
    cones = program.cones.reshape((1, program.cones.shape[0], program.cones.shape[1]))
    depth, room = np.empty((len(program.nodes), CHUNK), np.float32), room_for(CHUNK)
    x, y, z, at, place = room.x, room.y, room.z, room.at, room.place
    nodes, values, numbers, roots = program.nodes, program.values, program.numbers, program.roots
    for first in range(0, len(out), CHUNK):
        count = min(CHUNK, len(out) - first)
        for p in range(count):
            x[p], y[p], z[p] = points[0, first + p], points[1, first + p], points[2, first + p]
        for m in range(len(nodes)):
            operation, a, b, start = nodes[m, OPERATION], nodes[m, A], nodes[m, B], nodes[m, FIRST]
            if operation == TUBE:
                fill_tube(x, y, z, cones, 0, start, nodes[m, LAST], depth, m, count)
            elif a >= 0:
                fill_node(operation, a, b if b >= 0 else a, values[m, VALUE], depth, m, count)
            else:
                fill_leaf(operation, x, y, z, numbers, start, at, place, depth, m, count)
        for p in range(count):
            out[first + p] = depth[roots[0], p]
