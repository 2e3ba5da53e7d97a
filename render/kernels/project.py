"""Line integrals through a stack of slices by Joseph's method; one thread owns all the rays of one view.

Joseph 1982, IEEE Trans Med Imaging 1:192: a ray visits every column (or row, whichever it crosses more squarely) once,
and takes there the linear interpolation of the two voxels beside it. Slices lie along the last axis, contiguous, so
that the way of a ray is worked out once for all of them.
"""

from math import cos, floor, sin

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, ndarray


def line_integrals_reference(
    volume: Float32[ndarray, "x y k"],
    angle_rad: Float64[ndarray, "views n"],
    offset_mm: Float64[ndarray, "views n"],
    spacing_mm: tuple[float, ...],
) -> Float32[ndarray, "views n k"]:
    """The integral of every slice of `volume` along each ray x cos(angle) + y sin(angle) = offset, times mm.

    x and y are mm from the middle of the slice; beyond it there is nothing.
    """
    nx, ny, slices = volume.shape
    dx, dy = spacing_mm[:2]
    out = np.zeros((*angle_rad.shape, slices), np.float32)
    for ray, angle in np.ndenumerate(angle_rad):
        c, s, offset = np.cos(angle), np.sin(angle), offset_mm[ray]
        if abs(s) * dy >= abs(c) * dx:
            x = (np.arange(nx) - (nx - 1) / 2) * dx
            at, columns, step = (offset - x * c) / s / dy + (ny - 1) / 2, volume, dx / abs(s)
        else:
            y = (np.arange(ny) - (ny - 1) / 2) * dy
            at, columns, step = (offset - y * s) / c / dx + (nx - 1) / 2, volume.transpose(1, 0, 2), dy / abs(c)
        padded = np.pad(columns, ((0, 0), (1, 1), (0, 0)))
        lower = np.floor(at).astype(int)
        weight = (at - lower)[:, None]
        column = np.flatnonzero((lower >= -1) & (lower < columns.shape[1]))
        below, above = (padded[column, lower[column] + shift] for shift in (1, 2))
        out[ray] = step * np.sum((1 - weight[column]) * below + weight[column] * above, axis=0)
    return out


def project(
    volume: Float32[ndarray, "x y k"],
    rays: tuple[Float64[ndarray, "views n"], Float64[ndarray, "views n"]],
    spacing_mm: tuple[float, ...],
) -> Float32[ndarray, "views n k"]:
    """As the reference, fast; `volume` here has one empty voxel on every side of each slice."""
    angle_rad, offset_mm = (np.ascontiguousarray(values) for values in rays)
    out = np.empty((*angle_rad.shape, volume.shape[2]), np.float32)
    line_integrals(volume, volume.any(axis=2), angle_rad, offset_mm, spacing_mm[0], spacing_mm[1], out)
    return out


@njit(parallel=True, cache=True, error_model="numpy")
def line_integrals(volume, filled, angle_rad, offset_mm, dx, dy, out):
    """Into `out`. filled: (x, y) whether any slice holds anything there; the rest is skipped."""
    nx, ny, slices = volume.shape[0] - 2, volume.shape[1] - 2, volume.shape[2]
    voxels = volume.reshape((nx + 2) * (ny + 2), slices)
    full = filled.reshape((nx + 2) * (ny + 2))
    for view in prange(angle_rad.shape[0]):
        for n in range(angle_rad.shape[1]):
            c, s, offset = cos(angle_rad[view, n]), sin(angle_rad[view, n]), offset_mm[view, n]
            if abs(s) * dy >= abs(c) * dx:
                columns, rows, column_stride, row_stride = nx, ny, ny + 2, 1
                slope, step = -c * dx / (s * dy), dx / abs(s)
                at = offset / (s * dy) - slope * (nx - 1) / 2 + (ny - 1) / 2
            else:
                columns, rows, column_stride, row_stride = ny, nx, 1, ny + 2
                slope, step = -s * dy / (c * dx), dy / abs(c)
                at = offset / (c * dx) - slope * (ny - 1) / 2 + (nx - 1) / 2
            ray = out[view, n]
            ray[:] = 0
            for column in range(columns):
                row = at + slope * column
                lower = floor(row)
                if lower < -1 or lower >= rows:
                    continue
                below = (column + 1) * column_stride + (lower + 1) * row_stride
                above = below + row_stride
                if full[below] or full[above]:
                    _add(ray, voxels[below], voxels[above], float32(step), float32(row - lower))


@njit(inline="always")
def _add(ray, below, above, step, weight):
    w_above = step * weight
    w_below = step - w_above
    for k in range(ray.shape[0]):
        ray[k] += w_below * below[k] + w_above * above[k]
