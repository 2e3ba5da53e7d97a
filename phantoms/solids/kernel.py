"""The fast twin of `Solid.depth`: blocks of voxels, each looking only at the solids that can matter in it.

A block first asks every node for bounds of its depth over the block (interval arithmetic: the depth at the middle, give
or take the block's radius times the node's steepness). A layer whose bounds are negative is not there, one whose bounds
are positive covers all below it, and a node that neither needs is left out. What is left is handed to the eight times
smaller blocks inside; only blocks with a surface in them are computed voxel by voxel. M. Keeter, Massively parallel
rendering of complex closed-form implicit surfaces, ACM Trans. Graph. 39(4), 2020.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import float32, int32, ndarray

EXACT = {"error_model": "numpy", "fastmath": {"nnan", "ninf", "nsz"}}
"""No sum is reordered, so a voxel has the same bits in any block; but no NaN is looked for either."""
compiled = njit(**EXACT)
inlined = njit(inline="always", **EXACT)

PLANE, ELLIPSOID, CUSHION, TUBE, SHEET, POLAR, LATTICE, WAVES = range(8)
EITHER, BOTH, SUM, SMOOTH, ALL_BUT, SHIFTED = range(8, 14)
CONE = 14
"""Numbers of a cone: start (3), along (3), radius, its change, 1 / length^2, stretch (3), its size, steepness."""

EDGE = 8
BLOCK = EDGE**3
LEVELS = (8, 2, 1)
"""Edges of the nested blocks, in blocks of EDGE voxels."""

ZERO, ONE, HALF, TINY = float32(0), float32(1), float32(0.5), float32(1e-6)
FAR = float32(1e4)
POLAR_STEEP, SHEET_STEEP = float32(1.6), float32(1.3)
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
def ellipsoid(x, y, z, n, s):
    """Depth in an ellipsoid."""
    u = x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 9]
    v = x * n[s + 3] + y * n[s + 4] + z * n[s + 5] - n[s + 10]
    w = x * n[s + 6] + y * n[s + 7] + z * n[s + 8] - n[s + 11]
    k = max(np.sqrt(u * u + v * v + w * w), TINY)
    ra, rb, rc = n[s + 12], n[s + 13], n[s + 14]
    ga, gb, gc = u / (k * ra), v / (k * rb), w / (k * rc)
    steep = max(np.sqrt(ga * ga + gb * gb + gc * gc), HALF / max(ra, max(rb, rc)))
    return min((ONE - k) / steep, min(ra, min(rb, rc)))


@inlined
def cushion(x, y, z, n, s):
    """Depth in a cushion (fourth powers)."""
    u = x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 9]
    v = x * n[s + 3] + y * n[s + 4] + z * n[s + 5] - n[s + 10]
    w = x * n[s + 6] + y * n[s + 7] + z * n[s + 8] - n[s + 11]
    u2, v2, w2 = u * u, v * v, w * w
    k = max(np.sqrt(np.sqrt(u2 * u2 + v2 * v2 + w2 * w2)), TINY)
    ra, rb, rc = n[s + 12], n[s + 13], n[s + 14]
    k3 = k * k * k
    ga, gb, gc = u2 * u / (k3 * ra), v2 * v / (k3 * rb), w2 * w / (k3 * rc)
    steep = max(np.sqrt(ga * ga + gb * gb + gc * gc), HALF / max(ra, max(rb, rc)))
    return min((ONE - k) / steep, min(ra, min(rb, rc)))


@inlined
def sheet(x, y, z, n, s):
    """Depth below everything above a height field."""
    u = (x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 9] - n[s + 12]) / n[s + 14]
    v = (x * n[s + 3] + y * n[s + 4] + z * n[s + 5] - n[s + 10] - n[s + 13]) / n[s + 14]
    w = x * n[s + 6] + y * n[s + 7] + z * n[s + 8] - n[s + 11]
    nu, nv = int32(n[s + 15]), int32(n[s + 16])
    u = min(max(u, ZERO), float32(nu - 1))
    v = min(max(v, ZERO), float32(nv - 1))
    i, j = min(int32(u), nu - 2), min(int32(v), nv - 2)
    fu, fv = u - float32(i), v - float32(j)
    at = s + 17 + 2 * (i * nv + j)
    h0 = n[at] + fv * (n[at + 2] - n[at])
    f0 = n[at + 1] + fv * (n[at + 3] - n[at + 1])
    at += 2 * nv
    h1 = n[at] + fv * (n[at + 2] - n[at])
    f1 = n[at + 1] + fv * (n[at + 3] - n[at + 1])
    return (w - h0 - fu * (h1 - h0)) * (f0 + fu * (f1 - f0))


@inlined
def polar(x, y, z, n, s):
    """Depth in an outline r(angle, height)."""
    nh, na = int32(n[s]), int32(n[s + 1])
    h = min(max((z - n[s + 2]) / n[s + 3], ZERO), float32(nh - 1))
    i = min(int32(h), nh - 2)
    fh = h - float32(i)
    at = s + 4 + 2 * i
    dx = x - n[at] - fh * (n[at + 2] - n[at])
    dy = y - n[at + 1] - fh * (n[at + 3] - n[at + 1])
    a = (turns(dx, dy) + HALF) * float32(na - 1)
    j = min(max(int32(a), 0), na - 2)
    fa = a - float32(j)
    at = s + 4 + 2 * nh + 2 * (i * na + j)
    r0 = n[at] + fa * (n[at + 2] - n[at])
    f0 = n[at + 1] + fa * (n[at + 3] - n[at + 1])
    at += 2 * na
    r1 = n[at] + fa * (n[at + 2] - n[at])
    f1 = n[at + 1] + fa * (n[at + 3] - n[at + 1])
    return (r0 + fh * (r1 - r0) - np.sqrt(dx * dx + dy * dy)) * (f0 + fh * (f1 - f0))


@inlined
def lattice(x, y, z, n, s):
    """Depth known on a lattice."""
    nx, ny, nz = int32(n[s + 12]), int32(n[s + 13]), int32(n[s + 14])
    u = min(max(x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 9], ZERO), float32(nx - 1))
    v = min(max(x * n[s + 3] + y * n[s + 4] + z * n[s + 5] - n[s + 10], ZERO), float32(ny - 1))
    w = min(max(x * n[s + 6] + y * n[s + 7] + z * n[s + 8] - n[s + 11], ZERO), float32(nz - 1))
    i, j, k = min(int32(u), nx - 2), min(int32(v), ny - 2), min(int32(w), nz - 2)
    fu, fv, fw = u - float32(i), v - float32(j), w - float32(k)
    at = s + 16 + (i * ny + j) * nz + k
    a = n[at] + fw * (n[at + 1] - n[at])
    b = n[at + nz] + fw * (n[at + nz + 1] - n[at + nz])
    low = a + fv * (b - a)
    at += ny * nz
    a = n[at] + fw * (n[at + 1] - n[at])
    b = n[at + nz] + fw * (n[at + nz + 1] - n[at + nz])
    return low + fu * (a + fv * (b - a) - low)


@inlined
def wave(x, y, z, n, s):
    """A sum of plane waves."""
    total = ZERO
    for i in range(int32(n[s])):
        at = s + 3 + 5 * i
        total += n[at + 4] * sine(x * n[at] + y * n[at + 1] + z * n[at + 2] + n[at + 3])
    return total


@inlined
def cone(x, y, z, c):
    """Distance from the axis where it is nearest, as the cone measures it; how much larger than in mm; radius there."""
    px, py, pz = x - c[0], y - c[1], z - c[2]
    t = min(max((px * c[3] + py * c[4] + pz * c[5]) * c[8], ZERO), ONE)
    qx, qy, qz = px - t * c[3], py - t * c[4], pz - t * c[5]
    along = qx * c[9] + qy * c[10] + qz * c[11]
    s = np.sqrt(qx * qx + qy * qy + qz * qz + along * along)
    gx, gy, gz = qx + along * c[9], qy + along * c[10], qz + along * c[11]
    g = np.sqrt(gx * gx + gy * gy + gz * gz)
    return s, g, c[6] + t * c[7]


# --- bounds of every node over a ball ------------------------------------------------------------------------------


@compiled
def leaf_bounds(operation, x, y, z, r, n, s):
    """Lowest and highest depth that a leaf (no tube) can have within `r` mm of a point."""
    if operation == PLANE:
        d = plane(x, y, z, n, s)
        return d - r, d + r
    if operation == SHEET:
        d = sheet(x, y, z, n, s)
        return d - SHEET_STEEP * r, d + SHEET_STEEP * r
    if operation == POLAR:
        d = polar(x, y, z, n, s)
        return d - POLAR_STEEP * r, d + POLAR_STEEP * r
    if operation == LATTICE:
        d = lattice(x, y, z, n, s)
        return d - n[s + 15] * r, d + n[s + 15] * r
    if operation == WAVES:
        d = wave(x, y, z, n, s)
        return max(d - n[s + 1] * r, -n[s + 2]), min(d + n[s + 1] * r, n[s + 2])

    u = x * n[s] + y * n[s + 1] + z * n[s + 2] - n[s + 9]
    v = x * n[s + 3] + y * n[s + 4] + z * n[s + 5] - n[s + 10]
    w = x * n[s + 6] + y * n[s + 7] + z * n[s + 8] - n[s + 11]
    thin = min(n[s + 12], min(n[s + 13], n[s + 14]))
    wide = max(n[s + 12], max(n[s + 13], n[s + 14]))
    if operation == ELLIPSOID:
        k = np.sqrt(u * u + v * v + w * w)
    else:
        k = np.sqrt(np.sqrt(u * u * u * u + v * v * v * v + w * w * w * w))
        wide = wide / float32(0.75)
    low, high = ONE - k - r / thin, ONE - k + r / thin
    return low * (thin if low > ZERO else wide), min(high * wide, thin) if high > ZERO else high * thin


@compiled
def cone_bounds(x, y, z, r, c):
    """Lowest and highest depth in a cone within `r` mm of a point."""
    s, _, radius = cone(x, y, z, c)
    reach = r * (c[12] + c[13] - ONE)
    low, high = radius - s - reach, radius - s + reach
    return low / c[12] if low > ZERO else low, high if high > ZERO else high / c[12]


@inlined
def smooth(a, b, width):
    """max(a, b) with a fillet."""
    h = max(ONE - np.abs(a - b) / width, ZERO)
    return max(a, b) + h * h * width * float32(0.25)


# --- a block, voxel by voxel ---------------------------------------------------------------------------------------


@compiled
def fill_leaf(operation, x, y, z, n, s, out):
    """Depth of a leaf (no tube) at every voxel of a block."""
    if operation == PLANE:
        a, b, c, d = n[s], n[s + 1], n[s + 2], n[s + 3]
        for p in range(BLOCK):
            out[p] = x[p] * a + y[p] * b + z[p] * c - d
    elif operation == ELLIPSOID:
        here = n[s : s + 15].copy()
        for p in range(BLOCK):
            out[p] = ellipsoid(x[p], y[p], z[p], here, 0)
    elif operation == CUSHION:
        here = n[s : s + 15].copy()
        for p in range(BLOCK):
            out[p] = cushion(x[p], y[p], z[p], here, 0)
    elif operation == SHEET:
        for p in range(BLOCK):
            out[p] = sheet(x[p], y[p], z[p], n, s)
    elif operation == POLAR:
        for p in range(BLOCK):
            out[p] = polar(x[p], y[p], z[p], n, s)
    elif operation == LATTICE:
        for p in range(BLOCK):
            out[p] = lattice(x[p], y[p], z[p], n, s)
    else:
        for p in range(BLOCK):
            out[p] = ZERO
        for i in range(int32(n[s])):
            at = s + 3 + 5 * i
            kx, ky, kz, phase, high = n[at], n[at + 1], n[at + 2], n[at + 3], n[at + 4]
            for p in range(BLOCK):
                out[p] += high * sine(x[p] * kx + y[p] * ky + z[p] * kz + phase)


@compiled
def fill_tube(x, y, z, cones, rows, first, last, out):
    """Depth in the deepest of the cones `rows[first:last]` at every voxel of a block."""
    for p in range(BLOCK):
        out[p] = -FAR
    for at in range(first, last):
        c = cones[rows[at]]
        if c[12] > ONE:
            for p in range(BLOCK):
                s, g, radius = cone(x[p], y[p], z[p], c)
                out[p] = max(out[p], (radius - s) * s / max(g, TINY))
        else:
            ax, ay, az, ux, uy, uz, r, dr, inverse = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
            for p in range(BLOCK):
                px, py, pz = x[p] - ax, y[p] - ay, z[p] - az
                t = min(max((px * ux + py * uy + pz * uz) * inverse, ZERO), ONE)
                qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
                out[p] = max(out[p], r + t * dr - np.sqrt(qx * qx + qy * qy + qz * qz))


@compiled
def fill_node(operation, a, b, value, out):
    """Depth of a combination at every voxel of a block, from its children's."""
    if operation == EITHER:
        for p in range(BLOCK):
            out[p] = max(a[p], b[p])
    elif operation == BOTH:
        for p in range(BLOCK):
            out[p] = min(a[p], b[p])
    elif operation == SUM:
        for p in range(BLOCK):
            out[p] = a[p] + b[p]
    elif operation == SMOOTH:
        for p in range(BLOCK):
            out[p] = smooth(a[p], b[p], value)
    elif operation == ALL_BUT:
        for p in range(BLOCK):
            out[p] = -a[p]
    else:
        for p in range(BLOCK):
            out[p] = a[p] + value


