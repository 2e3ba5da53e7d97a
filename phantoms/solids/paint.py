"""Voxels take layers: the topmost that each lies in, and the second tissue of those on a boundary."""

import numpy as np
from numpy import float32

from phantoms.solids.arithmetic import HALF, ONE, ZERO, compiled

AIR = np.uint8(0)
"""The tissue where there is no layer."""


@compiled
def paint_whole(corner, level, edge, shape, label, tissue, labels, tissues):
    """A block that is all one layer."""
    for i in range(corner[level, 0], min(corner[level, 0] + edge, shape[0])):
        for j in range(corner[level, 1], min(corner[level, 1] + edge, shape[1])):
            for k in range(corner[level, 2], min(corner[level, 2] + edge, shape[2])):
                labels[i, j, k] = label
                tissues[i, j, k] = tissue


@compiled
def paint_voxels(corner, at, level, edge, shape, program, desk, depth, topmost, labels, tissues):
    """Every voxel takes the topmost layer that it lies in; corner[at]: of the block; depth: (rows, voxels) mm."""
    count, layers, roots, label, tissue = edge**3, desk.layers, desk.root, program.label, program.tissue
    for p in range(count):
        topmost[p] = desk.under[level]
    for m in range(desk.layer_count[level] - 1, -1, -1):
        layer, row = layers[level, m], roots[level, m]
        for p in range(count):
            topmost[p] = layer if depth[row, p] > ZERO else topmost[p]
    x, y, z = corner[at, 0], corner[at, 1], corner[at, 2]
    for i in range(min(edge, shape[0] - x)):
        for j in range(min(edge, shape[1] - y)):
            for k in range(min(edge, shape[2] - z)):
                layer = topmost[(i * edge + j) * edge + k]
                if layer >= 0:
                    labels[x + i, y + j, z + k] = label[layer]
                    tissues[x + i, y + j, z + k] = tissue[layer]


@compiled
def mix_voxels(corner, at, level, edge, shape, program, desk, depth, part, per_mm, tissues, other, share):
    """The second tissue of every voxel, and its share of the two; part: room as for `depth`."""
    held = np.zeros(256, np.float32)
    kinds = kinds_of(level, program, desk)
    layers = len(kinds)
    fill_parts(level, layers, edge**3, desk, depth, part, per_mm)
    x, y, z = corner[at, 0], corner[at, 1], corner[at, 2]
    for i in range(min(edge, shape[0] - x)):
        for j in range(min(edge, shape[1] - y)):
            for k in range(min(edge, shape[2] - z)):
                p = (i * edge + j) * edge + k
                if part[layers, p] == ONE or part[layers + 1, p] == ZERO:
                    continue
                for m in range(layers):
                    held[kinds[m]] += part[m, p]
                held[AIR] += ONE - part[layers + 1, p]
                own = tissues[x + i, y + j, z + k]
                best, most = own, ZERO
                if own != AIR and held[AIR] > ZERO:
                    best, most = AIR, held[AIR]
                for m in range(layers):
                    kind = kinds[m]
                    if part[m, p] > ZERO and kind != own and held[kind] > most:
                        best, most = kind, held[kind]
                if most > ZERO:
                    other[x + i, y + j, z + k] = best
                    share[x + i, y + j, z + k] = np.uint8(most / (held[own] + most) * float32(255) + HALF)
                held[AIR] = ZERO
                for m in range(layers):
                    held[kinds[m]] = ZERO


@compiled
def kinds_of(level, program, desk):
    """The tissue of every layer that a block holds, the one under all of them last."""
    kept, under, layers, tissue = desk.layer_count[level], desk.under[level], desk.layers, program.tissue
    kinds = np.empty(kept + 1 if under >= 0 else kept, np.uint8)
    for m in range(kept):
        kinds[m] = tissue[layers[level, m]]
    if under >= 0:
        kinds[kept] = tissue[under]
    return kinds


@compiled
def fill_parts(level, layers, count, desk, depth, part, per_mm):
    """How much of every voxel each layer fills, a row each; then the largest of these, then their sum.

    Layers down to one of depth d fill 1/2 + d / voxel together: layers that share a surface, as the parts of an organ
    do, fill the voxel once. What they leave is air.
    """
    largest, filled, kept, roots = layers, layers + 1, desk.layer_count[level], desk.root
    for p in range(count):
        part[largest, p], part[filled, p] = ZERO, ZERO
    for m in range(layers):
        if m < kept:
            row = roots[level, m]
            for p in range(count):
                part[m, p] = max(min(HALF + depth[row, p] * per_mm, ONE) - part[filled, p], ZERO)
        else:
            for p in range(count):
                part[m, p] = max(ONE - part[filled, p], ZERO)
        for p in range(count):
            part[filled, p] += part[m, p]
            part[largest, p] = max(part[largest, p], part[m, p])
