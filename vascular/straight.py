"""Straight vessels in space: the voxels that one crosses, and how far two run from each other.

Numba's cache on disk only notices changes in the file of the outermost function: after a change here, touch the files
of the kernels that call these functions.
"""

import numpy as np
from numba import njit

TINY = 1e-12


@njit(cache=True)
def walk(room, need, start, end):
    """True if every voxel between two places (indices) has room of more than 0 and at least `need`.

    Amanatides and Woo 1987: from face to face, as many as lie between, so the last voxel is the end's.
    """
    i, j, k = int(np.floor(start[0] + 0.5)), int(np.floor(start[1] + 0.5)), int(np.floor(start[2] + 0.5))
    i1, j1, k1 = int(np.floor(end[0] + 0.5)), int(np.floor(end[1] + 0.5)), int(np.floor(end[2] + 0.5))
    nx, ny, nz = room.shape
    if min(i, j, k, i1, j1, k1) < 0 or max(i, i1) >= nx or max(j, j1) >= ny or max(k, k1) >= nz:
        return False
    tx, dx, si = _faces(start[0], end[0], i)
    ty, dy, sj = _faces(start[1], end[1], j)
    tz, dz, sk = _faces(start[2], end[2], k)
    for _ in range(abs(i1 - i) + abs(j1 - j) + abs(k1 - k)):
        here = room[i, j, k]
        if here <= 0 or here < need:
            return False
        wx = tx if i != i1 else np.inf
        wy = ty if j != j1 else np.inf
        wz = tz if k != k1 else np.inf
        if wx <= wy and wx <= wz:
            i, tx = i + si, tx + dx
        elif wy <= wz:
            j, ty = j + sj, ty + dy
        else:
            k, tz = k + sk, tz + dz
    return room[i, j, k] > 0 and room[i, j, k] >= need


@njit(cache=True)
def _faces(start, end, voxel):
    """When the first face is crossed, the time from face to face, and the direction."""
    way = end - start
    if way > 0:
        return (voxel + 0.5 - start) / way, 1 / way, 1
    if way < 0:
        return (voxel - 0.5 - start) / way, -1 / way, -1
    return np.inf, np.inf, 0


@njit(cache=True)
def walk_all(room, need, start, end):
    """`walk` for many segments: (n,) bool."""
    good = np.empty(len(start), np.bool_)
    for n in range(len(start)):
        good[n] = walk(room, need[n], start[n], end[n])
    return good


@njit(cache=True)
def put(p, out):
    """Writes a point (3,) into another: number by number, which compiles twenty times faster than out[:] = p."""
    for n in range(3):
        out[n] = p[n]


@njit(cache=True)
def distance(a, b):
    """Distance of two points."""
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)


@njit(cache=True)
def point_to_segment2(p, a, b):
    """Squared distance of a point from a segment."""
    length2 = along = 0.0
    for n in range(3):
        length2 += (b[n] - a[n]) ** 2
        along += (b[n] - a[n]) * (p[n] - a[n])
    t = 0.0 if length2 <= 0 else min(max(along / length2, 0.0), 1.0)
    away2 = 0.0
    for n in range(3):
        away2 += (a[n] + t * (b[n] - a[n]) - p[n]) ** 2
    return away2


@njit(cache=True)
def segments_apart2(p, q, r, s):
    """Squared distance of the segments p q and r s. Lumelsky 1985, Inf Process Lett 21:55."""
    uu = vv = uv = uw = vw = 0.0
    for n in range(3):
        u, v, w = q[n] - p[n], s[n] - r[n], r[n] - p[n]
        uu, vv, uv, uw, vw = uu + u * u, vv + v * v, uv + u * v, uw + u * w, vw + v * w
    det = uu * vv - uv * uv
    t = min(max((uw * vv - vw * uv) / det, 0.0), 1.0) if det > TINY * uu * vv else 0.0
    x = (t * uv - vw) / vv if vv > 0 else 0.0
    if x < 0 or x > 1:
        x = min(max(x, 0.0), 1.0)
        t = min(max((x * uv + uw) / uu, 0.0), 1.0) if uu > 0 else 0.0
    apart2 = 0.0
    for n in range(3):
        apart2 += (p[n] + t * (q[n] - p[n]) - r[n] - x * (s[n] - r[n])) ** 2
    return apart2


@njit(cache=True)
def sprout_apart2(p, x, r, s, leaves):
    """`segments_apart2` of the sprout p x of a given vessel and r s, from where it is `leaves` away from its start."""
    length = distance(p, x)
    if length <= leaves:
        return np.inf
    start = np.empty(3)
    for n in range(3):
        start[n] = p[n] + (x[n] - p[n]) * leaves / length
    return segments_apart2(start, x, r, s)
