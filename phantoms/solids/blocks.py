"""The fast twin of `Solid.depth`: nested blocks of voxels, each looking only at the solids that can matter in it.

A block first asks every node for bounds of its depth over the block (interval arithmetic: the depth at the middle, give
or take the block's radius times the node's steepness around it). A layer whose bounds are negative is not there, one
whose bounds are positive covers all below it, and a node that neither needs is left out. What is left is handed to the
eight times smaller blocks inside; only blocks with a surface in them are computed voxel by voxel. M. Keeter, Massively
parallel rendering of complex closed-form implicit surfaces, ACM Trans. Graph. 39(4), 2020.
"""

import numpy as np
from numba import njit
from numpy import float32

from phantoms.solids.arithmetic import EXACT, HALF, ONE, ZERO, inlined
from phantoms.solids.desk import desk_for, room_for
from phantoms.solids.paint import mix_voxels, paint_voxels, paint_whole
from phantoms.solids.places import ball, fill_places
from phantoms.solids.program import FIRST, LAST, OPERATION, TUBE, VALUE, A, B
from phantoms.solids.prune import bound, keep_layers, keep_nodes, mark_needed
from phantoms.solids.rows import fill_leaf, fill_node, fill_tube

EDGES = (64, 32, 16, 8, 4)
"""Voxels along a block of each level."""
SPLIT_VOXELS, SPLIT_AT = 8, 120
"""A block of so few voxels along its edge is divided once more if more nodes and cones than this matter in it."""


@njit(nogil=True, cache=True, **EXACT)
def draw_blocks(tiles, shape, voxel_mm, view, program, labels, tissues, other, share):
    """Draw all layers into `labels` and `tissues` within the blocks at `tiles` (n, 3) of a grid of `shape`.

    Where `share` is not empty, `other` and `share` (in 1/255) say what else a boundary voxel holds.
    """
    levels = len(EDGES)
    desk = desk_for(program, levels + 1, view.level)
    count = EDGES[levels - 2] ** 3
    room = room_for(count)
    depth, part = np.empty((64, count), np.float32), np.empty((64, count), np.float32)
    margin = HALF * float32(voxel_mm) if share.size else ZERO
    per_mm = ONE / float32(voxel_mm)
    corner = np.zeros((levels, 3), np.int64)
    done = np.zeros(levels, np.int64)
    for tile in range(len(tiles)):
        level = view.level
        for n in range(3):
            corner[level, n] = tiles[tile, n]
        done[level] = 0
        while level >= view.level:
            if level == view.level:
                if done[level]:
                    break
            elif not next_block(level, corner, done, shape):
                level -= 1
                continue
            done[level] += 1

            edge, below = EDGES[level], level + 1
            x, y, z, reach = ball(corner, level, edge, view)
            bound(level, x, y, z, reach, program.numbers, desk)
            whole = keep_layers(level, margin, program, desk)
            if whole:
                layer = desk.under[below]
                paint_whole(corner, level, edge, shape, program.label[layer], program.tissue[layer], labels, tissues)
                continue
            if desk.layer_count[below] == 0:
                continue
            mark_needed(level, margin, desk)
            keep_nodes(level, margin, desk)
            if edge > SPLIT_VOXELS or (
                edge == SPLIT_VOXELS and desk.node_count[below] + desk.cone_count[below] > SPLIT_AT
            ):
                level = below
                done[level] = 0
                continue

            if desk.node_count[below] > len(depth):
                depth = np.empty((2 * desk.node_count[below], count), np.float32)
            fill_places(corner, level, edge, view, room)
            fill_block(below, edge**3, program.numbers, desk, room, depth)
            paint_voxels(corner, level, below, edge, shape, program, desk, depth, room.topmost, labels, tissues)
            if share.size:
                if desk.layer_count[below] + 3 > len(part):
                    part = np.empty((2 * desk.layer_count[below], count), np.float32)
                mix_voxels(corner, level, below, edge, shape, program, desk, depth, part, per_mm, tissues, other, share)


@inlined
def next_block(level, corner, done, shape):
    """Step to the next block of `level` within the grid and its parent block; false if there is none."""
    edge = EDGES[level]
    while done[level] < 8:
        n = done[level]
        corner[level, 0] = corner[level - 1, 0] + edge * (n >> 2)
        corner[level, 1] = corner[level - 1, 1] + edge * ((n >> 1) & 1)
        corner[level, 2] = corner[level - 1, 2] + edge * (n & 1)
        if corner[level, 0] < shape[0] and corner[level, 1] < shape[1] and corner[level, 2] < shape[2]:
            return True
        done[level] += 1
    return False


@inlined
def fill_block(level, count, numbers, desk, room, depth):
    """Depth of every node of a level, a row each, at the points in `room`."""
    x, y, z, at, place = room.x, room.y, room.z, room.at, room.place
    nodes, values, cones = desk.nodes, desk.values, desk.cones
    for m in range(desk.node_count[level]):
        operation, a, b = nodes[level, m, OPERATION], nodes[level, m, A], nodes[level, m, B]
        if operation == TUBE:
            fill_tube(x, y, z, cones, level, nodes[level, m, FIRST], nodes[level, m, LAST], depth, m, count)
        elif a >= 0:
            fill_node(operation, a, b if b >= 0 else a, values[level, m, VALUE], depth, m, count)
        else:
            fill_leaf(operation, x, y, z, numbers, nodes[level, m, FIRST], at, place, depth, m, count)
