"""The fast twin of `Solid.depth`: blocks of voxels, each looking only at the solids that can matter in it.

A block first asks every node for bounds of its depth over the block (interval arithmetic: the depth at the middle, give
or take the block's radius times the node's steepness). A layer whose bounds are negative is not there, one whose bounds
are positive covers all below it, and a node that neither needs is left out. What is left is handed to the eight times
smaller blocks inside; only blocks with a surface in them are computed voxel by voxel. M. Keeter, Massively parallel
rendering of complex closed-form implicit surfaces, ACM Trans. Graph. 39(4), 2020.

All of it stands in one file because numba's cache on disk only notices changes in the file of the outermost function.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import float32, int32, ndarray

EXACT = {"error_model": "numpy", "fastmath": {"nnan", "ninf", "nsz"}}
"""No sum is reordered, so a voxel has the same bits in any block; but no NaN is looked for either.

Rows are named by their number (`out[row, p]`), not by a slice, and room is made once: each slice and each new array
would be counted and freed again by atomic operations, once per node and block."""
compiled = njit(**EXACT)
inlined = njit(inline="always", **EXACT)

PLANE, ELLIPSOID, CUSHION, TUBE, SHEET, POLAR, LATTICE, WAVES = range(8)
EITHER, BOTH, SUM, SMOOTH, ALL_BUT, SHIFTED = range(8, 14)
CONE = 14
"""Numbers of a cone: start (3), along (3), radius, its change, 1 / length^2, stretch (3), its size, steepness."""

LEVELS = (8, 4, 2, 1)
"""Edges of the nested blocks, in edges of the smallest."""
CHUNK = 512
"""So many points are computed at once where no blocks are."""

FILLET = float32(1.25)
"""A fillet reaches as far as this share of its width beyond the surface that it rounds."""
ROOM, SLACK_MM = float32(1.06), float32(0.05)
"""A block's radius is taken so much larger than its corners say, since the deformation bends its faces."""

ZERO, ONE, HALF, TINY = float32(0), float32(1), float32(0.5), float32(1e-6)
AIR = np.uint8(0)
"""The tissue where there is no layer."""
FAR = float32(1e4)
CUSHION_STEEP, INNER = float32(0.75), float32(0.4)
TURN = float32(2 * np.pi)
SINE = tuple(float32(c) for c in (6.28318279, -41.34141938, 81.59613849, -76.57968507, 41.20373129, -12.26884019))
ARCTAN = tuple(
    float32(c) for c in (0.99999663, -0.33318303, 0.19813211, -0.13247512, 0.079811, -0.03372575, 0.00684256)
)
"""Least-squares odd polynomials: sin of 2 pi x for |x| <= 1/2 and arctan x for 0 <= x <= 1."""


@inlined
def sine(x):
    """sin x to 3e-6, without a branch: an odd polynomial in turns."""
    x = x / TURN
    x = x - np.floor(x + HALF)
    t = x * x
    high = SINE[3] + t * (SINE[4] + t * SINE[5])
    return x * (SINE[0] + t * (SINE[1] + t * (SINE[2] + t * high)))


@inlined
def turns(x, y):
    """atan2(x, y) as a share of a whole turn, -1/2 to 1/2, to 1e-6 of a turn."""
    ax, ay = np.abs(x), np.abs(y)
    low, high = min(ax, ay), max(max(ax, ay), TINY)
    a = low / high
    s = a * a
    high = ARCTAN[3] + s * (ARCTAN[4] + s * (ARCTAN[5] + s * ARCTAN[6]))
    r = a * (ARCTAN[0] + s * (ARCTAN[1] + s * (ARCTAN[2] + s * high)))
    r = float32(np.pi / 2) - r if ax > ay else r
    r = float32(np.pi) - r if y < ZERO else r
    r = -r if x < ZERO else r
    return r / TURN


# --- depth of every leaf at one point ------------------------------------------------------------------------------


@inlined
def plane(x, y, z, n, s):
    """Depth in a half space."""
    return x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 3]


@inlined
def turned(x, y, z, n, s):
    """Place of a point along the axes that begin at number `s`."""
    u = x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 9]
    v = x * n[s + 3] + y * n[s + 4] + z * n[s + 5] - n[s + 10]
    w = x * n[s + 6] + y * n[s + 7] + z * n[s + 8] - n[s + 11]
    return u, v, w


@inlined
def ellipsoid(u, v, w, ra, rb, rc):
    """Depth in an ellipsoid, from places along its axes in radii."""
    k = max(np.sqrt(u * u + v * v + w * w), TINY)
    ga, gb, gc = u / (k * ra), v / (k * rb), w / (k * rc)
    steep = max(np.sqrt(ga * ga + gb * gb + gc * gc), HALF / max(ra, max(rb, rc)))
    return min((ONE - k) / steep, min(ra, min(rb, rc)))


