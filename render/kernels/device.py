"""The kernels of upright.py and cone.py on an NVIDIA GPU: the same physics, each thread one number of the result.

The only file that imports numba's CUDA. NUMBA_ENABLE_CUDASIM=1 runs it in Python, without a GPU. Every number is told
to be single precision: an int times a float32 would silently be a float64.
"""

from typing import Any

import numba.cuda
import numpy as np
from numba import float32, int32

from render.kernels.shadow import across, between, clamped, lowest, share, step_mm

cuda: Any = numba.cuda

np.__dict__.setdefault("row_stack", np.vstack)
"""numba-cuda 0.30 asks for it, NumPy 2.5 no longer has it."""

THREADS = 64
"""Of a block, along the fastest axis."""


def forward(sums, filled, way, focus, upward, _lanes, out):
    """As upright.forward; sums and out lie on the device."""
    views, columns, rows, materials = out.shape
    sums = sums.reshape(*filled.shape, -1, materials)
    cast[(_blocks(rows * materials), columns, views), THREADS](sums, _single(way), _single(focus), _single(upward), out)


def weigh(rays, way, focus, upward, out):
    """As upright.weigh; rays and out lie on the device."""
    views, columns, _, materials = rays.shape
    add_up[(_blocks(columns * materials), views), THREADS](rays, _single(way), _single(focus), _single(upward), out)


def adjoint(sums, way, focus, upward, _lanes, axis, out):
    """As upright.adjoint; sums and out lie on the device."""
    blocks = _blocks(out.shape[2] * out.shape[3]), out.shape[axis]
    bring_back[blocks, THREADS](sums, _single(way), _single(focus), _single(upward), axis, out)


def backproject_cone(image, views, column, weight, rise, height):
    """As cone.backproject_cone; image and views lie on the device."""
    x, y, z = image.shape
    shine[(_blocks(z), y, x), THREADS](image, views, _single(column), _single(weight), _single(rise), _single(height))


def _blocks(count):
    return (count + THREADS - 1) // THREADS


def _single(array):
    return cuda.to_device(np.ascontiguousarray(array, np.float32))


@cuda.jit
def cast(sums, way, focus, upward, out):
    """One thread, one material of one element: it walks from plane to plane."""
    thread, column, view = cuda.grid(1), cuda.blockIdx.y, cuda.blockIdx.z
    rows, materials = out.shape[2], out.shape[3]
    row, m = thread // materials, thread % materials
    if row >= rows:
        return
    nx, ny, top = sums.shape[0], sums.shape[1], sums.shape[2] - 2
    axis = int32(way[view, column, 0])
    planes, cells = (nx, ny) if axis == 0 else (ny, nx)
    focus_z, w = focus[view, 2], focus[view, 3]
    q_a, q_z = way[view, column, 5], way[view, column, 6]
    up = upward[view]
    corner = q_z - up * float32(0.5) * float32(rows)
    total = float32(0)
    for plane in range(planes):
        middle = float32(plane)
        low, high = across(
            way[view, column, 1], way[view, column, 2], way[view, column, 3], way[view, column, 4], middle
        )
        bottom, height = lowest(q_a, corner, focus[view, axis], focus_z, w, up, middle + float32(0.5))
        here = bottom + height * float32(row)
        below = clamped(here, float32(0), float32(top))
        above = clamped(here + height, float32(0), float32(top))
        one, other = int32(below), int32(above)
        first = int32(clamped(low, float32(0), float32(cells)))
        last = int32(clamped(high + float32(1), float32(0), float32(cells)))
        met = float32(0)
        for cell in range(first, last):
            x, y = (plane, cell) if axis == 0 else (cell, plane)
            start = between(sums[x, y, one, m], sums[x, y, one + 1, m], below - float32(one))
            end = between(sums[x, y, other, m], sums[x, y, other + 1, m], above - float32(other))
            part = share(low, high, float32(cell), float32(cell + 1))
            if part > float32(0):
                met += part * (end - start)
        total += met / height
    z = q_z + up * (float32(row) + float32(0.5) - float32(0.5) * float32(rows))
    out[view, column, row, m] = total * step_mm(way[view, column, 7], way[view, column, 8], z, focus_z, w)