@inlined
def place(patient_x, patient_y, patient_z, warp, first, step):
    """Where a point of the patient lies in the reference body: linear between the points of the lattice `warp`."""
    n0, n1, n2 = warp.shape[0], warp.shape[1], warp.shape[2]
    u = min(max((patient_x - first[0]) / step, ZERO), float32(n0 - 1))
    v = min(max((patient_y - first[1]) / step, ZERO), float32(n1 - 1))
    w = min(max((patient_z - first[2]) / step, ZERO), float32(n2 - 1))
    i, j, k = min(int32(u), n0 - 2), min(int32(v), n1 - 2), min(int32(w), n2 - 2)
    fu, fv, fw = u - float32(i), v - float32(j), w - float32(k)
    fu1, fv1, fw1 = ONE - fu, ONE - fv, ONE - fw
    w000, w001, w010, w011 = fu1 * fv1 * fw1, fu1 * fv1 * fw, fu1 * fv * fw1, fu1 * fv * fw
    w100, w101, w110, w111 = fu * fv1 * fw1, fu * fv1 * fw, fu * fv * fw1, fu * fv * fw
    a, b, c, d = warp[i, j, k], warp[i, j, k + 1], warp[i, j + 1, k], warp[i, j + 1, k + 1]
    e, f, g, h = warp[i + 1, j, k], warp[i + 1, j, k + 1], warp[i + 1, j + 1, k], warp[i + 1, j + 1, k + 1]
    x = w000 * a[0] + w001 * b[0] + w010 * c[0] + w011 * d[0] + w100 * e[0] + w101 * f[0] + w110 * g[0] + w111 * h[0]
    y = w000 * a[1] + w001 * b[1] + w010 * c[1] + w011 * d[1] + w100 * e[1] + w101 * f[1] + w110 * g[1] + w111 * h[1]
    z = w000 * a[2] + w001 * b[2] + w010 * c[2] + w011 * d[2] + w100 * e[2] + w101 * f[2] + w110 * g[2] + w111 * h[2]
    return x, y, z


