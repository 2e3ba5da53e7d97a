"""Interval arithmetic: the lowest and highest depth that a leaf can have within `r` mm of a point."""

import numpy as np
from numpy import float32, uint32

from phantoms.solids.arithmetic import HALF, HALF_TURN, ONE, TINY, ZERO, compiled, inlined
from phantoms.solids.program import CUSHION, FLATNESS, LATTICE, PATCH, PLANE, POLAR, SHEET, SLOPE, WAVES
from phantoms.solids.shapes import (
    bilinear,
    cell,
    lattice_cell,
    off_axis,
    plane,
    polar_cell,
    sheet_cell,
    trilinear,
    turned,
    waves,
)

CUSHION_STEEP = float32(0.75)


@compiled
def leaf_bounds(operation, x, y, z, r, n, s):
    """Bounds of any leaf but a tube, whose numbers `n` begin at `s`."""
    if operation == PLANE:
        inside = plane(x, y, z, n, s)
        return inside - r, inside + r
    if operation == SHEET:
        return sheet_bounds(x, y, z, r, n, s)
    if operation == POLAR:
        return polar_bounds(x, y, z, r, n, s)
    if operation == LATTICE:
        return lattice_bounds(x, y, z, r, n, s)
    if operation == WAVES:
        inside, reach = waves(x, y, z, n, s), n[s + 1] * r
        return max(inside - reach, -n[s + 2]), min(inside + reach, n[s + 2])
    if operation == CUSHION:
        return cushion_bounds(x, y, z, r, n, s)
    return ellipsoid_bounds(x, y, z, r, n, s)


@inlined
def times(low, high, least, most):
    """Bounds of a number between `low` and `high` times one between `least` and `most`, which is positive."""
    return low * (least if low > ZERO else most), high * (most if high > ZERO else least)


@inlined
def patches(count):
    """How many patches cover the cells between so many points."""
    return (count + uint32(PATCH - 2)) // uint32(PATCH)


@inlined
def patch_range(value, reach, count):
    """The first patch within reach of a fractional place among `count` points, and the one after the last."""
    first, _ = cell(value - reach, count)
    last, _ = cell(value + reach, count)
    return first // uint32(PATCH), last // uint32(PATCH) + uint32(1)


@inlined
def sheet_bounds(x, y, z, r, n, s):
    """Bounds of a height field, from its slopes within reach."""
    u, v, w = turned(x, y, z, n, s)
    first_u, first_v, step, nu, nv = n[s + 12], n[s + 13], n[s + 14], uint32(n[s + 15]), uint32(n[s + 16])
    at, fu, fv = sheet_cell(u, v, first_u, first_v, step, nu, nv)
    above = w - bilinear(n, uint32(s + 17) + uint32(2) * at, uint32(2) * nv, fu, fv)
    first_i, last_i = patch_range((u - first_u) / step, r / step, nu)
    first_j, last_j = patch_range((v - first_v) / step, r / step, nv)
    start, row = uint32(s + 17) + uint32(2) * nu * nv, patches(nv)
    steep, least, most = ONE, ONE, ZERO
    for i in range(first_i, last_i):
        for j in range(first_j, last_j):
            at = start + uint32(3) * (uint32(i) * row + uint32(j))
            steep = max(steep, n[at])
            least = min(least, n[at + uint32(1)])
            most = max(most, n[at + uint32(2)])
    return times(above - steep * r, above + steep * r, least, most)


@inlined
def polar_bounds(x, y, z, r, n, s):
    """Bounds of an outline, from its slopes within reach; around the axis from its radii."""
    heights, angles, first, step = uint32(n[s]), uint32(n[s + 1]), n[s + 2], n[s + 3]
    i, fh = cell((z - first) / step, heights)
    dx, dy = off_axis(x, y, n, uint32(s + 4) + uint32(2) * i, fh)
    at, fa, rho = polar_cell(dx, dy, i, angles)
    table = uint32(s + 4) + uint32(2) * heights
    inside = bilinear(n, table + uint32(2) * at, uint32(2) * angles, fh, fa) - rho

    first_i, last_i = patch_range((z - first) / step, r / step, heights)
    rows = table + uint32(2) * heights * angles
    sway, narrowest, widest = ZERO, n[rows + uint32(3) * first_i + uint32(1)], ZERO
    for k in range(first_i, last_i):
        row = rows + uint32(3) * uint32(k)
        sway = max(sway, n[row])
        narrowest = min(narrowest, n[row + uint32(1)])
        widest = max(widest, n[row + uint32(2)])
    off = r * np.sqrt(ONE + sway * sway)
    around_axis = off > HALF * rho

    cells = angles - uint32(1)
    first_j, last_j = uint32(0), patches(angles)
    if not around_axis:
        reach = off / np.sqrt(rho * rho - off * off) * float32(cells) / (HALF_TURN + HALF_TURN)
        low = float32(at - i * angles) + fa - reach
        low = low + float32(cells) if low < ZERO else low
        first_j, last_j = uint32(low) // uint32(PATCH), uint32(low + reach + reach) // uint32(PATCH) + uint32(1)
    start, row = rows + uint32(3) * patches(heights), patches(cells + angles)
    up, turn, least, most = ZERO, ZERO, ONE, ZERO
    for k in range(first_i, last_i):
        for j in range(first_j, last_j):
            patch = start + uint32(4) * (uint32(k) * row + uint32(j))
            up = max(up, n[patch])
            turn = max(turn, n[patch + uint32(1)])
            least = min(least, n[patch + uint32(2)])
            most = max(most, n[patch + uint32(3)])

    low, high = narrowest - rho - off, widest - max(rho - off, ZERO)
    if not around_axis:
        around = turn / (rho - off)
        level = np.sqrt(ONE + around * around)
        climb = up + sway * level
        steep = r * np.sqrt(level * level + climb * climb)
        low, high = max(low, inside - steep), min(high, inside + steep)
    return times(low, high, least, most)


