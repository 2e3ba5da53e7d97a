"""Depth of a node at all points of a block: one row of numbers each, by loops that vectorize.

x, y, z: (m,) the points. out: (rows, m); what is computed stands in one of its rows, up to `count`.
"""

import numpy as np
from numpy import uint32

from phantoms.solids.arithmetic import FAR, ONE, TINY, ZERO, compiled, inlined, sine, smooth
from phantoms.solids.program import (
    ALL_BUT,
    BOTH,
    EITHER,
    ELLIPSOID,
    FLATNESS,
    LATTICE,
    PLANE,
    POLAR,
    SHEET,
    SMOOTH,
    SUM,
    WAVES,
)
from phantoms.solids.shapes import (
    cell,
    cushion,
    ellipsoid,
    lattice_cell,
    off_axis,
    polar_cell,
    polar_depth,
    sheet_cell,
    sheet_depth,
    trilinear,
)


@compiled
def fill_leaf(operation, x, y, z, n, s, at, place, out, row, count):
    """Depth in a leaf (no tube) whose numbers `n` begin at `s`; at: (m,), place: (3, m), room to look into tables."""
    if operation == PLANE:
        a, b, c, d = n[s], n[s + 1], n[s + 2], n[s + 3]
        for p in range(count):
            out[row, p] = x[p] * a + y[p] * b + z[p] * c - d
    elif operation == POLAR:
        fill_polar(x, y, z, n, s, at, place, out, row, count)
    elif operation == SHEET:
        fill_turned(x, y, z, n, s, place, count)
        fill_sheet(n, s, at, place, out, row, count)
    elif operation == LATTICE:
        fill_turned(x, y, z, n, s, place, count)
        fill_lattice(n, s, at, place, out, row, count)
    elif operation == WAVES:
        fill_waves(x, y, z, n, s, out, row, count)
    else:
        fill_turned(x, y, z, n, s, place, count)
        fill_ellipsoid(operation, place, n[s + 12], n[s + 13], n[s + 14], out, row, count)


@inlined
def fill_turned(x, y, z, n, s, place, count):
    """Places of the points along the axes that begin at number `s`, into the rows of `place`."""
    a0, a1, a2, a3 = n[s], n[s + 1], n[s + 2], n[s + 9]
    b0, b1, b2, b3 = n[s + 3], n[s + 4], n[s + 5], n[s + 10]
    c0, c1, c2, c3 = n[s + 6], n[s + 7], n[s + 8], n[s + 11]
    for p in range(count):
        place[0, p] = x[p] * a0 + y[p] * a1 + z[p] * a2 - a3
        place[1, p] = x[p] * b0 + y[p] * b1 + z[p] * b2 - b3
        place[2, p] = x[p] * c0 + y[p] * c1 + z[p] * c2 - c3


@inlined
def fill_ellipsoid(operation, place, ra, rb, rc, out, row, count):
    """Depth in an ellipsoid or cushion."""
    if operation == ELLIPSOID:
        for p in range(count):
            out[row, p] = ellipsoid(place[0, p], place[1, p], place[2, p], ra, rb, rc)
    else:
        for p in range(count):
            out[row, p] = cushion(place[0, p], place[1, p], place[2, p], ra, rb, rc)


@inlined
def fill_sheet(n, s, at, f, out, row, count):
    """Depth over a height field: where to look, which vectorizes, then the looking."""
    first_u, first_v, step, nu, nv = n[s + 12], n[s + 13], n[s + 14], uint32(n[s + 15]), uint32(n[s + 16])
    for p in range(count):
        at[p], f[0, p], f[1, p] = sheet_cell(f[0, p], f[1, p], first_u, first_v, step, nu, nv)
    start, pairs = uint32(s + 17), uint32(2) * nv
    for p in range(count):
        out[row, p] = sheet_depth(n, start + uint32(2) * at[p], pairs, f[0, p], f[1, p], f[2, p])