# --- the blocks ----------------------------------------------------------------------------------------------------


class Program(NamedTuple):
    """The arrays of a `phantoms.solids.tape.Tape`, as the kernel takes them."""

    nodes: ndarray
    value: ndarray
    numbers: ndarray
    cones: ndarray
    spans: ndarray
    roots: ndarray
    label: ndarray
    tissue: ndarray


class View(NamedTuple):
    """Where the voxels lie: grid affine, and the lattice that leads from the patient to the reference body."""

    affine: ndarray
    warp: ndarray
    first: ndarray
    step: float32


class Desk(NamedTuple):
    """Room to work, one row per level: what can still matter there.

    layers, live, rows: indices of layers, nodes and cones, as many as count and span say. stands: the node that a
    node became at this level. low, high: bounds of depth.
    """

    layers: ndarray
    layer_count: ndarray
    live: ndarray
    live_count: ndarray
    rows: ndarray
    span: ndarray
    stands: ndarray
    low: ndarray
    high: ndarray
    row_high: ndarray
    needed: ndarray
    slot: ndarray


@compiled
def desk_for(program):
    """An empty desk, all layers, nodes and cones at its level 0."""
    levels, n, layers, cones = len(LEVELS) + 1, len(program.nodes), len(program.roots), len(program.cones)
    desk = Desk(
        np.zeros((levels, layers), np.int32), np.zeros(levels, np.int32),
        np.zeros((levels, n), np.int32), np.zeros(levels, np.int32),
        np.zeros((levels, cones), np.int32), np.zeros((levels, n, 2), np.int32), np.zeros((levels, n), np.int32),
        np.zeros(n, np.float32), np.zeros(n, np.float32), np.zeros(cones, np.float32),
        np.zeros(n, np.bool_), np.zeros(n, np.int32),
    )  # fmt: skip
    desk.layers[0] = np.arange(layers)
    desk.live[0] = np.arange(n)
    desk.rows[0] = np.arange(cones)
    desk.span[0] = program.spans
    desk.layer_count[0], desk.live_count[0] = layers, n
    return desk