@inlined
def cushion(u, v, w, ra, rb, rc):
    """Depth in a cushion (fourth powers), from places along its axes in radii."""
    u2, v2, w2 = u * u, v * v, w * w
    k = max(np.sqrt(np.sqrt(u2 * u2 + v2 * v2 + w2 * w2)), TINY)
    k3 = k * k * k
    ga, gb, gc = u2 * u / (k3 * ra), v2 * v / (k3 * rb), w2 * w / (k3 * rc)
    steep = max(np.sqrt(ga * ga + gb * gb + gc * gc), HALF / max(ra, max(rb, rc)))
    return min((ONE - k) / steep, min(ra, min(rb, rc)))


@inlined
def cell(value, count):
    """A fractional place among `count` points, kept between them: the point below, and how far beyond it."""
    inside = min(max(value, ZERO), float32(count - 1))
    below = min(int32(inside), int32(count - 2))
    return below, inside - float32(below)


@inlined
def bilinear(n, at, row, f, g):
    """The first number of the pairs at `at`, linear in both directions; rows are `row` numbers apart."""
    low = n[at] + g * (n[at + 2] - n[at])
    high = n[at + row] + g * (n[at + row + 2] - n[at + row])
    return low + f * (high - low)


@inlined
def sheet_cell(u, v, first_u, first_v, step, nu, nv):
    """The cell of a height field under a place: its number, and how far in it."""
    i, fu = cell((u - first_u) / step, nu)
    j, fv = cell((v - first_v) / step, nv)
    return i * nv + j, fu, fv


@inlined
def sheet_depth(n, at, row, fu, fv, w):
    """Depth over a height field."""
    return (w - bilinear(n, at, row, fu, fv)) * bilinear(n, at + 1, row, fu, fv)


@inlined
def off_axis(x, y, n, at, fh):
    """Place of a point from the axis of an outline, whose own x and y lie at `at`."""
    return x - n[at] - fh * (n[at + 2] - n[at]), y - n[at + 1] - fh * (n[at + 3] - n[at + 1])


@inlined
def polar_cell(dx, dy, i, angles):
    """The cell of an outline's table at height i: its number, how far in it around, and the distance from the axis."""
    j, fa = cell((turns(dx, dy) + HALF) * float32(angles - 1), angles)
    return i * angles + j, fa, np.sqrt(dx * dx + dy * dy)


@inlined
def polar_depth(n, at, row, fh, fa, rho):
    """Depth in an outline r(angle, height)."""
    return (bilinear(n, at, row, fh, fa) - rho) * bilinear(n, at + 1, row, fh, fa)


@inlined
def lattice_cell(u, v, w, nx, ny, nz):
    """The cell of a lattice: its number, and how far in it."""
    i, fu = cell(u, nx)
    j, fv = cell(v, ny)
    k, fw = cell(w, nz)
    return (i * ny + j) * nz + k, fu, fv, fw


@inlined
def lattice_depth(n, at, row, layer, fu, fv, fw):
    """Depth known on a lattice."""
    a = n[at] + fw * (n[at + 1] - n[at])
    b = n[at + row] + fw * (n[at + row + 1] - n[at + row])
    low = a + fv * (b - a)
    at += layer
    a = n[at] + fw * (n[at + 1] - n[at])
    b = n[at + row] + fw * (n[at + row + 1] - n[at + row])
    return low + fu * (a + fv * (b - a) - low)


@inlined
def lattice(x, y, z, n, s):
    """Depth on the lattice that begins at number `s`."""
    u, v, w = turned(x, y, z, n, s)
    nx, ny, nz = int32(n[s + 12]), int32(n[s + 13]), int32(n[s + 14])
    at, fu, fv, fw = lattice_cell(u, v, w, nx, ny, nz)
    return lattice_depth(n, int32(s + 16) + at, nz, ny * nz, fu, fv, fw)


@inlined
def waves(x, y, z, n, s):
    """Sum of the waves that begin at number `s`."""
    total = ZERO
    for i in range(int32(n[s])):
        at = s + 3 + 5 * i
        total += n[at + 4] * sine(x * n[at] + y * n[at + 1] + z * n[at + 2] + n[at + 3])
    return total


# --- bounds of every node over a ball ------------------------------------------------------------------------------


@compiled
def leaf_bounds(operation, x, y, z, r, n, s):
    """Lowest and highest depth that a leaf (no tube) can have within `r` mm of a point."""
    if operation in (ELLIPSOID, CUSHION):
        return ellipsoid_bounds(operation, x, y, z, r, n, s)
    if operation == SHEET:
        return sheet_bounds(x, y, z, r, n, s)
    if operation == POLAR:
        return polar_bounds(x, y, z, r, n, s)
    if operation == WAVES:
        inside, reach = waves(x, y, z, n, s), n[s + 1] * r
        return max(inside - reach, -n[s + 2]), min(inside + reach, n[s + 2])
    if operation == LATTICE:
        inside, reach = lattice(x, y, z, n, s), n[s + 15] * r
        return inside - reach, inside + reach
    inside = plane(x, y, z, n, s)
    return inside - r, inside + r


