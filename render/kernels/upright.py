"""Shadows of a volume on detectors that stand upright, and what they were cast by: the distance-driven pair.

De Man and Basu 2004, Phys Med Biol 49:2463: a detector element and a voxel meet in a plane of voxels as two rectangles,
and count by their overlap; so a vessel thinner than a voxel loses nothing between two rays. All elements of a detector
column share their way through x and y, so a column sums, plane by plane, the voxels on its way, and its elements take
differences of running sums along z (Basu and De Man 2006, Proc SPIE 6142, branchless).

One thread owns one view (forward) or one plane of voxels (adjoint): no two write to one place. Lengths as in shadow.py.
"""

from math import ceil, floor, sqrt

import numpy as np
from numba import njit, prange
from numpy import float32, int32

from render.kernels.lanes import add_between
from render.kernels.shadow import across, direction, lowest, share, slope, step_mm

AT_ONCE = 8
"""Detector columns that cross a plane together: neighbours see the same voxels."""


def meetings_reference(focus, borders, upward, spacing, shape, rows):
    """Every (view, column) with a plane it crosses: its cells there, each cell's share, each row's share of z, and mm.

    Yields view, column, index of the line of cells along the other axis in (x, y), (cells) weights, (rows, z) weights,
    (rows) mm. Weights are overlaps of the element's shadow with a cell, in parts of the shadow.
    """
    for view, column in np.ndindex(len(focus), borders.shape[1] - 1):
        source, w = focus[view, :3], focus[view, 3]
        edges = borders[view, column : column + 2]
        ends = edges.mean(axis=0) + np.outer(np.arange(rows + 1) - rows / 2, [0, 0, upward[view]])
        rays = w * (ends[:-1] + ends[1:]) / 2 - source
        a = int(abs(rays[0, 1]) > abs(rays[0, 0]))
        mm = np.linalg.norm(rays * spacing, axis=1) / np.abs(rays[:, a])
        for plane in range(shape[a]):
            reach, height = (_at(plane + 0.5, points, w * points - source, a) for points in (edges, ends))
            line = (plane, slice(None)) if a == 0 else (slice(None), plane)
            yield view, column, line, _shares(reach[:, 1 - a], shape[1 - a])[0], _shares(height[:, 2], shape[2]), mm


def _at(place, points, rays, axis):
    """Where the rays through the points reach `place` along an axis."""
    return points + ((place - points[:, axis]) / rays[:, axis])[:, None] * rays


def _shares(borders, cells):
    """Of each stretch from border to border: how much of it lies in each cell."""
    low, high = np.sort([borders[:-1], borders[1:]], axis=0)[..., None]
    cell = np.arange(cells)
    return np.clip(np.minimum(high, cell + 1) - np.maximum(low, cell), 0, None) / (high - low)


def forward_reference(volume, focus, borders, upward, spacing, rows):
    """(views, columns, rows, M) float64, as `forward`, of a volume (x, y, z, M)."""
    out = np.zeros((len(focus), borders.shape[1] - 1, rows, volume.shape[3]))
    for view, column, line, cells, heights, mm in meetings_reference(
        focus, borders, upward, spacing, volume.shape, rows
    ):
        out[view, column] += np.einsum("c,rz,r,czm->rm", cells, heights, mm, volume[line])
    return out


def adjoint_reference(rays, focus, borders, upward, spacing, shape):
    """(x, y, z, M) float64, as `weigh` and `adjoint` along both axes, of rays (views, columns, rows, M)."""
    out = np.zeros((*shape, rays.shape[3]))
    for view, column, line, cells, heights, mm in meetings_reference(
        focus, borders, upward, spacing, shape, rays.shape[2]
    ):
        out[line] += np.einsum("c,rz,r,rm->czm", cells, heights, mm, rays[view, column])
    return out


WAY = 9
"""What `ways` tells of a column: axis, left, left slope, right, right slope, q_a, q_z, flat mm, steep mm."""


