"""The map of a beating heart, in closed form along the axis of its left ventricle, and exactly back.

A point at height z, angle t and squared radius 2 q = r^2 goes in three steps, each of which changes one coordinate, so
that the volume of a piece changes by the product of three slopes and nothing can fold:

    turn     t' = t + twist(z) h(z, t, r)         slope dt'/dt: torsion
    shorten  z' = z + down f(z) h(z, t', r)       slope dz'/dz: the valve plane goes to the apex
    draw in  q' = Q(q; z', t')                    slope dQ/dq = J / (dz'/dz dt'/dt)

J is what becomes of the volume there: 1 in muscle (incompressible, as in the cylindrical model of Arts 1991, Biophys J
59:93; from memory), V(t) / V(0) in a cavity; around the heart what closes the ray, so that beyond it all stands still.
h falls from 1 in the heart to 0 where other tissue no longer gives way, before bone.
"""

import numpy as np
from numba import njit, prange

from phantoms.heartbeat.chambers import ATRIA, HEIGHT_MM, LEFT, MUSCLE, OTHER, RADIUS_MM, RIGHT, STIFF

BEYOND_MM = 6.0
"""So far beyond the apex its torsion ends."""
MOST_GIVEN, LEAST_GIVEN = 6.0, 0.3
"""How far tissue around the heart can be drawn out or pressed together."""
LEAST_CAVITY = 0.02
"""Of a ray's cavity that is left however much the rest must throw out."""
FADES_MM, FADES = 20.0, 0.45
"""Over how many mm, and at most what share of its radius, the motion fades before it ends."""
ROUNDS, CLOSE = 60, 1e-9


@njit(cache=True, inline="always")
def _ramp(z, base, apex, roof):
    """Share of the valve plane's way at a height: linear to the apex, smooth to the roof of the atria."""
    if z >= apex or z <= roof:
        return 0.0
    if z >= base:
        return (apex - z) / (apex - base)
    u = (z - roof) / (base - roof)
    return u * u * (3 - 2 * u)


@njit(cache=True, inline="always")
def _around(z, t, first, heights, rays):
    """The four rays around a place, and how far it lies between."""
    a = min(max((z - first) / HEIGHT_MM, 0.0), heights - 1.000001)
    h = int(a)
    i = int(np.floor(t))
    return h, a - h, i % rays, (i + 1) % rays, t - i


@njit(cache=True, inline="always")
def _hold(z, t, r, first, outer):
    """1 in the heart, 0 beyond what gives way: outer is the (height, ray) table of where that ends."""
    h, fz, i, j, ft = _around(z, t, first, outer.shape[0], outer.shape[1])
    low = outer[h, i] * (1 - ft) + outer[h, j] * ft
    high = outer[h + 1, i] * (1 - ft) + outer[h + 1, j] * ft
    end = low * (1 - fz) + high * fz
    u = min(max((end - r) / min(FADES_MM, FADES * end), 0.0), 1.0)
    return u * u * (3 - 2 * u)


@njit(cache=True, inline="always")
def _turned(z, twist, base, apex, roof):
    """Torsion at a height, rays: from that of the base to that of the apex, over the atria to none."""
    if z >= base:
        u = min((z - base) / (apex - base), 1.0)
        beyond = min(max((z - apex) / BEYOND_MM, 0.0), 1.0)
        return (twist[0] + (twist[1] - twist[0]) * u) * (1 - beyond)
    u = max((z - roof) / (base - roof), 0.0)
    return twist[0] * u * u * (3 - 2 * u)


@njit(cache=True, inline="always")
def _shortened(z, t, r, first, levels, down, outer):
    """The height to which shortening takes tissue."""
    return z + down * _ramp(z, levels[0], levels[1], levels[2]) * _hold(z, t, r, first, outer)


@njit(cache=True, inline="always")
def _twisted(z, t, r, first, levels, twist, outer):
    """The angle, in rays, to which torsion takes tissue."""
    return t + _turned(z, twist, levels[0], levels[1], levels[2]) * _hold(z, t, r, first, outer)


@njit(cache=True)
def _lengthened(z, t, r, first, levels, twist, down, outer):
    """The height from which tissue came that is at z now."""
    if _hold(z, t, r, first, outer) == 0.0 and _hold(z - down, t, r, first, outer) == 0.0:
        return z
    return _from(False, z, t, r, abs(down), first, levels, twist, down, outer)