@inlined
def flattened(low, high, flattest):
    """Bounds of a depth that is measured along an axis, when it is divided by the surface's steepness."""
    return low * (flattest if low > ZERO else ONE), high * (ONE if high > ZERO else flattest)


@compiled
def sheet_bounds(x, y, z, r, n, s):
    """Bounds of a height field, from its greatest slope."""
    u, v, w = turned(x, y, z, n, s)
    nv = int32(n[s + 16])
    at, fu, fv = sheet_cell(u, v, n[s + 12], n[s + 13], n[s + 14], int32(n[s + 15]), nv)
    above = w - bilinear(n, int32(s + 19) + int32(2) * at, int32(2) * nv, fu, fv)
    return flattened(above - n[s + 17] * r, above + n[s + 17] * r, n[s + 18])


@compiled
def polar_bounds(x, y, z, r, n, s):
    """Bounds of an outline, from the greatest slopes at the heights within reach; around the axis from its radii."""
    heights, angles, first, step = int32(n[s]), int32(n[s + 1]), n[s + 2], n[s + 3]
    i, fh = cell((z - first) / step, heights)
    dx, dy = off_axis(x, y, n, int32(s + 4) + int32(2) * i, fh)
    at, fa, rho = polar_cell(dx, dy, i, angles)
    start, row = int32(s + 4) + int32(2) * heights, int32(2) * angles
    inside = bilinear(n, start + int32(2) * at, row, fh, fa) - rho
    low, _ = cell((z - r - first) / step, heights)
    high, _ = cell((z + r - first) / step, heights)
    steep, flattest, narrowest = ONE, ONE, FAR
    for k in range(low, high + 2):
        bounds = start + row * heights + int32(3) * int32(k)
        steep = max(steep, n[bounds])
        flattest = min(flattest, n[bounds + 1])
        narrowest = min(narrowest, n[bounds + 2])
    if rho - r < INNER * narrowest:
        least = narrowest - rho - r
        return least * (flattest if least > ZERO else ONE), FAR
    return flattened(inside - steep * r, inside + steep * r, flattest)


@compiled
def ellipsoid_bounds(operation, x, y, z, r, n, s):
    """Bounds of an ellipsoid or cushion: k changes by r / thinnest radius, and depth lies between k times the radii."""
    u, v, w = turned(x, y, z, n, s)
    thin = min(n[s + 12], min(n[s + 13], n[s + 14]))
    wide = max(n[s + 12], max(n[s + 13], n[s + 14]))
    if operation == ELLIPSOID:
        k = np.sqrt(u * u + v * v + w * w)
    else:
        k = np.sqrt(np.sqrt(u * u * u * u + v * v * v * v + w * w * w * w))
        wide = wide / CUSHION_STEEP
    low, high = ONE - k - r / thin, ONE - k + r / thin
    return low * (thin if low > ZERO else wide), min(high * wide, thin) if high > ZERO else high * thin


@inlined
def cone_bounds(x, y, z, r, cones, row):
    """Lowest and highest depth in a cone within `r` mm of a point."""
    ux, uy, uz, stretch = cones[row, 3], cones[row, 4], cones[row, 5], cones[row, 12]
    px, py, pz = x - cones[row, 0], y - cones[row, 1], z - cones[row, 2]
    t = min(max((px * ux + py * uy + pz * uz) * cones[row, 8], ZERO), ONE)
    qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
    along = qx * cones[row, 9] + qy * cones[row, 10] + qz * cones[row, 11]
    inside = cones[row, 6] + t * cones[row, 7] - np.sqrt(qx * qx + qy * qy + qz * qz + along * along)
    reach = r * (stretch + cones[row, 13] - ONE)
    low, high = inside - reach, inside + reach
    return low / stretch if low > ZERO else low, high if high > ZERO else high / stretch


@inlined
def smooth(a, b, width):
    """max(a, b) with a fillet."""
    h = max(ONE - np.abs(a - b) / width, ZERO)
    return max(a, b) + h * h * width * float32(0.25)


# --- a block, voxel by voxel ---------------------------------------------------------------------------------------


@compiled
def fill_leaf(operation, x, y, z, n, s, room, out, row, count):
    """Depth of a leaf (no tube) at `count` points, into a row of `out`; x, y, z: (m,); room: as `Room` has it."""
    if operation == PLANE:
        a, b, c, d = n[s], n[s + 1], n[s + 2], n[s + 3]
        for p in range(count):
            out[row, p] = x[p] * a + y[p] * b + z[p] * c - d
    elif operation in (ELLIPSOID, CUSHION):
        fill_ellipsoid(operation, x, y, z, n, s, out, row, count)
    elif operation == SHEET:
        fill_sheet(x, y, z, n, s, room, out, row, count)
    elif operation == POLAR:
        fill_polar(x, y, z, n, s, room, out, row, count)
    elif operation == LATTICE:
        fill_lattice(x, y, z, n, s, room, out, row, count)
    else:
        for p in range(count):
            out[row, p] = ZERO
        for i in range(int32(n[s])):
            at = s + 3 + 5 * i
            kx, ky, kz, phase, high = n[at], n[at + 1], n[at + 2], n[at + 3], n[at + 4]
            for p in range(count):
                out[row, p] += high * sine(x[p] * kx + y[p] * ky + z[p] * kz + phase)


