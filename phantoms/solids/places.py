"""Where the voxels of a block lie in the reference body: the grid's affine, then linear in a lattice of places."""

from typing import NamedTuple

import numpy as np
from numpy import float32, ndarray, uint32

from phantoms.solids.arithmetic import ONE, ZERO, compiled, inlined
from phantoms.solids.shapes import lattice_cell, trilinear

ROOM, SLACK_MM = float32(1.06), float32(0.05)
"""A block's radius is taken so much larger than its corners say, since the deformation bends its faces."""
X, Y, Z = uint32(0), uint32(1), uint32(2)


class View(NamedTuple):
    """Where the voxels lie: grid affine, and the lattice that leads from the patient to the reference body.

    warp: reference x, y, z of every point of the lattice. shape, first, step: of the lattice. level: of the blocks that
    the grid is cut into.
    """

    affine: ndarray
    warp: ndarray
    shape: ndarray
    first: ndarray
    step: float32
    level: int


@inlined
def warped(warp, at, ny, nz, axis, fu, fv, fw):
    """One coordinate in the reference body of a point in a cell of the lattice."""
    three = uint32(3)
    return trilinear(warp, three * at + axis, three, three * nz, three * nz * ny, fu, fv, fw)


@compiled
def place(corner, level, di, dj, dk, view):
    """Where a point some voxels from a block's corner lies in the reference body."""
    i, j, k = corner[level, 0] + di, corner[level, 1] + dj, corner[level, 2] + dk
    a, n, shape, first = view.affine, view.warp, view.shape, view.first
    px = float32(a[0, 0] * i + a[0, 1] * j + a[0, 2] * k + a[0, 3])
    py = float32(a[1, 0] * i + a[1, 1] * j + a[1, 2] * k + a[1, 3])
    pz = float32(a[2, 0] * i + a[2, 1] * j + a[2, 2] * k + a[2, 3])
    nx, ny, nz = uint32(shape[0]), uint32(shape[1]), uint32(shape[2])
    per_mm = ONE / view.step
    u, v, w = (px - first[0]) * per_mm, (py - first[1]) * per_mm, (pz - first[2]) * per_mm
    at, fu, fv, fw = lattice_cell(u, v, w, nx, ny, nz)
    x, y = warped(n, at, ny, nz, X, fu, fv, fw), warped(n, at, ny, nz, Y, fu, fv, fw)
    return x, y, warped(n, at, ny, nz, Z, fu, fv, fw)


@inlined
def ball(corner, level, edge, view):
    """Middle of a block of voxels in the reference body, and a radius that holds all of the block."""
    step = float(edge - 1)
    x, y, z = place(corner, level, 0.5 * step, 0.5 * step, 0.5 * step, view)
    reach = ZERO
    for n in range(8):
        cx, cy, cz = place(corner, level, step * (n & 1), step * ((n >> 1) & 1), step * ((n >> 2) & 1), view)
        dx, dy, dz = cx - x, cy - y, cz - z
        reach = max(reach, np.sqrt(dx * dx + dy * dy + dz * dz))
    return x, y, z, reach * ROOM + SLACK_MM


@compiled
def fill_places(corner, level, edge, view, room):
    """Where the voxels of a block lie in the reference body, into `room`."""
    affine, f, at = view.affine, room.place, room.at
    for i in range(edge):
        for j in range(edge):
            gi, gj = corner[level, 0] + i, corner[level, 1] + j
            for n in range(3):
                here = affine[n, 0] * gi + affine[n, 1] * gj + affine[n, 3]
                for k in range(edge):
                    f[n, (i * edge + j) * edge + k] = float32(here + affine[n, 2] * (corner[level, 2] + k))
    nx, ny, nz = uint32(view.shape[0]), uint32(view.shape[1]), uint32(view.shape[2])
    fx, fy, fz, per_mm = view.first[0], view.first[1], view.first[2], ONE / view.step
    count = edge**3
    for p in range(count):
        u, v, w = (f[0, p] - fx) * per_mm, (f[1, p] - fy) * per_mm, (f[2, p] - fz) * per_mm
        at[p], f[0, p], f[1, p], f[2, p] = lattice_cell(u, v, w, nx, ny, nz)
    n, x, y, z = view.warp, room.x, room.y, room.z
    for p in range(count):
        fu, fv, fw = f[0, p], f[1, p], f[2, p]
        x[p] = warped(n, at[p], ny, nz, X, fu, fv, fw)
        y[p] = warped(n, at[p], ny, nz, Y, fu, fv, fw)
        z[p] = warped(n, at[p], ny, nz, Z, fu, fv, fw)