@inlined
def resolved(node, level, desk):
    """The node that stands for `node` at `level`."""
    for upper in range(1, level + 1):
        node = desk.stands[upper, node]
    return node


@inlined
def winner(operation, a, b, width, desk):
    """1 if child a alone decides over the whole block, 2 if b does, else 0."""
    if operation in (EITHER, SMOOTH):
        margin = width if operation == SMOOTH else ZERO
        if desk.low[a] >= desk.high[b] + margin:
            return 1
        return 2 if desk.low[b] >= desk.high[a] + margin else 0
    if operation == BOTH:
        if desk.high[a] <= desk.low[b]:
            return 1
        return 2 if desk.high[b] <= desk.low[a] else 0
    return 0


@compiled
def bound(level, middle, reach, program, desk):
    """Bounds of every live node within `reach` of `middle`."""
    low, high = desk.low, desk.high
    for m in range(desk.live_count[level]):
        node = desk.live[level, m]
        operation, a, b, start = program.nodes[node]
        value = program.value[node]
        if a >= 0:
            a = resolved(a, level, desk)
        if b >= 0:
            b = resolved(b, level, desk)
        if operation == TUBE:
            low[node] = high[node] = -FAR
            for r in range(desk.span[level, node, 0], desk.span[level, node, 1]):
                least, most = cone_bounds(middle[0], middle[1], middle[2], reach, program.cones[desk.rows[level, r]])
                desk.row_high[r] = most
                low[node], high[node] = max(low[node], least), max(high[node], most)
        elif operation == EITHER:
            low[node], high[node] = max(low[a], low[b]), max(high[a], high[b])
        elif operation == BOTH:
            low[node], high[node] = min(low[a], low[b]), min(high[a], high[b])
        elif operation == SUM:
            low[node], high[node] = low[a] + low[b], high[a] + high[b]
        elif operation == SMOOTH:
            low[node], high[node] = smooth(low[a], low[b], value), smooth(high[a], high[b], value)
        elif operation == ALL_BUT:
            low[node], high[node] = -high[a], -low[a]
        elif operation == SHIFTED:
            low[node], high[node] = low[a] + value, high[a] + value
        else:
            low[node], high[node] = leaf_bounds(
                operation, middle[0], middle[1], middle[2], reach, program.numbers, start
            )