@compiled
def fill_ellipsoid(operation, x, y, z, n, s, out, row, count):
    """Depth in an ellipsoid or cushion; its numbers in variables, so that it vectorizes."""
    a0, a1, a2, a3 = n[s], n[s + 1], n[s + 2], n[s + 9]
    b0, b1, b2, b3 = n[s + 3], n[s + 4], n[s + 5], n[s + 10]
    c0, c1, c2, c3 = n[s + 6], n[s + 7], n[s + 8], n[s + 11]
    ra, rb, rc = n[s + 12], n[s + 13], n[s + 14]
    if operation == ELLIPSOID:
        for p in range(count):
            u = x[p] * a0 + y[p] * a1 + z[p] * a2 - a3
            v = x[p] * b0 + y[p] * b1 + z[p] * b2 - b3
            w = x[p] * c0 + y[p] * c1 + z[p] * c2 - c3
            out[row, p] = ellipsoid(u, v, w, ra, rb, rc)
    else:
        for p in range(count):
            u = x[p] * a0 + y[p] * a1 + z[p] * a2 - a3
            v = x[p] * b0 + y[p] * b1 + z[p] * b2 - b3
            w = x[p] * c0 + y[p] * c1 + z[p] * c2 - c3
            out[row, p] = cushion(u, v, w, ra, rb, rc)


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


@compiled
def fill_sheet(x, y, z, n, s, room, out, row, count):
    """Depth over a height field: where to look, which vectorizes, then the looking."""
    at, f = room.cell, room.place
    fill_turned(x, y, z, n, s, f, count)
    first_u, first_v, step, nu, nv = n[s + 12], n[s + 13], n[s + 14], int32(n[s + 15]), int32(n[s + 16])
    for p in range(count):
        at[p], f[0, p], f[1, p] = sheet_cell(f[0, p], f[1, p], first_u, first_v, step, nu, nv)
    start, pairs = int32(s + 19), int32(2) * nv
    for p in range(count):
        out[row, p] = sheet_depth(n, start + int32(2) * at[p], pairs, f[0, p], f[1, p], f[2, p])


@compiled
def fill_polar(x, y, z, n, s, room, out, row, count):
    """Depth in an outline: where to look, which vectorizes, then the looking."""
    at, f = room.cell, room.place
    heights, angles, first, step = int32(n[s]), int32(n[s + 1]), n[s + 2], n[s + 3]
    for p in range(count):
        at[p], f[0, p] = cell((z[p] - first) / step, heights)
    for p in range(count):
        f[1, p], f[2, p] = off_axis(x[p], y[p], n, int32(s + 4) + int32(2) * at[p], f[0, p])
    for p in range(count):
        at[p], f[1, p], f[2, p] = polar_cell(f[1, p], f[2, p], at[p], angles)
    start, pairs = int32(s + 4) + int32(2) * heights, int32(2) * angles
    for p in range(count):
        out[row, p] = polar_depth(n, start + int32(2) * at[p], pairs, f[0, p], f[1, p], f[2, p])


@compiled
def fill_lattice(x, y, z, n, s, room, out, row, count):
    """Depth on a lattice: where to look, which vectorizes, then the looking."""
    at, f = room.cell, room.place
    fill_turned(x, y, z, n, s, f, count)
    nx, ny, nz = int32(n[s + 12]), int32(n[s + 13]), int32(n[s + 14])
    for p in range(count):
        at[p], f[0, p], f[1, p], f[2, p] = lattice_cell(f[0, p], f[1, p], f[2, p], nx, ny, nz)
    start = int32(s + 16)
    for p in range(count):
        out[row, p] = lattice_depth(n, start + at[p], nz, ny * nz, f[0, p], f[1, p], f[2, p])


@compiled
def fill_tube(x, y, z, cones, rows, level, first, last, out, row, count):
    """Depth in the deepest of the cones `rows[level, first:last]`."""
    for p in range(count):
        out[row, p] = -FAR
    for m in range(first, last):
        n = rows[level, m]
        ax, ay, az, ux, uy, uz = cones[n, 0], cones[n, 1], cones[n, 2], cones[n, 3], cones[n, 4], cones[n, 5]
        r, dr, inverse = cones[n, 6], cones[n, 7], cones[n, 8]
        if cones[n, 12] > ONE:
            mx, my, mz = cones[n, 9], cones[n, 10], cones[n, 11]
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


