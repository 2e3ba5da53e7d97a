"""Which voxels lie inside a closed surface: cut by planes, the cuts by lines, the lines filled between the crossings.

A voxel is inside where the surface winds around it: seen along its line of voxels, surfaces that enter outnumber those
that leave, or the other way round. A vertex counts as below a plane of voxels only if it lies below it (a vertex on the
plane is above), and an edge is always cut from its lower-numbered vertex, so that two triangles that share an edge
agree on every bit of where it is cut. Every crossing then has its partner, whatever lies exactly on a voxel's centre.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt16
from numba import njit, prange
from numpy import ndarray

Vertices = Float64[ndarray, "n 3"]
Faces = Int64[ndarray, "m 3"]


def inside_reference(vertices: Vertices, faces: Faces, shape: tuple[int, int, int]) -> Bool[ndarray, "x y z"]:
    """Which voxels of a grid of `shape` lie inside. vertices: in voxels; (0, 0, 0) is the first one's centre."""
    nx, ny, nz = shape
    crossings = np.zeros((nx, ny, nz + 1), np.int64)
    for i in range(nx):
        start, end = _cut_reference(vertices, faces, i)
        for j in range(ny):
            (y0, z0), (y1, z1) = (point[(start[:, 0] < j) != (end[:, 0] < j)].T for point in (start, end))
            above = np.floor(z0 + (j - y0) / (y1 - y0) * (z1 - z0)).astype(int) + 1
            np.add.at(crossings[i, j], np.clip(above, 0, nz), np.where(y0 < y1, 1, -1))
    return crossings.cumsum(axis=2)[..., :nz] != 0


def _cut_reference(vertices: Vertices, faces: Faces, i: int) -> tuple[ndarray, ndarray]:
    """Where the plane x = i cuts the triangles: (y, z) of the edges that rise through it, and of those that fall."""
    below = vertices[:, 0] < i
    a, b = faces, np.roll(faces, -1, axis=1)
    ends = []
    for cut in (below[a] & ~below[b], ~below[a] & below[b]):
        low, high = vertices[np.minimum(a, b)[cut]], vertices[np.maximum(a, b)[cut]]
        t = (i - low[:, 0]) / (high[:, 0] - low[:, 0])
        ends.append(low[:, 1:] + t[:, None] * (high[:, 1:] - low[:, 1:]))
    return ends[0], ends[1]


def fill(labels: UInt16[ndarray, "x y z"], id: int, vertices: Vertices, faces: Faces) -> int:
    """As the reference, fast: `id` into the voxels of `labels` that lie inside; returns how many."""
    vertices, faces = np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int64)
    low = np.clip(np.floor(vertices.min(axis=0)), 0, labels.shape).astype(np.int64)
    high = np.clip(np.ceil(vertices.max(axis=0)) + 1, low, labels.shape).astype(np.int64)
    cut, first = cut_by_planes(vertices, faces, labels.shape[0])
    return int(paint(labels, np.uint16(id), vertices, faces, cut, first, low, high))


def enclosed(vertices: Vertices, faces: Faces) -> float:
    """The volume inside: sum of a . (b x c) / 6 over the triangles, negative if they face inward."""
    a, b, c = (np.asarray(vertices)[faces[:, n]].T for n in range(3))
    return float(sum((a[n] * (b[n - 2] * c[n - 1] - b[n - 1] * c[n - 2])).sum() for n in range(3)) / 6)


@njit(cache=True, error_model="numpy")
def cut_by_planes(vertices, faces, planes):
    """The triangles that the planes x = 0, 1, ... cut, one plane after the other, and where each plane's begin."""
    span = np.empty((len(faces), 2), np.int64)
    first = np.zeros(planes + 1, np.int64)
    for m in range(len(faces)):
        a, b, c = vertices[faces[m, 0], 0], vertices[faces[m, 1], 0], vertices[faces[m, 2], 0]
        span[m] = voxels_between(min(a, b, c), max(a, b, c), 0, planes)
        for i in range(span[m, 0], span[m, 1]):
            first[i + 1] += 1
    for i in range(planes):
        first[i + 1] += first[i]

    cut, free = np.empty(first[planes], np.int64), first.copy()
    for m in range(len(faces)):
        for i in range(span[m, 0], span[m, 1]):
            cut[free[i]] = m
            free[i] += 1
    return cut, first


@njit(parallel=True, cache=True, error_model="numpy")
def paint(labels, id, vertices, faces, cut, first, low, high):
    """Fill plane after plane between the voxels `low` and `high`; one thread owns a plane. Returns how many voxels."""
    painted = 0
    for i in prange(low[0], high[0]):
        lines = count_crossings(i, vertices, faces, cut[first[i] : first[i + 1]], low, high)
        painted += fill_lines(labels[i], id, lines, low)
    return painted


@njit(cache=True, error_model="numpy")
def count_crossings(i, vertices, faces, cut, low, high):
    """Along each line of voxels of a plane: how many surfaces begin, less those that end, just before a voxel."""
    lines = np.zeros((high[1] - low[1], high[2] - low[2] + 1), np.int32)
    for m in cut:
        y0, z0, y1, z1 = ends_of_cut(i, vertices, faces[m])
        sign = 1 if y0 < y1 else -1
        start, stop = voxels_between(min(y0, y1), max(y0, y1), low[1], high[1])
        for j in range(start, stop):
            z = z0 + (j - y0) / (y1 - y0) * (z1 - z0)
            above = np.int64(np.floor(min(max(z, low[2] - 1.0), high[2] + 1.0))) + 1
            lines[j - low[1], min(max(above, low[2]), high[2]) - low[2]] += sign
    return lines


@njit(cache=True, error_model="numpy")
def fill_lines(plane, id, lines, low):
    """`id` where a surface has begun and not ended; returns how many voxels."""
    painted = 0
    for j in range(lines.shape[0]):
        line = plane[low[1] + j]
        winding = 0
        for k in range(lines.shape[1] - 1):
            winding += lines[j, k]
            if winding != 0:
                line[low[2] + k] = id
                painted += 1
    return painted


@njit(inline="always")
def ends_of_cut(i, vertices, face):
    """y and z of the edge that rises through the plane x = i, then of the one that falls."""
    y0 = z0 = y1 = z1 = 0.0
    for n in range(3):
        a, b = face[n], face[(n + 1) % 3]
        a_below, b_below = vertices[a, 0] < i, vertices[b, 0] < i
        if a_below != b_below:
            p, q = vertices[min(a, b)], vertices[max(a, b)]
            t = (i - p[0]) / (q[0] - p[0])
            y, z = p[1] + t * (q[1] - p[1]), p[2] + t * (q[2] - p[2])
            if a_below:
                y0, z0 = y, z
            else:
                y1, z1 = y, z
    return y0, z0, y1, z1


@njit(inline="always")
def voxels_between(low, high, start, stop):
    """The voxels i with low < i <= high, from `start` and before `stop`."""
    first = np.int64(np.floor(min(max(low, start - 1.0), np.float64(stop)))) + 1
    last = np.int64(np.floor(max(min(high, stop - 1.0), start - 1.0)))
    return first, last + 1