@njit(cache=True)
def _untwisted(z, t, r, first, levels, twist, down, outer):
    """The angle from which tissue came that is at t now."""
    return _from(True, t, z, r, max(abs(twist[0]), abs(twist[1])), first, levels, twist, down, outer)


@njit(cache=True, inline="always")
def _to(turning, x, other, r, first, levels, twist, down, outer):
    """Where torsion takes the angle x (at height `other`), or shortening the height x (at angle `other`)."""
    if turning:
        return _twisted(other, x, r, first, levels, twist, outer)
    return _shortened(x, other, r, first, levels, down, outer)


@njit(cache=True)
def _from(turning, now, other, r, most, first, levels, twist, down, outer):
    """Whence `_to` took what is at `now`, at most so far: the false position between bounds (Illinois method)."""
    low, high = now - most, now + most
    a = _to(turning, low, other, r, first, levels, twist, down, outer) - now
    b = _to(turning, high, other, r, first, levels, twist, down, outer) - now
    side = 0
    for _ in range(ROUNDS):
        if b - a < 1e-14:
            break
        x = (low * b - high * a) / (b - a)
        f = _to(turning, x, other, r, first, levels, twist, down, outer) - now
        if abs(f) < CLOSE:
            return x
        if f > 0:
            high, b = x, f
            a = 0.5 * a if side == 1 else a
            side = 1
        else:
            low, a = x, f
            b = 0.5 * b if side == -1 else b
            side = -1
    return 0.5 * (low + high)


@njit(cache=True, parallel=True)
def arrived(classes, first, levels, twist, down, outer, ends, left_scales):
    """What lies at each (height, ray, radius) once turned and shortened, and half the squared mm that its ring takes.

    ends: (height, ray) number of rings that give way; beyond, rings stay. left_scales: (height, ray) in the heart at
    rest, how much of the change of the left ventricle's volume falls on each ray.
    """
    heights, rays, radii = classes.shape
    kinds = np.zeros((heights, rays, radii), np.uint8)
    rings = np.zeros((heights, rays, radii))
    scales = np.ones((heights, rays, radii))
    for h in prange(heights):
        z = first + HEIGHT_MM * h
        for t in range(rays):
            for k in range(ends[h, t]):
                r, turn = RADIUS_MM * (k + 0.5), float(t)
                z0 = _lengthened(z, turn, r, first, levels, twist, down, outer)
                t0 = _untwisted(z0, turn, r, first, levels, twist, down, outer)
                at = min(max(int(np.rint((z0 - first) / HEIGHT_MM)), 0), heights - 1)
                ray = int(np.rint(t0)) % rays
                kinds[h, t, k] = classes[at, ray, k]
                rings[h, t, k] = r * RADIUS_MM / _slope(z0, t0, turn, r, first, levels, twist, down, outer)
                scales[h, t, k] = left_scales[at, ray]
    return kinds, rings, scales


@njit(cache=True, parallel=True)
def drawn_in(kinds, rings, scales, ends, gains):
    """The table Q(height, ray, radius), half squared mm, if the volume of each class becomes `gains` of it."""
    heights, rays, radii = kinds.shape
    table = np.zeros((heights, rays, radii + 1))
    for h in prange(heights):
        own = np.empty(radii)
        for t in range(rays):
            last = ends[h, t]
            total = np.zeros(STIFF + 1)
            for k in range(last):
                kind = kinds[h, t, k]
                gain = gains[kind]
                if kind == LEFT:
                    gain = max(1 - (1 - gain) * scales[h, t, k], LEAST_CAVITY)
                own[k] = rings[h, t, k] * gain
                total[kind] += own[k]
            whole = 0.5 * (RADIUS_MM * last) ** 2
            fixed = total[LEFT] + total[MUSCLE] + total[STIFF] + total[ATRIA]
            give, pull = _closed(whole - fixed, total[OTHER], total[RIGHT])
            fits = whole / max(fixed + give * total[OTHER] + pull * total[RIGHT], 1e-9)
            for k in range(radii):
                ring = RADIUS_MM**2 * (k + 0.5)
                if k < last:
                    kind = kinds[h, t, k]
                    ring = own[k] * fits * (give if kind == OTHER else pull if kind == RIGHT else 1.0)
                table[h, t, k + 1] = table[h, t, k] + ring
    return table