@njit(parallel=True, cache=True, error_model="numpy")
def ways(focus, borders, spacing, way):
    """Into `way` (views, columns, WAY): which axis each column crosses; where its borders cross plane 0, and slopes.

    Plane 0 is the middle of the first cells. q is the middle of the column; flat and steep mm as for `step_mm`.
    """
    for view in prange(way.shape[0]):
        source, w = focus[view], focus[view, 3]
        for column in range(way.shape[1]):
            left, right = borders[view, column], borders[view, column + 1]
            x, y, z = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2, (left[2] + right[2]) / 2
            along_x, along_y = direction(x, source[0], w), direction(y, source[1], w)
            a, b, q_a, along = (0, 1, x, along_x) if abs(along_x) >= abs(along_y) else (1, 0, y, along_y)
            to_left = slope(left[a], left[b], source[a], source[b], w)
            to_right = slope(right[a], right[b], source[a], source[b], w)
            one = way[view, column]
            one[0] = a
            one[1], one[2] = left[b] + (0.5 - left[a]) * to_left, to_left
            one[3], one[4] = right[b] + (0.5 - right[a]) * to_right, to_right
            one[5], one[6] = q_a, z
            one[7] = sqrt((along_x * spacing[0]) ** 2 + (along_y * spacing[1]) ** 2) / abs(along)
            one[8] = spacing[2] / along


@njit(inline="always")
def met(way, plane, focus, upward, rows):
    """Of a column in that plane: from where to where it reaches, its lowest border and the height of an element."""
    low, high = across(way[1], way[2], way[3], way[4], plane)
    focus_a = focus[int32(way[0])]
    bottom, height = lowest(way[5], way[6] - upward * rows / 2, focus_a, focus[2], focus[3], upward, plane + 0.5)
    return low, high, bottom, height


@njit(inline="always")
def within(first, step, count, end):
    """Of `count` steps from `first`: the range that touches [0, end]."""
    one, other = (0 - first) / step, (end - first) / step
    low, high = (one, other) if one < other else (other, one)
    return int(max(0.0, floor(low))), int(min(float(count), ceil(high)))


@njit(inline="always")
def places(first, step, start, stop, end, stride, index, weight):
    """Where borders start ... stop, at first + n step, fall between entries of a table: index times stride, share."""
    for n in range(start, stop + 1):
        at = float32(min(max(first + step * n, 0.0), end))
        whole = int32(at)
        index[n] = whole * stride
        weight[n] = at - float32(whole)


@njit(inline="always")
def entries(one, other, end):
    """Of a table of end + 2 entries the first that borders from `one` to `other` read, and that after the last.

    A border reads the entry below it and the next one; `places` may round it up to the entry above.
    """
    low, high = (one, other) if one < other else (other, one)
    return int(min(max(low, 0.0), end)), min(int(min(max(high, 0.0), end)) + 3, end + 2)


@njit(inline="always")
def put(line, other, part):
    """`part` of the other line."""
    for n in range(line.shape[0]):
        line[n] = part * other[n]


