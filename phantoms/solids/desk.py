"""Room to work: what can still matter at every level of the nested blocks, and the points of a block."""

from typing import NamedTuple

import numpy as np
from numpy import ndarray

from phantoms.solids.arithmetic import compiled
from phantoms.solids.program import CONE, HIGHEST, LAST


class Desk(NamedTuple):
    """What can still matter, one program per level, as many of its rows as the counts say.

    layers: indices of layers; root: the node of each; under: the layer that fills what the others leave, -1 for none.
    nodes, values, cones: as a `Program` has them.
    Of the nodes at hand: low, high: bounds of depth; needed: whether the layers need it; decides: which child alone
    decides; stands: the node of the next level that stands for it. least, most: bounds of the cones.
    """

    layers: ndarray
    root: ndarray
    layer_count: ndarray
    under: ndarray
    nodes: ndarray
    values: ndarray
    node_count: ndarray
    cones: ndarray
    cone_count: ndarray
    low: ndarray
    high: ndarray
    needed: ndarray
    decides: ndarray
    stands: ndarray
    least: ndarray
    most: ndarray


class Room(NamedTuple):
    """The points of a block: x, y, z in the reference body; a cell of a table and the place in it (3, n).

    topmost: the layer of each.
    """

    x: ndarray
    y: ndarray
    z: ndarray
    at: ndarray
    place: ndarray
    topmost: ndarray


@compiled
def room_for(count):
    """Room for so many points."""
    x, y, z = np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32)
    return Room(x, y, z, np.zeros(count, np.uint32), np.zeros((3, count), np.float32), np.zeros(count, np.int32))


@compiled
def desk_for(program, levels, top):
    """A desk with the whole program at its level `top`."""
    n, layers, cones = len(program.nodes), len(program.roots), program.cones.shape[1]
    numbers, indices = np.float32, np.int32
    desk = Desk(
        np.empty((levels, layers), indices), np.empty((levels, layers), indices), np.empty(levels, indices),
        np.empty(levels, indices),
        np.empty((levels, n, LAST + 1), indices), np.empty((levels, n, HIGHEST + 1), numbers),
        np.empty(levels, indices),
        np.empty((levels, CONE, cones), numbers), np.empty(levels, indices),
        np.empty(n, numbers), np.empty(n, numbers), np.empty(n, np.bool_), np.empty(n, indices), np.empty(n, indices),
        np.empty(cones, numbers), np.empty(cones, numbers),
    )  # fmt: skip
    desk.layer_count[top], desk.node_count[top], desk.cone_count[top], desk.under[top] = layers, n, cones, -1
    for m in range(layers):
        desk.layers[top, m], desk.root[top, m] = m, program.roots[m]
    for m in range(n):
        for i in range(LAST + 1):
            desk.nodes[top, m, i] = program.nodes[m, i]
        for i in range(HIGHEST + 1):
            desk.values[top, m, i] = program.values[m, i]
    for i in range(CONE):
        for c in range(cones):
            desk.cones[top, i, c] = program.cones[i, c]
    return desk