@inlined
def lattice_bounds(x, y, z, r, n, s):
    """Bounds of a lattice, from its slopes and its values within reach."""
    u, v, w = turned(x, y, z, n, s)
    nx, ny, nz, reach = uint32(n[s + 12]), uint32(n[s + 13]), uint32(n[s + 14]), r * n[s + 15]
    at, fu, fv, fw = lattice_cell(u, v, w, nx, ny, nz)
    inside = trilinear(n, uint32(s + 16) + at, uint32(1), nz, ny * nz, fu, fv, fw)
    first_i, last_i = patch_range(u, reach, nx)
    first_j, last_j = patch_range(v, reach, ny)
    first_k, last_k = patch_range(w, reach, nz)
    start, row, layer = uint32(s + 16) + nx * ny * nz, patches(nz), patches(ny) * patches(nz)
    steep, low, high = ZERO, inside, inside
    for i in range(first_i, last_i):
        for j in range(first_j, last_j):
            for k in range(first_k, last_k):
                at = start + uint32(3) * (uint32(i) * layer + uint32(j) * row + uint32(k))
                steep = max(steep, n[at])
                low = min(low, n[at + uint32(1)])
                high = max(high, n[at + uint32(2)])
    return max(low, inside - steep * r), min(high, inside + steep * r)


@inlined
def ellipsoid_bounds(x, y, z, r, n, s):
    """Bounds of an ellipsoid: k = |A p| is convex, and its square is known to second order.

    k lies between k - r |grad k| and (k^2 + 2 r k |grad k| + (r / thin)^2)^1/2; k grad k = A^2 p changes by r / thin^2.
    """
    u, v, w = turned(x, y, z, n, s)
    ra, rb, rc = n[s + 12], n[s + 13], n[s + 14]
    thin, wide = min(ra, min(rb, rc)), max(ra, max(rb, rc))
    k = max(np.sqrt(u * u + v * v + w * w), TINY)
    gu, gv, gw = u / ra, v / rb, w / rc
    g = np.sqrt(gu * gu + gv * gv + gw * gw)
    most = r / thin
    far, near = np.sqrt(k * k + (r + r) * g + most * most), max(k - r * g / k, TINY)
    steepest = min((g + most / thin) / near, ONE / thin)
    flattest = max((g - most / thin) / far, ONE / wide)
    low, high = times(ONE - far, ONE - near, ONE / steepest, ONE / flattest)
    return low, min(high, thin)


@inlined
def cushion_bounds(x, y, z, r, n, s):
    """Bounds of a cushion: k changes by r / thinnest radius, and depth lies between k times the radii."""
    u, v, w = turned(x, y, z, n, s)
    thin = min(n[s + 12], min(n[s + 13], n[s + 14]))
    wide = max(n[s + 12], max(n[s + 13], n[s + 14])) / CUSHION_STEEP
    k = np.sqrt(np.sqrt(u * u * u * u + v * v * v * v + w * w * w * w))
    low, high = times(ONE - k - r / thin, ONE - k + r / thin, thin, wide)
    return low, min(high, thin)


@compiled
def cone_bounds(x, y, z, r, cones, level, count, low, high):
    """Bounds of the first `count` cones of a level, into `low` and `high`; cones: (levels, CONE, m).

    The stretched distance is a norm as that of an ellipsoid is, and the place on the axis moves by no more than r.
    """
    for c in range(count):
        ux, uy, uz = cones[level, 3, c], cones[level, 4, c], cones[level, 5, c]
        mx, my, mz = cones[level, 9, c], cones[level, 10, c], cones[level, 11, c]
        px, py, pz = x - cones[level, 0, c], y - cones[level, 1, c], z - cones[level, 2, c]
        t = min(max((px * ux + py * uy + pz * uz) * cones[level, 8, c], ZERO), ONE)
        qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
        along = qx * mx + qy * my + qz * mz
        distance = max(np.sqrt(qx * qx + qy * qy + qz * qz + along * along), TINY)
        gx, gy, gz = qx + along * mx, qy + along * my, qz + along * mz
        g = np.sqrt(gx * gx + gy * gy + gz * gz)
        radius, slope = cones[level, 6, c] + t * cones[level, 7, c], r * cones[level, SLOPE, c]
        flatness = cones[level, FLATNESS, c]
        most = r / flatness
        far, near = np.sqrt(distance * distance + (r + r) * g + most * most), max(distance - r * g / distance, ZERO)
        g_most, g_least = g + most / flatness, max(g - most / flatness, TINY)
        least, largest = max(near / g_most, flatness), min(far / g_least, ONE)
        below, above = radius - slope - far, radius + slope - near
        low[c], high[c] = times(below, above, least, largest)
