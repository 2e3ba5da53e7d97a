"""Depth of every leaf at one point, from its numbers `n` that begin at `s`."""

import numpy as np
from numpy import float32, uint32

from phantoms.solids.arithmetic import HALF, ONE, TINY, ZERO, inlined, sine, turns


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
    inside = min(max(value, ZERO), float32(count - uint32(1)))
    below = min(uint32(inside), uint32(count - uint32(2)))
    return below, inside - float32(below)


@inlined
def bilinear(n, at, row, f, g):
    """The first number of the pairs at `at`, linear in both directions; rows are `row` numbers apart."""
    low = n[at] + g * (n[at + uint32(2)] - n[at])
    high = n[at + row] + g * (n[at + row + uint32(2)] - n[at + row])
    return low + f * (high - low)


@inlined
def sheet_cell(u, v, first_u, first_v, step, nu, nv):
    """The cell of a height field under a place: its number, and how far in it."""
    i, fu = cell((u - first_u) / step, nu)
    j, fv = cell((v - first_v) / step, nv)
    return uint32(i * nv + j), fu, fv


@inlined
def sheet_depth(n, at, row, fu, fv, w):
    """Depth over a height field."""
    return (w - bilinear(n, at, row, fu, fv)) * bilinear(n, at + uint32(1), row, fu, fv)


@inlined
def off_axis(x, y, n, at, fh):
    """Place of a point from the axis of an outline, whose own x and y lie at `at`."""
    ax, ay = n[at], n[at + uint32(1)]
    return x - ax - fh * (n[at + uint32(2)] - ax), y - ay - fh * (n[at + uint32(3)] - ay)


@inlined
def polar_cell(dx, dy, i, angles):
    """The cell of an outline's table at height i: its number, how far in it around, and the distance from the axis."""
    j, fa = cell((turns(dx, dy) + HALF) * float32(angles - uint32(1)), angles)
    return uint32(i * angles + j), fa, np.sqrt(dx * dx + dy * dy)


@inlined
def polar_depth(n, at, row, fh, fa, rho):
    """Depth in an outline r(angle, height)."""
    return (bilinear(n, at, row, fh, fa) - rho) * bilinear(n, at + uint32(1), row, fh, fa)


@inlined
def lattice_cell(u, v, w, nx, ny, nz):
    """The cell of a lattice: its number, and how far in it."""
    i, fu = cell(u, nx)
    j, fv = cell(v, ny)
    k, fw = cell(w, nz)
    return uint32((i * ny + j) * nz + k), fu, fv, fw


@inlined
def trilinear(n, at, step, row, layer, fu, fv, fw):
    """A number known on a lattice; points are `step` numbers apart, their rows `row`, those `layer`."""
    a = n[at] + fw * (n[at + step] - n[at])
    b = n[at + row] + fw * (n[at + row + step] - n[at + row])
    low = a + fv * (b - a)
    at = at + layer
    a = n[at] + fw * (n[at + step] - n[at])
    b = n[at + row] + fw * (n[at + row + step] - n[at + row])
    return low + fu * (a + fv * (b - a) - low)


@inlined
def lattice(x, y, z, n, s):
    """Depth on the lattice that begins at number `s`."""
    u, v, w = turned(x, y, z, n, s)
    nx, ny, nz = uint32(n[s + 12]), uint32(n[s + 13]), uint32(n[s + 14])
    at, fu, fv, fw = lattice_cell(u, v, w, nx, ny, nz)
    return trilinear(n, uint32(s + 16) + at, uint32(1), nz, ny * nz, fu, fv, fw)


@inlined
def waves(x, y, z, n, s):
    """Sum of the waves that begin at number `s`."""
    total = ZERO
    for i in range(np.int32(n[s])):
        at = s + 3 + 5 * i
        total += n[at + 4] * sine(x * n[at] + y * n[at + 1] + z * n[at + 2] + n[at + 3])
    return total