@cuda.jit
def add_up(rays, way, focus, upward, out):
    """One thread, one material of one detector column: it walks up the rows."""
    thread, view = cuda.grid(1), cuda.blockIdx.y
    columns, rows, materials = rays.shape[1], rays.shape[2], rays.shape[3]
    column, m = thread // materials, thread % materials
    if column >= columns:
        return
    total = float32(0)
    out[view, column, 0, m] = total
    for row in range(rows):
        z = way[view, column, 6] + upward[view] * (float32(row) + float32(0.5) - float32(0.5) * float32(rows))
        mm = step_mm(way[view, column, 7], way[view, column, 8], z, focus[view, 2], focus[view, 3])
        total += mm * rays[view, column, row, m]
        out[view, column, row + 1, m] = total
    out[view, column, rows + 1, m] = total


@cuda.jit
def bring_back(sums, way, focus, upward, axis, out):
    """One thread, one material of the cells at one height of one plane: no other writes there."""
    thread, plane = cuda.grid(1), cuda.blockIdx.y
    materials, rows = out.shape[3], sums.shape[2] - 2
    z, m = thread // materials, thread % materials
    if z >= out.shape[2]:
        return
    cells = out.shape[1] if axis == 0 else out.shape[0]
    middle = float32(plane)
    for view in range(sums.shape[0]):
        focus_a, focus_z, w, up = focus[view, axis], focus[view, 2], focus[view, 3], upward[view]
        for column in range(sums.shape[1]):
            if int32(way[view, column, 0]) != axis:
                continue
            low, high = across(
                way[view, column, 1], way[view, column, 2], way[view, column, 3], way[view, column, 4], middle
            )
            first = int32(clamped(low, float32(0), float32(cells)))
            last = int32(clamped(high + float32(1), float32(0), float32(cells)))
            if first == last:
                continue
            corner = way[view, column, 6] - up * float32(0.5) * float32(rows)
            bottom, height = lowest(way[view, column, 5], corner, focus_a, focus_z, w, up, middle + float32(0.5))
            below = clamped((float32(z) - bottom) / height, float32(0), float32(rows))
            above = clamped((float32(z + 1) - bottom) / height, float32(0), float32(rows))
            one, other = int32(below), int32(above)
            start = between(sums[view, column, one, m], sums[view, column, one + 1, m], below - float32(one))
            end = between(sums[view, column, other, m], sums[view, column, other + 1, m], above - float32(other))
            seen = abs(above - below) > float32(0)
            rise = end - start if height > float32(0) else start - end
            for cell in range(first, last):
                part = share(low, high, float32(cell), float32(cell + 1))
                if seen and part > float32(0):
                    if axis == 0:
                        out[plane, cell, z, m] += part * rise
                    else:
                        out[cell, plane, z, m] += part * rise


@cuda.jit
def shine(image, views, column, weight, rise, height):
    """One thread, one voxel: it looks at every view."""
    z, y, x = cuda.grid(1), cuda.blockIdx.y, cuda.blockIdx.z
    elements, rows = views.shape[1], views.shape[2]
    if z >= image.shape[2]:
        return
    total, last = float32(0), float32(rows - 1)
    for view in range(views.shape[0]):
        at = column[view, x, y]
        if at < float32(0) or at >= float32(elements - 1):
            continue
        left = int32(at)
        row = float32(0.5) * last + (float32(z) - height[view]) * rise[view, x, y]
        row = clamped(row, float32(0), last)
        lower = int32(row)
        upper = lower + 1 if lower + 1 < rows else lower
        along = row - float32(lower)
        one = between(views[view, left, lower], views[view, left, upper], along)
        other = between(views[view, left + 1, lower], views[view, left + 1, upper], along)
        total += weight[view, x, y] * between(one, other, at - float32(left))
    image[x, y, z] += total
