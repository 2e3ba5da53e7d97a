"""Interval arithmetic: the lowest and highest depth that a leaf can have within `r` mm of a point."""

import numpy as np
from numpy import float32, uint32

from phantoms.solids.arithmetic import FAR, ONE, ZERO, compiled, inlined
from phantoms.solids.program import ELLIPSOID, FLATNESS, LATTICE, PLANE, POLAR, REACH, SHEET, WAVES
from phantoms.solids.shapes import (
    bilinear,
    cell,
    lattice,
    off_axis,
    plane,
    polar_cell,
    sheet_cell,
    turned,
    waves,
)

CUSHION_STEEP, INNER = float32(0.75), float32(0.4)


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
    if operation == WAVES:
        inside, reach = waves(x, y, z, n, s), n[s + 1] * r
        return max(inside - reach, -n[s + 2]), min(inside + reach, n[s + 2])
    if operation == LATTICE:
        inside, reach = lattice(x, y, z, n, s), n[s + 15] * r
        return inside - reach, inside + reach
    return ellipsoid_bounds(operation, x, y, z, r, n, s)


@inlined
def flattened(low, high, flattest):
    """Bounds of a depth that is measured along an axis, when it is divided by the surface's steepness."""
    return low * (flattest if low > ZERO else ONE), high * (ONE if high > ZERO else flattest)


@inlined
def sheet_bounds(x, y, z, r, n, s):
    """Bounds of a height field, from its greatest slope."""
    u, v, w = turned(x, y, z, n, s)
    nv = uint32(n[s + 16])
    at, fu, fv = sheet_cell(u, v, n[s + 12], n[s + 13], n[s + 14], uint32(n[s + 15]), nv)
    above = w - bilinear(n, uint32(s + 19) + uint32(2) * at, uint32(2) * nv, fu, fv)
    return flattened(above - n[s + 17] * r, above + n[s + 17] * r, n[s + 18])


@inlined
def polar_bounds(x, y, z, r, n, s):
    """Bounds of an outline, from the greatest slopes at the heights within reach; around the axis from its radii."""
    heights, angles, first, step = uint32(n[s]), uint32(n[s + 1]), n[s + 2], n[s + 3]
    i, fh = cell((z - first) / step, heights)
    dx, dy = off_axis(x, y, n, uint32(s + 4) + uint32(2) * i, fh)
    at, fa, rho = polar_cell(dx, dy, i, angles)
    start, row = uint32(s + 4) + uint32(2) * heights, uint32(2) * angles
    inside = bilinear(n, start + uint32(2) * at, row, fh, fa) - rho
    low, _ = cell((z - r - first) / step, heights)
    high, _ = cell((z + r - first) / step, heights)
    steep, flattest, narrowest = ONE, ONE, FAR
    rows = start + row * heights
    for k in range(low, high + uint32(2)):
        at = rows + uint32(3) * uint32(k)
        steep = max(steep, n[at])
        flattest = min(flattest, n[at + uint32(1)])
        narrowest = min(narrowest, n[at + uint32(2)])
    if rho - r < INNER * narrowest:
        least = narrowest - rho - r
        return least * (flattest if least > ZERO else ONE), FAR
    return flattened(inside - steep * r, inside + steep * r, flattest)


@inlined
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


@compiled
def cone_bounds(x, y, z, r, cones, level, count, low, high):
    """Bounds of the first `count` cones of a level, into `low` and `high`; cones: (levels, CONE, m)."""
    for c in range(count):
        ux, uy, uz = cones[level, 3, c], cones[level, 4, c], cones[level, 5, c]
        px, py, pz = x - cones[level, 0, c], y - cones[level, 1, c], z - cones[level, 2, c]
        t = min(max((px * ux + py * uy + pz * uz) * cones[level, 8, c], ZERO), ONE)
        qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
        along = qx * cones[level, 9, c] + qy * cones[level, 10, c] + qz * cones[level, 11, c]
        distance = np.sqrt(qx * qx + qy * qy + qz * qz + along * along)
        inside, reach = cones[level, 6, c] + t * cones[level, 7, c] - distance, r * cones[level, REACH, c]
        flatness = cones[level, FLATNESS, c]
        below, above = inside - reach, inside + reach
        low[c] = below * (flatness if below > ZERO else ONE)
        high[c] = above * (ONE if above > ZERO else flatness)