@inlined
def fill_places(corner, level, view, room):
    """Where the voxels of a block lie in the reference body, into `room`: linear between the points of the lattice."""
    edge, affine, f, at = view.edge, view.affine, room.place, room.cell
    for i in range(edge):
        for j in range(edge):
            gi, gj = corner[level, 0] + i, corner[level, 1] + j
            for n in range(3):
                here = affine[n, 0] * gi + affine[n, 1] * gj + affine[n, 3]
                for k in range(edge):
                    f[n, (i * edge + j) * edge + k] = float32(here + affine[n, 2] * (corner[level, 2] + k))
    nx, ny, nz = int32(view.shape[0]), int32(view.shape[1]), int32(view.shape[2])
    fx, fy, fz, per_mm = view.first[0], view.first[1], view.first[2], ONE / view.step
    count = edge**3
    for p in range(count):
        u, v, w = (f[0, p] - fx) * per_mm, (f[1, p] - fy) * per_mm, (f[2, p] - fz) * per_mm
        at[p], f[0, p], f[1, p], f[2, p] = lattice_cell(u, v, w, nx, ny, nz)
    layer, n, x, y, z = nx * ny * nz, view.warp, room.x, room.y, room.z
    for p in range(count):
        x[p] = lattice_depth(n, at[p], nz, ny * nz, f[0, p], f[1, p], f[2, p])
        y[p] = lattice_depth(n, at[p] + layer, nz, ny * nz, f[0, p], f[1, p], f[2, p])
        z[p] = lattice_depth(n, at[p] + layer + layer, nz, ny * nz, f[0, p], f[1, p], f[2, p])


# --- the blocks ----------------------------------------------------------------------------------------------------


class Program(NamedTuple):
    """The arrays of a `phantoms.solids.tape.Tape`, as the kernel takes them."""

    nodes: ndarray
    value: ndarray
    need: ndarray
    numbers: ndarray
    cones: ndarray
    spans: ndarray
    roots: ndarray
    label: ndarray
    tissue: ndarray


class View(NamedTuple):
    """Where the voxels lie: grid affine, and the lattice that leads from the patient to the reference body.

    warp: reference x of every point of the lattice, then y, then z. shape, first, step: of the lattice. edge: of the
    smallest block, voxels.
    """

    affine: ndarray
    warp: ndarray
    shape: ndarray
    first: ndarray
    step: float32
    edge: int


class Desk(NamedTuple):
    """Room to work, one row per level: what can still matter there.

    layers, live, rows: indices of layers, nodes and cones, as many as count and span say. root: node of each layer.
    one_of, other_of: children of each live node, as nodes that live there too (-1: none). stands: the node that a node
    of the level above became. low, high: bounds of depth; row_high: of cones.
    """

    layers: ndarray
    root: ndarray
    layer_count: ndarray
    live: ndarray
    one_of: ndarray
    other_of: ndarray
    live_count: ndarray
    rows: ndarray
    span: ndarray
    stands: ndarray
    low: ndarray
    high: ndarray
    row_high: ndarray
    needed: ndarray
    slot: ndarray


class Room(NamedTuple):
    """Room for the points of a block: x, y, z in the reference body; a cell of a table and the place in it (3, n)."""

    x: ndarray
    y: ndarray
    z: ndarray
    cell: ndarray
    place: ndarray


@compiled
def room_for(count):
    """Room for so many points."""
    x, y, z = np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32)
    return Room(x, y, z, np.zeros(count, np.int32), np.zeros((3, count), np.float32))


@compiled
def desk_for(program):
    """An empty desk, all layers, nodes and cones at its level 0."""
    levels, n, layers, cones = len(LEVELS) + 1, len(program.nodes), len(program.roots), len(program.cones)
    desk = Desk(
        np.zeros((levels, layers), np.int32), np.zeros((levels, layers), np.int32), np.zeros(levels, np.int32),
        np.zeros((levels, n), np.int32), np.zeros((levels, n), np.int32), np.zeros((levels, n), np.int32),
        np.zeros(levels, np.int32),
        np.zeros((levels, cones), np.int32), np.zeros((levels, n, 2), np.int32), np.zeros(n, np.int32),
        np.zeros(n, np.float32), np.zeros(n, np.float32), np.zeros(cones, np.float32),
        np.zeros(n, np.bool_), np.zeros(n, np.int32),
    )  # fmt: skip
    desk.layers[0] = np.arange(layers)
    desk.root[0] = program.roots
    desk.live[0] = np.arange(n)
    desk.one_of[0] = program.nodes[:, 1]
    desk.other_of[0] = program.nodes[:, 2]
    desk.rows[0] = np.arange(cones)
    desk.span[0] = program.spans
    desk.layer_count[0], desk.live_count[0] = layers, n
    return desk


@inlined
def winner(node, a, b, margin, program, desk):
    """1 if child a alone decides over the whole block, as far as it matters, 2 if b does, else 0."""
    operation = program.nodes[node, 0]
    low, high = desk.low, desk.high
    if operation in (EITHER, SMOOTH):
        width = program.value[node] if operation == SMOOTH else ZERO
        out = program.need[node, 0] - margin - FILLET * width
        if low[a] >= high[b] + width or high[b] <= out:
            return 1
        return 2 if low[b] >= high[a] + width or high[a] <= out else 0
    if operation == BOTH:
        inside = program.need[node, 1] + margin
        if high[a] <= low[b] or low[b] > inside:
            return 1
        return 2 if high[b] <= low[a] or low[a] > inside else 0
    return 0