@compiled
def keep_layers(level, margin, program, desk):
    """Hand down the layers that are there; true if the last of them covers the whole block."""
    kept = 0
    covered = False
    for m in range(desk.layer_count[level]):
        layer = desk.layers[level, m]
        root = resolved(program.roots[layer], level, desk)
        if desk.high[root] <= -margin:
            continue
        desk.layers[level + 1, kept] = layer
        kept += 1
        if desk.low[root] > margin:
            covered = True
            break
    desk.layer_count[level + 1] = kept
    return covered


@compiled
def mark_needed(level, program, desk):
    """Mark the nodes that the kept layers need: roots, and of each needed node the children that can decide."""
    needed = desk.needed
    count = desk.live_count[level]
    for m in range(count):
        needed[desk.live[level, m]] = False
    for m in range(desk.layer_count[level + 1]):
        needed[resolved(program.roots[desk.layers[level + 1, m]], level, desk)] = True
    for m in range(count - 1, -1, -1):
        node = desk.live[level, m]
        operation, a, b, _ = program.nodes[node]
        if not needed[node] or a < 0:
            continue
        a = resolved(a, level, desk)
        if b < 0:
            needed[a] = True
            continue
        b = resolved(b, level, desk)
        won = winner(operation, a, b, program.value[node], desk)
        if won != 2:
            needed[a] = True
        if won != 1:
            needed[b] = True