@njit(cache=True)
def _closed(room, other, right):
    """What becomes of the volume of other tissue so that a ray keeps its length, and of the right ventricle besides.

    Tissue gives way within bounds; where there is too little of it the right ventricle is drawn in less.
    """
    if other <= 0.0:
        return 1.0, max(room / right, 0.1) if right > 0 else 1.0
    give = (room - right) / other
    held = min(max(give, LEAST_GIVEN), MOST_GIVEN)
    if held == give or right <= 0.0:
        return held, 1.0
    return held, min(max((room - held * other) / right, 0.3), 3.0)


@njit(cache=True)
def _slope(z0, t0, t, r, first, levels, twist, down, outer):
    """How turning and shortening change a piece: the product of their slopes, by central differences."""
    e = 1e-3
    along = _shortened(z0 + e, t, r, first, levels, down, outer) - _shortened(z0 - e, t, r, first, levels, down, outer)
    turn = _twisted(z0, t0 + e, r, first, levels, twist, outer) - _twisted(z0, t0 - e, r, first, levels, twist, outer)
    return along * turn / (4 * e * e)


@njit(cache=True, inline="always")
def _mixed(table, h, fz, i, j, ft, k):
    low = table[h, i, k] * (1 - ft) + table[h, j, k] * ft
    high = table[h + 1, i, k] * (1 - ft) + table[h + 1, j, k] * ft
    return low * (1 - fz) + high * fz


@njit(cache=True, parallel=True)
def carried(points, origin, axes, first, levels, twist, down, outer, table, back):
    """Where points of the heart at rest lie in this phase, or where they lay (`back`); others stay."""
    heights, rays, radii = table.shape[0], table.shape[1], table.shape[2] - 1
    top = first + HEIGHT_MM * (heights - 1)
    per_ray = 2 * np.pi / rays
    moved = np.empty_like(points)
    for n in prange(len(points)):
        x, y, z = points[n, 0] - origin[0], points[n, 1] - origin[1], points[n, 2] - origin[2]
        right = axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z
        across = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z
        along = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
        r = np.sqrt(right * right + across * across)
        moved[n] = points[n]
        if along <= first or along >= top or r >= RADIUS_MM * radii or r < 1e-9:
            continue
        t = np.arctan2(-across, right) / per_ray
        if back:
            h, fz, i, j, ft = _around(along, t, first, heights, rays)
            q = 0.5 * r * r
            low, high = 0, radii
            while high - low > 1:
                middle = (low + high) // 2
                if _mixed(table, h, fz, i, j, ft, middle) <= q:
                    low = middle
                else:
                    high = middle
            a, b = _mixed(table, h, fz, i, j, ft, low), _mixed(table, h, fz, i, j, ft, low + 1)
            qa, qb = 0.5 * (RADIUS_MM * low) ** 2, 0.5 * (RADIUS_MM * (low + 1)) ** 2
            r = np.sqrt(2 * (qa + (q - a) / (b - a) * (qb - qa)))
            along = _lengthened(along, t, r, first, levels, twist, down, outer)
            t = _untwisted(along, t, r, first, levels, twist, down, outer)
        else:
            t = _twisted(along, t, r, first, levels, twist, outer)
            along = _shortened(along, t, r, first, levels, down, outer)
            h, fz, i, j, ft = _around(along, t, first, heights, rays)
            k = min(int(r / RADIUS_MM), radii - 1)
            qa, qb = 0.5 * (RADIUS_MM * k) ** 2, 0.5 * (RADIUS_MM * (k + 1)) ** 2
            f = (0.5 * r * r - qa) / (qb - qa)
            q = _mixed(table, h, fz, i, j, ft, k) * (1 - f) + _mixed(table, h, fz, i, j, ft, k + 1) * f
            r = np.sqrt(2 * q)
        right, across = r * np.cos(t * per_ray), -r * np.sin(t * per_ray)
        for axis in range(3):
            moved[n, axis] = origin[axis] + axes[0, axis] * right + axes[1, axis] * across + axes[2, axis] * along
    return moved