@inlined
def bound(level, middle, reach, program, desk):
    """Bounds of every live node within `reach` of `middle`."""
    low, high = desk.low, desk.high
    x, y, z = middle
    for m in range(desk.live_count[level]):
        node = desk.live[level, m]
        operation, a, b = program.nodes[node, 0], desk.one_of[level, m], desk.other_of[level, m]
        if operation == TUBE:
            least, most = -FAR, -FAR
            for r in range(desk.span[level, node, 0], desk.span[level, node, 1]):
                below, above = cone_bounds(x, y, z, reach, program.cones, desk.rows[level, r])
                desk.row_high[r] = above
                least, most = max(least, below), max(most, above)
            low[node], high[node] = least, most
        elif operation == EITHER:
            low[node], high[node] = max(low[a], low[b]), max(high[a], high[b])
        elif operation == BOTH:
            low[node], high[node] = min(low[a], low[b]), min(high[a], high[b])
        elif operation == ALL_BUT:
            low[node], high[node] = -high[a], -low[a]
        elif operation == SHIFTED:
            low[node], high[node] = low[a] + program.value[node], high[a] + program.value[node]
        elif operation == SMOOTH:
            width = program.value[node]
            low[node], high[node] = smooth(low[a], low[b], width), smooth(high[a], high[b], width)
        elif operation == SUM:
            low[node], high[node] = low[a] + low[b], high[a] + high[b]
        else:
            low[node], high[node] = leaf_bounds(
                operation,
                x,
                y,
                z,
                reach,
                program.numbers,
                program.nodes[node, 3],
            )


@inlined
def keep_layers(level, margin, program, desk):
    """Hand down the layers that are there, without those at the bottom that hold nothing.

    True if the last of them covers the whole block and all of them are the same structure and tissue.
    """
    kept = 0
    covered = False
    for m in range(desk.layer_count[level]):
        root = desk.root[level, m]
        if desk.high[root] <= -margin:
            continue
        desk.layers[level + 1, kept] = desk.layers[level, m]
        desk.root[level + 1, kept] = root
        kept += 1
        if desk.low[root] > margin:
            covered = True
            break
    while kept and not program.label[desk.layers[level + 1, kept - 1]]:
        kept -= 1
        covered = False
    desk.layer_count[level + 1] = kept
    same = 0
    if covered:
        one = desk.layers[level + 1, 0]
        for m in range(kept):
            layer = desk.layers[level + 1, m]
            same += program.label[layer] == program.label[one] and program.tissue[layer] == program.tissue[one]
    return covered and same == kept


@inlined
def mark_needed(level, margin, program, desk):
    """Mark the nodes that the kept layers need: roots, and of each needed node the children that can decide."""
    needed = desk.needed
    count = desk.live_count[level]
    for m in range(count):
        needed[desk.live[level, m]] = False
    for m in range(desk.layer_count[level + 1]):
        needed[desk.root[level + 1, m]] = True
    for m in range(count - 1, -1, -1):
        node, a, b = desk.live[level, m], desk.one_of[level, m], desk.other_of[level, m]
        if not needed[node] or a < 0:
            continue
        won = winner(node, a, b, margin, program, desk) if b >= 0 else 1
        if won != 2:
            needed[a] = True
        if won != 1:
            needed[b] = True


@inlined
def keep_nodes(level, margin, program, desk):
    """Hand down the needed nodes, the cones that can be deepest, and who stands for a node that one child decides."""
    below = level + 1
    kept = kept_rows = 0
    for m in range(desk.live_count[level]):
        node, a, b = desk.live[level, m], desk.one_of[level, m], desk.other_of[level, m]
        if not desk.needed[node]:
            continue
        if b >= 0:
            won = winner(node, a, b, margin, program, desk)
            if won:
                desk.stands[node] = desk.stands[a if won == 1 else b]
                continue
        elif program.nodes[node, 0] == TUBE:
            first = kept_rows
            least = max(desk.low[node], program.need[node, 0] - margin)
            for r in range(desk.span[level, node, 0], desk.span[level, node, 1]):
                if desk.row_high[r] >= least:
                    desk.rows[below, kept_rows] = desk.rows[level, r]
                    kept_rows += 1
            desk.span[below, node, 0], desk.span[below, node, 1] = first, kept_rows
        desk.stands[node] = node
        desk.live[below, kept] = node
        desk.one_of[below, kept] = desk.stands[a] if a >= 0 else -1
        desk.other_of[below, kept] = desk.stands[b] if b >= 0 else -1
        kept += 1
    desk.live_count[below] = kept
    for m in range(desk.layer_count[below]):
        desk.root[below, m] = desk.stands[desk.root[below, m]]