@inlined
def fill_polar(x, y, z, n, s, at, f, out, row, count):
    """Depth in an outline: where to look, which vectorizes, then the looking."""
    heights, angles, first, step = uint32(n[s]), uint32(n[s + 1]), n[s + 2], n[s + 3]
    for p in range(count):
        at[p], f[0, p] = cell((z[p] - first) / step, heights)
    axis = uint32(s + 4)
    for p in range(count):
        f[1, p], f[2, p] = off_axis(x[p], y[p], n, axis + uint32(2) * at[p], f[0, p])
    for p in range(count):
        at[p], f[1, p], f[2, p] = polar_cell(f[1, p], f[2, p], at[p], angles)
    start, pairs = axis + uint32(2) * heights, uint32(2) * angles
    for p in range(count):
        out[row, p] = polar_depth(n, start + uint32(2) * at[p], pairs, f[0, p], f[1, p], f[2, p])


@inlined
def fill_lattice(n, s, at, f, out, row, count):
    """Depth on a lattice: where to look, which vectorizes, then the looking."""
    nx, ny, nz = uint32(n[s + 12]), uint32(n[s + 13]), uint32(n[s + 14])
    for p in range(count):
        at[p], f[0, p], f[1, p], f[2, p] = lattice_cell(f[0, p], f[1, p], f[2, p], nx, ny, nz)
    start = uint32(s + 16)
    for p in range(count):
        out[row, p] = trilinear(n, start + at[p], uint32(1), nz, ny * nz, f[0, p], f[1, p], f[2, p])


@inlined
def fill_waves(x, y, z, n, s, out, row, count):
    """Sum of waves."""
    for p in range(count):
        out[row, p] = ZERO
    for i in range(np.int32(n[s])):
        k = s + 3 + 5 * i
        kx, ky, kz, phase, high = n[k], n[k + 1], n[k + 2], n[k + 3], n[k + 4]
        for p in range(count):
            out[row, p] += high * sine(x[p] * kx + y[p] * ky + z[p] * kz + phase)


@compiled
def fill_tube(x, y, z, cones, level, first, last, out, row, count):
    """Depth in the deepest of the cones `first` to `last` of a level; cones: (levels, CONE, m)."""
    for p in range(count):
        out[row, p] = -FAR
    for c in range(first, last):
        ax, ay, az = cones[level, 0, c], cones[level, 1, c], cones[level, 2, c]
        ux, uy, uz = cones[level, 3, c], cones[level, 4, c], cones[level, 5, c]
        r, dr, inverse = cones[level, 6, c], cones[level, 7, c], cones[level, 8, c]
        if cones[level, FLATNESS, c] < ONE:
            mx, my, mz = cones[level, 9, c], cones[level, 10, c], cones[level, 11, c]
            for p in range(count):
                px, py, pz = x[p] - ax, y[p] - ay, z[p] - az
                t = min(max((px * ux + py * uy + pz * uz) * inverse, ZERO), ONE)
                qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
                along = qx * mx + qy * my + qz * mz
                s = np.sqrt(qx * qx + qy * qy + qz * qz + along * along)
                gx, gy, gz = qx + along * mx, qy + along * my, qz + along * mz
                g = np.sqrt(gx * gx + gy * gy + gz * gz)
                out[row, p] = max(out[row, p], (r + t * dr - s) * s / max(g, TINY))
        else:
            for p in range(count):
                px, py, pz = x[p] - ax, y[p] - ay, z[p] - az
                t = min(max((px * ux + py * uy + pz * uz) * inverse, ZERO), ONE)
                qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
                out[row, p] = max(out[row, p], r + t * dr - np.sqrt(qx * qx + qy * qy + qz * qz))


@compiled
def fill_node(operation, a, b, value, out, row, count):
    """Depth of a combination, from the rows of its children."""
    if operation == EITHER:
        for p in range(count):
            out[row, p] = max(out[a, p], out[b, p])
    elif operation == BOTH:
        for p in range(count):
            out[row, p] = min(out[a, p], out[b, p])
    elif operation == SUM:
        for p in range(count):
            out[row, p] = out[a, p] + out[b, p]
    elif operation == SMOOTH:
        for p in range(count):
            out[row, p] = smooth(out[a, p], out[b, p], value)
    elif operation == ALL_BUT:
        for p in range(count):
            out[row, p] = -out[a, p]
    else:
        for p in range(count):
            out[row, p] = out[a, p] + value
