"""The domain as growth takes it: which places are inside, with how much room, and where the next end may lie."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import ndarray

from simdata.philox import philox
from vascular.construction.hydraulics import TINY
from vascular.straight import walk


class Space(NamedTuple):
    """room: (x, y, z) mm inside the surface, 0 outside. to_index, to_mm: maps (3, 4) of mm to voxels and back.

    voxels: (v,) flat, where ends are wanted. cumulative: (v,) their demand, summed up. low, high: (3,) of a box, mm.
    """

    room: ndarray
    to_index: ndarray
    to_mm: ndarray
    voxels: ndarray
    cumulative: ndarray
    low: ndarray
    high: ndarray


@njit(cache=True)
def mapped(matrix, p, out):
    """A place p (3,) through a map (3, 4)."""
    for row in range(3):
        out[row] = matrix[row, 0] * p[0] + matrix[row, 1] * p[1] + matrix[row, 2] * p[2] + matrix[row, 3]


@njit(cache=True)
def _voxel(space, p):
    """The voxel that a point lies in, flat, or -1 outside the grid."""
    at = np.empty(3)
    mapped(space.to_index, p, at)
    i, j, k = int(np.floor(at[0] + 0.5)), int(np.floor(at[1] + 0.5)), int(np.floor(at[2] + 0.5))
    nx, ny, nz = space.room.shape
    if min(i, j, k) < 0 or i >= nx or j >= ny or k >= nz:
        return -1
    return (i * ny + j) * nz + k


@njit(cache=True)
def _room_at(space, p):
    voxel, (_, ny, nz) = _voxel(space, p), space.room.shape
    return float(space.room[voxel // (ny * nz), voxel // nz % ny, voxel % nz]) if voxel >= 0 else 0.0


@njit(cache=True)
def asks(space, p):
    """Whether blood is asked for where a point lies."""
    voxel = _voxel(space, p)
    n = np.searchsorted(space.voxels, voxel)
    return n < len(space.voxels) and space.voxels[n] == voxel


@njit(cache=True)
def fits(space, a, b, radius):
    """The segment stays inside, and its wall no nearer to the border than the radius or the place where it starts."""
    start, end = np.empty(3), np.empty(3)
    mapped(space.to_index, a, start)
    mapped(space.to_index, b, end)
    return walk(space.room, min(radius, _room_at(space, a)), start, end)


@njit(cache=True)
def as_stored(p):
    """A point in single precision, as a graph stores it: what is checked is what is kept."""
    for n in range(3):
        p[n] = np.float64(np.float32(p[n]))


@njit(cache=True)
def toss(space, key, counter, out):
    """A random place: a voxel by demand, anywhere in it. Returns the share of the demand that its voxel has."""
    voxels, cumulative = space.voxels, space.cumulative
    _, ny, nz = space.room.shape
    w0, w1, w2, w3 = philox(
        np.uint32(counter & 0xFFFFFFFF), np.uint32(counter >> 32), np.uint32(0), np.uint32(0), key[0], key[1]
    )
    pick = (np.float64(w0) + 0.5) * 2.0**-32 * cumulative[-1]
    n = np.searchsorted(cumulative, pick, side="right")
    n = min(n, len(voxels) - 1)
    flat = voxels[n]
    at = np.empty(3)
    at[0] = flat // (ny * nz) + (np.float64(w1) + 0.5) * 2.0**-32 - 0.5
    at[1] = flat // nz % ny + (np.float64(w2) + 0.5) * 2.0**-32 - 0.5
    at[2] = flat % nz + (np.float64(w3) + 0.5) * 2.0**-32 - 0.5
    mapped(space.to_mm, at, out)
    as_stored(out)
    return (cumulative[n] - (cumulative[n - 1] if n else 0.0)) / cumulative[-1]


@njit(cache=True)
def pull(a, b, place, share):
    """Draws a place nearer to a segment: so a tree finds its way round corners."""
    length2 = along = 0.0
    for n in range(3):
        length2 += (b[n] - a[n]) ** 2
        along += (b[n] - a[n]) * (place[n] - a[n])
    t = min(max(along / max(length2, TINY), 0.0), 1.0)
    for n in range(3):
        foot = a[n] + t * (b[n] - a[n])
        place[n] = foot + share * (place[n] - foot)
    as_stored(place)