@inlined
def fill_block(corner, level, view, program, desk, room, registers):
    """Depth of every live node at every voxel of the block at `corner`, whose live nodes stand one level below."""
    fill_places(corner, level, view, room)
    below, count = level + 1, view.edge**3
    for m in range(desk.live_count[below]):
        node, a, b = desk.live[below, m], desk.one_of[below, m], desk.other_of[below, m]
        operation = program.nodes[node, 0]
        desk.slot[node] = m
        if operation == TUBE:
            first, last = desk.span[below, node, 0], desk.span[below, node, 1]
            fill_tube(room.x, room.y, room.z, program.cones, desk.rows, below, first, last, registers, m, count)
        elif a >= 0:
            one = desk.slot[a]
            two = desk.slot[b] if b >= 0 else one
            fill_node(operation, one, two, program.value[node], registers, m, count)
        else:
            start = program.nodes[node, 3]
            fill_leaf(operation, room.x, room.y, room.z, program.numbers, start, room, registers, m, count)


@njit(nogil=True, cache=True, **EXACT)
def draw_blocks(tiles, shape, voxel_mm, view, program, labels, tissues, other, share):
    """Draw all layers into `labels` and `tissues` within the `tiles` (n, 3) of a grid of `shape`.

    Where `share` is not empty, `other` and `share` (in 1/255) say what else a boundary voxel holds.
    """
    desk = desk_for(program)
    room = room_for(view.edge**3)
    registers = np.zeros((64, view.edge**3), np.float32)
    margin = HALF * float32(voxel_mm) if share.size else ZERO
    per_mm = ONE / float32(voxel_mm)
    last = len(LEVELS) - 1
    corner = np.zeros((len(LEVELS), 3), np.int64)
    done = np.zeros(len(LEVELS), np.int64)
    for tile in range(len(tiles)):
        corner[0], done[0] = tiles[tile], 0
        level = 0
        while level >= 0:
            if level == 0:
                if done[0]:
                    break
            elif not next_block(level, corner, done, shape, view.edge):
                level -= 1
                continue
            done[level] += 1

            edge = view.edge * LEVELS[level]
            middle, reach = ball(corner, level, edge, view)
            bound(level, middle, reach, program, desk)
            whole = keep_layers(level, margin, program, desk)
            if desk.layer_count[level + 1] == 0:
                continue
            if whole:
                layer = desk.layers[level + 1, 0]
                paint_whole(corner[level], edge, shape, program.label[layer], program.tissue[layer], labels, tissues)
                continue
            mark_needed(level, margin, program, desk)
            keep_nodes(level, margin, program, desk)
            if level < last:
                level += 1
                done[level] = 0
                continue

            if desk.live_count[level + 1] > len(registers):
                registers = np.zeros((2 * desk.live_count[level + 1], view.edge**3), np.float32)
            fill_block(corner, level, view, program, desk, room, registers)
            paint_voxels(corner[level], level + 1, view.edge, shape, program, desk, registers, labels, tissues)
            if share.size:
                mix_voxels(
                    corner[level], level + 1, view.edge, shape, program, desk, registers, per_mm, tissues, other, share
                )