@compiled
def keep_nodes(level, program, desk):
    """Hand down the needed nodes, the cones that can be deepest, and who stands for a node that one child decides."""
    below = level + 1
    kept = kept_rows = 0
    for m in range(desk.live_count[level]):
        node = desk.live[level, m]
        if not desk.needed[node]:
            continue
        operation, a, b, _ = program.nodes[node]
        if b >= 0:
            a, b = resolved(a, level, desk), resolved(b, level, desk)
            won = winner(operation, a, b, program.value[node], desk)
            if won:
                desk.stands[below, node] = desk.stands[below, a if won == 1 else b]
                continue
        if operation == TUBE:
            first = kept_rows
            for r in range(desk.span[level, node, 0], desk.span[level, node, 1]):
                if desk.row_high[r] >= desk.low[node]:
                    desk.rows[below, kept_rows] = desk.rows[level, r]
                    kept_rows += 1
            desk.span[below, node, 0], desk.span[below, node, 1] = first, kept_rows
        desk.stands[below, node] = node
        desk.live[below, kept] = node
        kept += 1
    desk.live_count[below] = kept


@compiled
def fill_block(corner, level, view, program, desk, registers):
    """Depth of every live node at every voxel of the block at `corner`."""
    x, y, z = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    affine = view.affine
    for i in range(EDGE):
        for j in range(EDGE):
            for k in range(EDGE):
                gi, gj, gk = corner[0] + i, corner[1] + j, corner[2] + k
                px = affine[0, 0] * gi + affine[0, 1] * gj + affine[0, 2] * gk + affine[0, 3]
                py = affine[1, 0] * gi + affine[1, 1] * gj + affine[1, 2] * gk + affine[1, 3]
                pz = affine[2, 0] * gi + affine[2, 1] * gj + affine[2, 2] * gk + affine[2, 3]
                p = (i * EDGE + j) * EDGE + k
                x[p], y[p], z[p] = place(float32(px), float32(py), float32(pz), view.warp, view.first, view.step)
    for m in range(desk.live_count[level]):
        node = desk.live[level, m]
        desk.slot[node] = m
        operation, a, b, start = program.nodes[node]
        if operation == TUBE:
            first, last = desk.span[level, node]
            fill_tube(x, y, z, program.cones, desk.rows[level], first, last, registers[m])
        elif a >= 0:
            one = registers[desk.slot[resolved(a, level, desk)]]
            two = registers[desk.slot[resolved(b, level, desk)]] if b >= 0 else one
            fill_node(operation, one, two, program.value[node], registers[m])
        else:
            fill_leaf(operation, x, y, z, program.numbers, start, registers[m])


@njit(nogil=True, cache=True, **EXACT)
def draw_blocks(tiles, shape, voxel_mm, view, program, labels, tissues, other, share):
    """Draw the layers into `labels` and `tissues` within the `tiles` (n, 3) of a grid of `shape`.

    Where `share` is not empty, `other` and `share` (in 1/255) say what else a boundary voxel holds.
    """
    desk = desk_for(program)
    registers = np.zeros((64, BLOCK), np.float32)
    margin = HALF * float32(voxel_mm) if share.size else ZERO
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
            elif not next_block(level, corner, done, shape):
                level -= 1
                continue
            done[level] += 1

            edge = EDGE * LEVELS[level]
            middle, reach = ball(corner[level], edge, view.affine, view.warp, view.first, view.step)
            bound(level, middle, reach, program, desk)
            covered = keep_layers(level, margin, program, desk)
            kept = desk.layer_count[level + 1]
            if kept == 0:
                continue
            if kept == 1 and covered:
                layer = desk.layers[level + 1, 0]
                paint_whole(corner[level], edge, shape, program.label[layer], program.tissue[layer], labels, tissues)
                continue
            mark_needed(level, program, desk)
            keep_nodes(level, program, desk)
            if level < last:
                level += 1
                done[level] = 0
                continue

            if desk.live_count[level + 1] > len(registers):
                registers = np.zeros((2 * desk.live_count[level + 1], BLOCK), np.float32)
            fill_block(corner[level], level + 1, view, program, desk, registers)
            paint_voxels(corner[level], level + 1, shape, program, desk, registers, labels, tissues)
            if share.size:
                mix_voxels(
                    corner[level], level + 1, shape, program, desk, registers, ONE / float32(voxel_mm),
                    tissues, other, share,
                )  # fmt: skip