@njit(inline="always")
def add(line, other, part):
    """Add `part` of the other line to the line."""
    for n in range(line.shape[0]):
        line[n] += part * other[n]


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract"})
def forward(sums, filled, way, focus, upward, lanes, out):
    """Into `out` (views, columns, rows, M): mm times the mean of `volume` over the way of each element.

    sums: (x, y, (z + 2) M) running sums of the volume along z, from 0, the last twice. filled: (x, y) not all empty.
    way: from `ways`. focus: (views, 4). upward: (views) height of an element.
    """
    views, columns, rows, materials = out.shape
    nx, ny = filled.shape
    nz = sums.shape[2] // materials - 2
    table, full = sums.reshape(nx * ny, -1), filled.reshape(-1)
    for view in prange(views):
        source, up = focus[view], upward[view]
        index, weight = np.empty(rows + 1, np.int32), np.empty(rows + 1, np.float32)
        sheet = np.empty(sums.shape[2], np.float32)
        rays = out[view].reshape(columns, rows * materials)
        rays[:] = 0
        for block in range(0, columns, AT_ONCE):
            for a in range(2):
                planes, cells, plane_stride, stride = (nx, ny, ny, 1) if a == 0 else (ny, nx, 1, ny)
                for plane in range(planes):
                    for column in range(block, min(block + AT_ONCE, columns)):
                        if way[view, column, 0] != a:
                            continue
                        low, high, bottom, height = met(way[view, column], plane, source, up, rows)
                        start, stop = within(bottom, height, rows, nz)
                        if start >= stop or high <= 0 or low >= cells:
                            continue
                        low_z, high_z = entries(bottom + height * start, bottom + height * stop, nz)
                        first, last = low_z * materials, high_z * materials
                        empty = True
                        for cell in range(int(max(low, 0)), int(min(ceil(high), cells))):
                            line = plane * plane_stride + cell * stride
                            if full[line]:
                                part = float32(share(low, high, cell, cell + 1) / height)
                                if empty:
                                    put(sheet[first:last], table[line, first:last], part)
                                else:
                                    add(sheet[first:last], table[line, first:last], part)
                                empty = False
                        if empty:
                            continue
                        places(bottom, height, start, stop, nz, int32(materials), index, weight)
                        add_between(rays[column], sheet, index, weight, start, stop, lanes)
        for column in range(columns):
            for row in range(rows):
                step = float32(step_of(way[view, column], row, source, up, rows))
                for m in range(materials):
                    out[view, column, row, m] *= step


@njit(inline="always")
def step_of(way, row, focus, upward, rows):
    """mm from plane to plane along the ray that ends at the middle of that element."""
    return step_mm(way[7], way[8], way[6] + upward * (row + 0.5 - rows / 2), focus[2], focus[3])


@njit(parallel=True, cache=True, error_model="numpy")
def weigh(rays, way, focus, upward, out):
    """Into `out` (views, columns, rows + 2, M): running sums of rays times mm along the rows, the last twice."""
    views, columns, rows, materials = rays.shape
    for view in prange(views):
        for column in range(columns):
            out[view, column, 0] = 0
            for row in range(rows):
                step = float32(step_of(way[view, column], row, focus[view], upward[view], rows))
                for m in range(materials):
                    out[view, column, row + 1, m] = out[view, column, row, m] + step * rays[view, column, row, m]
            out[view, column, rows + 1] = out[view, column, rows]


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract"})
def adjoint(sums, way, focus, upward, lanes, axis, out):
    """Add to `out` (x, y, z, M) what the columns that cross `axis` (0: x, 1: y) bring back. sums: from `weigh`."""
    views, columns, beyond, materials = sums.shape
    rows = beyond - 2
    nx, ny, nz, _ = out.shape
    voxels = out.reshape(nx * ny, nz * materials)
    planes, cells, plane_stride, stride = (nx, ny, ny, 1) if axis == 0 else (ny, nx, 1, ny)
    for plane in prange(planes):
        index, weight = np.empty(nz + 1, np.int32), np.empty(nz + 1, np.float32)
        line = np.empty(nz * materials, np.float32)
        for view in range(views):
            source, up = focus[view], upward[view]
            for column in range(columns):
                if way[view, column, 0] != axis:
                    continue
                low, high, bottom, height = met(way[view, column], plane, source, up, rows)
                start, stop = within(-bottom / height, 1 / height, nz, rows)
                if start >= stop or high <= 0 or low >= cells:
                    continue
                places(-bottom / height, 1 / height, start, stop, rows, int32(materials), index, weight)
                table = sums[view, column].reshape(beyond * materials)
                line[start * materials : stop * materials] = 0
                add_between(line, table, index, weight, start, stop, lanes)
                upwards = 1 if height > 0 else -1
                for cell in range(int(max(low, 0)), int(min(ceil(high), cells))):
                    part = float32(upwards * share(low, high, cell, cell + 1))
                    pixel = voxels[plane * plane_stride + cell * stride]
                    add(pixel[start * materials : stop * materials], line[start * materials : stop * materials], part)