@inlined
def next_block(level, corner, done, shape, smallest):
    """Step to the next block of `level` within the grid and its parent block; false if there is none."""
    ratio = LEVELS[level - 1] // LEVELS[level]
    edge = smallest * LEVELS[level]
    while done[level] < ratio**3:
        n = done[level]
        corner[level, 0] = corner[level - 1, 0] + edge * (n // (ratio * ratio))
        corner[level, 1] = corner[level - 1, 1] + edge * ((n // ratio) % ratio)
        corner[level, 2] = corner[level - 1, 2] + edge * (n % ratio)
        if corner[level, 0] < shape[0] and corner[level, 1] < shape[1] and corner[level, 2] < shape[2]:
            return True
        done[level] += 1
    return False


@inlined
def ball(corner, level, edge, view):
    """Middle of a block of voxels in the reference body, and a radius that holds all of the block."""
    step = edge - 1
    x, y, z = place(corner, level, 0.5 * step, 0.5 * step, 0.5 * step, view)
    reach = ZERO
    for n in range(8):
        cx, cy, cz = place(corner, level, step * (n & 1), step * ((n >> 1) & 1), step * ((n >> 2) & 1), view)
        dx, dy, dz = cx - x, cy - y, cz - z
        reach = max(reach, np.sqrt(dx * dx + dy * dy + dz * dz))
    return (x, y, z), reach * ROOM + SLACK_MM


@compiled
def place(corner, level, di, dj, dk, view):
    """Where a point some voxels from a block's corner lies in the reference body."""
    i, j, k = corner[level, 0] + di, corner[level, 1] + dj, corner[level, 2] + dk
    a, n = view.affine, view.warp
    px = float32(a[0, 0] * i + a[0, 1] * j + a[0, 2] * k + a[0, 3])
    py = float32(a[1, 0] * i + a[1, 1] * j + a[1, 2] * k + a[1, 3])
    pz = float32(a[2, 0] * i + a[2, 1] * j + a[2, 2] * k + a[2, 3])
    nx, ny, nz = int32(view.shape[0]), int32(view.shape[1]), int32(view.shape[2])
    per_mm = ONE / view.step
    u, v, w = (px - view.first[0]) * per_mm, (py - view.first[1]) * per_mm, (pz - view.first[2]) * per_mm
    at, fu, fv, fw = lattice_cell(u, v, w, nx, ny, nz)
    layer = nx * ny * nz
    x = lattice_depth(n, at, nz, ny * nz, fu, fv, fw)
    y = lattice_depth(n, at + layer, nz, ny * nz, fu, fv, fw)
    z = lattice_depth(n, at + layer + layer, nz, ny * nz, fu, fv, fw)
    return x, y, z


@compiled
def paint_whole(corner, edge, shape, label, tissue, labels, tissues):
    """A block that is all one layer."""
    for i in range(corner[0], min(corner[0] + edge, shape[0])):
        for j in range(corner[1], min(corner[1] + edge, shape[1])):
            for k in range(corner[2], min(corner[2] + edge, shape[2])):
                labels[i, j, k] = label
                tissues[i, j, k] = tissue


@compiled
def paint_voxels(corner, level, edge, shape, program, desk, registers, labels, tissues):
    """Every voxel takes the topmost layer that it lies in."""
    topmost = np.full(edge**3, -1, np.int32)
    for m in range(desk.layer_count[level] - 1, -1, -1):
        layer = desk.layers[level, m]
        row = desk.slot[desk.root[level, m]]
        for p in range(edge**3):
            topmost[p] = layer if registers[row, p] > ZERO else topmost[p]
    for i in range(min(edge, shape[0] - corner[0])):
        for j in range(min(edge, shape[1] - corner[1])):
            for k in range(min(edge, shape[2] - corner[2])):
                layer = topmost[(i * edge + j) * edge + k]
                if layer >= 0:
                    labels[corner[0] + i, corner[1] + j, corner[2] + k] = program.label[layer]
                    tissues[corner[0] + i, corner[1] + j, corner[2] + k] = program.tissue[layer]


@compiled
def mix_voxels(corner, level, edge, shape, program, desk, registers, per_mm, tissues, other, share):
    """The second tissue of every voxel, and its share of the two.

    Layers down to one of depth d fill 1/2 + d / voxel together: layers that share a surface, as the parts of an organ
    do, fill the voxel once. What they leave is air.
    """
    held = np.zeros(256, np.float32)
    kept = desk.layer_count[level]
    depth = np.empty(kept, np.int32)
    for m in range(kept):
        depth[m] = desk.slot[desk.root[level, m]]
    for i in range(min(edge, shape[0] - corner[0])):
        for j in range(min(edge, shape[1] - corner[1])):
            for k in range(min(edge, shape[2] - corner[2])):
                p = (i * edge + j) * edge + k
                at = (corner[0] + i, corner[1] + j, corner[2] + k)
                own = tissues[at]
                filled, seen = ZERO, 0
                while seen < kept and filled < ONE:
                    part = max(min(HALF + registers[depth[seen], p] * per_mm, ONE) - filled, ZERO)
                    held[program.tissue[desk.layers[level, seen]]] += part
                    filled += part
                    seen += 1
                held[AIR] += ONE - filled
                best, most = own, ZERO
                if own != AIR and held[AIR] > ZERO:
                    best, most = AIR, held[AIR]
                for m in range(seen):
                    kind = program.tissue[desk.layers[level, m]]
                    if kind != own and held[kind] > most:
                        best, most = kind, held[kind]
                if most > ZERO:
                    other[at] = best
                    share[at] = np.uint8(most / (held[own] + most) * float32(255) + HALF)
                held[AIR] = ZERO
                for m in range(seen):
                    held[program.tissue[desk.layers[level, m]]] = ZERO


@njit(nogil=True, cache=True, **EXACT)
def depth_at(points, program, out):
    """Depth of the first layer at `points` (3, n), without looking for what can be left out."""
    rows = np.arange(len(program.cones)).astype(np.int32).reshape(1, -1)
    registers, room = np.empty((len(program.nodes), CHUNK), np.float32), room_for(CHUNK)
    for first in range(0, len(out), CHUNK):
        count = min(CHUNK, len(out) - first)
        x, y, z = points[0, first : first + count], points[1, first : first + count], points[2, first : first + count]
        for node in range(len(program.nodes)):
            operation, a, b, start = program.nodes[node]
            low, high = program.spans[node]
            if operation == TUBE:
                fill_tube(x, y, z, program.cones, rows, 0, low, high, registers, node, count)
            elif a >= 0:
                fill_node(operation, a, b if b >= 0 else a, program.value[node], registers, node, count)
            else:
                fill_leaf(operation, x, y, z, program.numbers, start, room, registers, node, count)
        out[first : first + count] = registers[program.roots[0], :count]