@compiled
def next_block(level, corner, done, shape):
    """Step to the next block of `level` within the grid and its parent block; false if there is none."""
    ratio = LEVELS[level - 1] // LEVELS[level]
    edge = EDGE * LEVELS[level]
    while done[level] < ratio**3:
        n = done[level]
        corner[level, 0] = corner[level - 1, 0] + edge * (n // (ratio * ratio))
        corner[level, 1] = corner[level - 1, 1] + edge * ((n // ratio) % ratio)
        corner[level, 2] = corner[level - 1, 2] + edge * (n % ratio)
        if corner[level, 0] < shape[0] and corner[level, 1] < shape[1] and corner[level, 2] < shape[2]:
            return True
        done[level] += 1
    return False


@compiled
def ball(corner, edge, affine, warp, warp_first, warp_step):
    """Middle of a block of voxels in the reference body, and a radius that holds all of the block."""
    middle = np.zeros(3, np.float32)
    corners = np.zeros((9, 3), np.float32)
    for n in range(9):
        step = float32(edge - 1)
        i = float32(corner[0]) + (step * float32(n & 1) if n < 8 else step * HALF)
        j = float32(corner[1]) + (step * float32((n >> 1) & 1) if n < 8 else step * HALF)
        k = float32(corner[2]) + (step * float32((n >> 2) & 1) if n < 8 else step * HALF)
        px = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
        py = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
        pz = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
        corners[n] = place(float32(px), float32(py), float32(pz), warp, warp_first, warp_step)
    middle[:] = corners[8]
    reach = ZERO
    for n in range(8):
        dx, dy, dz = corners[n, 0] - middle[0], corners[n, 1] - middle[1], corners[n, 2] - middle[2]
        reach = max(reach, np.sqrt(dx * dx + dy * dy + dz * dz))
    return middle, reach * float32(1.06) + float32(0.05)


@compiled
def paint_whole(corner, edge, shape, label, tissue, labels, tissues):
    """A block that is all one layer."""
    for i in range(corner[0], min(corner[0] + edge, shape[0])):
        for j in range(corner[1], min(corner[1] + edge, shape[1])):
            for k in range(corner[2], min(corner[2] + edge, shape[2])):
                labels[i, j, k] = label
                tissues[i, j, k] = tissue


@compiled
def paint_voxels(corner, level, shape, program, desk, registers, labels, tissues):
    """Every voxel takes the topmost layer that it lies in."""
    for m in range(desk.layer_count[level] - 1, -1, -1):
        layer = desk.layers[level, m]
        depth = registers[desk.slot[resolved(program.roots[layer], level, desk)]]
        for i in range(min(EDGE, shape[0] - corner[0])):
            for j in range(min(EDGE, shape[1] - corner[1])):
                for k in range(min(EDGE, shape[2] - corner[2])):
                    if depth[(i * EDGE + j) * EDGE + k] > ZERO:
                        labels[corner[0] + i, corner[1] + j, corner[2] + k] = program.label[layer]
                        tissues[corner[0] + i, corner[1] + j, corner[2] + k] = program.tissue[layer]


@compiled
def mix_voxels(corner, level, shape, program, desk, registers, per_mm, tissues, other, share):
    """The second tissue of every voxel, and its share of the two.

    A layer of depth d fills 1/2 + d / voxel of what the layers over it leave (coverage by distance).
    """
    held = np.zeros(256, np.float32)
    kept = desk.layer_count[level]
    depth = np.empty(kept, np.int32)
    for m in range(kept):
        depth[m] = desk.slot[resolved(program.roots[desk.layers[level, m]], level, desk)]
    for i in range(min(EDGE, shape[0] - corner[0])):
        for j in range(min(EDGE, shape[1] - corner[1])):
            for k in range(min(EDGE, shape[2] - corner[2])):
                p = (i * EDGE + j) * EDGE + k
                at = (corner[0] + i, corner[1] + j, corner[2] + k)
                own = tissues[at]
                rest, seen = ONE, 0
                while seen < kept and rest > ZERO:
                    part = rest * min(max(HALF + registers[depth[seen], p] * per_mm, ZERO), ONE)
                    held[program.tissue[desk.layers[level, seen]]] += part
                    rest -= part
                    seen += 1
                best, most = own, ZERO
                for m in range(seen):
                    kind = program.tissue[desk.layers[level, m]]
                    if kind != own and held[kind] > most:
                        best, most = kind, held[kind]
                if most > ZERO:
                    other[at] = best
                    share[at] = np.uint8(most / (held[own] + most) * float32(255) + HALF)
                for m in range(seen):
                    held[program.tissue[desk.layers[level, m]]] = ZERO
