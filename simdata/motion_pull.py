"""Every voxel takes what its tissue was at rest: one pass over a displacement, in index coordinates."""

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped
from numba import njit, prange
from numpy import ndarray

from simdata.grid import Grid

HAIR = 5e-7
"""Of a voxel: what lies half way between two but for the last bits of a float goes to the upper one."""


def rest_voxels(displacement: Float32[ndarray, "3 x y z"], grid: Grid) -> Int[ndarray, "x y z"]:
    """Flat index of the voxel in which each voxel's tissue lay at rest; what comes from beyond lay at the rim."""
    small = displacement[0].size < 2**31
    voxels = np.empty(grid.shape, np.int32 if small else np.int64)
    return _rest_voxels(displacement, _to_index(grid), voxels)


def taken(array: Shaped[ndarray, "x y z"], voxels: Int[ndarray, "x y z"]) -> Shaped[ndarray, "x y z"]:
    """`array` at these voxels."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return _taken(flat.view(np.uint8), voxels).view(bool) if flat.dtype == bool else _taken(flat, voxels)


def taken_between(
    field: Float32[ndarray, "x y z"], displacement: Float32[ndarray, "3 x y z"], grid: Grid
) -> Float32[ndarray, "x y z"]:
    """`field` where each voxel's tissue lay at rest, linearly between voxels."""
    return _taken_between(np.ascontiguousarray(field), displacement, _to_index(grid))


def denser(
    displacement: Float32[ndarray, "3 x y z"], grid: Grid, where: Bool[ndarray, "x y z"]
) -> Float32[ndarray, "x y z"]:
    """How much denser tissue is than it was at rest, det(d rest / d now), by central differences; 1 elsewhere."""
    return _denser(displacement, _to_index(grid), where)


def _to_index(grid: Grid) -> Float[ndarray, "3 3"]:
    """Millimetres along the patient's axes to voxels along the grid's."""
    return np.ascontiguousarray(np.linalg.inv(grid.affine[:3, :3]))


@njit(cache=True, inline="always")
def _index(d, m, axis, i, j, k):
    return m[axis, 0] * d[0, i, j, k] + m[axis, 1] * d[1, i, j, k] + m[axis, 2] * d[2, i, j, k]


@njit(cache=True, inline="always")
def _held(at, count):
    return min(max(at, 0.0), count - 1.0)


@njit(cache=True, parallel=True)
def _rest_voxels(d, m, voxels):
    _, nx, ny, nz = d.shape
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                x = int(_held(i + _index(d, m, 0, i, j, k) + HAIR, nx) + 0.5)
                y = int(_held(j + _index(d, m, 1, i, j, k) + HAIR, ny) + 0.5)
                z = int(_held(k + _index(d, m, 2, i, j, k) + HAIR, nz) + 0.5)
                voxels[i, j, k] = (x * ny + y) * nz + z
    return voxels


@njit(cache=True, parallel=True)
def _taken(flat, voxels):
    out = np.empty(voxels.shape, flat.dtype)
    for i in prange(voxels.shape[0]):
        for j in range(voxels.shape[1]):
            for k in range(voxels.shape[2]):
                out[i, j, k] = flat[voxels[i, j, k]]
    return out


@njit(cache=True, parallel=True)
def _taken_between(field, d, m):
    nx, ny, nz = field.shape
    out = np.empty((nx, ny, nz), np.float32)
    for i in prange(nx):
        for j in range(ny):
            for k in range(nz):
                x = _held(i + _index(d, m, 0, i, j, k), nx)
                y = _held(j + _index(d, m, 1, i, j, k), ny)
                z = _held(k + _index(d, m, 2, i, j, k), nz)
                a, b, c = int(x), int(y), int(z)
                p, q, r = min(a + 1, nx - 1), min(b + 1, ny - 1), min(c + 1, nz - 1)
                x, y, z = x - a, y - b, z - c
                low = (field[a, b, c] * (1 - z) + field[a, b, r] * z) * (1 - y) + (
                    field[a, q, c] * (1 - z) + field[a, q, r] * z
                ) * y
                high = (field[p, b, c] * (1 - z) + field[p, b, r] * z) * (1 - y) + (
                    field[p, q, c] * (1 - z) + field[p, q, r] * z
                ) * y
                out[i, j, k] = low * (1 - x) + high * x
    return out


@njit(cache=True, parallel=True)
def _denser(d, m, where):
    _, nx, ny, nz = d.shape
    out = np.ones((nx, ny, nz), np.float32)
    for i in prange(nx):
        g = np.empty((3, 3))
        for j in range(ny):
            for k in range(nz):
                if not where[i, j, k]:
                    continue
                il, ih = max(i - 1, 0), min(i + 1, nx - 1)
                jl, jh = max(j - 1, 0), min(j + 1, ny - 1)
                kl, kh = max(k - 1, 0), min(k + 1, nz - 1)
                for axis in range(3):
                    g[axis, 0] = (_index(d, m, axis, ih, j, k) - _index(d, m, axis, il, j, k)) / max(ih - il, 1)
                    g[axis, 1] = (_index(d, m, axis, i, jh, k) - _index(d, m, axis, i, jl, k)) / max(jh - jl, 1)
                    g[axis, 2] = (_index(d, m, axis, i, j, kh) - _index(d, m, axis, i, j, kl)) / max(kh - kl, 1)
                    g[axis, axis] += 1.0
                out[i, j, k] = (
                    g[0, 0] * (g[1, 1] * g[2, 2] - g[1, 2] * g[2, 1])
                    - g[0, 1] * (g[1, 0] * g[2, 2] - g[1, 2] * g[2, 0])
                    + g[0, 2] * (g[1, 0] * g[2, 1] - g[1, 1] * g[2, 0])
                )
    return out
