"""Smoothing that keeps edges: the image of least total variation near a given one.

Total variation is the sum over voxels of the length of the difference to the next voxel along each axis (isotropic).
The dual problem is solved by projected gradients: Chambolle 2004, J Math Imaging Vis 20:89; Beck and Teboulle 2009,
IEEE Trans Image Process 18:2419. A voxel's own weight says how firmly it holds to its value, and sets its step.
"""

from math import sqrt

import numpy as np
from jaxtyping import Float32
from numba import njit, prange
from numpy import float32, ndarray


def variation(image: Float32[ndarray, "x y z"], per_axis: tuple[float, float, float]) -> float:
    """Total variation of `image`, with the differences along each axis times `per_axis`."""
    return float(np.sqrt((_differences(image, per_axis) ** 2).sum(axis=0)).sum())


def smooth_reference(
    image: Float32[ndarray, "x y z"],
    firmness: Float32[ndarray, "x y z"],
    dual: Float32[ndarray, "3 x y z"],
    per_axis: tuple[float, float, float],
    strength: float,
    least: float,
    steps: int,
) -> tuple[Float32[ndarray, "x y z"], Float32[ndarray, "3 x y z"]]:
    """Nearer with each step to the least of: sum of firmness (u - image)^2 / 2 + strength variation(u), u >= least.

    Returns u and the dual from which it goes on where the next call begins.
    """
    step = _least_around(firmness) / (4 * np.square(per_axis).sum())
    for _ in range(steps):
        u = np.maximum(image - _adjoint(dual, per_axis) / firmness, least)
        dual = dual + step * _differences(u, per_axis)
        dual = dual / np.maximum(np.sqrt((dual**2).sum(axis=0)) / strength, 1)
    return np.maximum(image - _adjoint(dual, per_axis) / firmness, least), dual


def _differences(image, per_axis):
    """To the next voxel along each axis; 0 at the last."""
    out = np.zeros((3, *image.shape), image.dtype)
    out[0, :-1] = np.diff(image, axis=0) * per_axis[0]
    out[1, :, :-1] = np.diff(image, axis=1) * per_axis[1]
    out[2, :, :, :-1] = np.diff(image, axis=2) * per_axis[2]
    return out


def _adjoint(dual, per_axis):
    """Of `_differences`."""
    return sum(
        factor * -np.diff(np.take(part, range(part.shape[axis] - 1), axis), axis=axis, prepend=0, append=0)
        for axis, (part, factor) in enumerate(zip(dual, per_axis, strict=True))
    )


def _least_around(firmness):
    """Of a voxel and the next along each axis."""
    out = firmness.copy()
    out[:-1] = np.minimum(out[:-1], firmness[1:])
    out[:, :-1] = np.minimum(out[:, :-1], firmness[:, 1:])
    out[:, :, :-1] = np.minimum(out[:, :, :-1], firmness[:, :, 1:])
    return out


def smooth(image, firmness, dual, per_axis, strength, least, steps, out):
    """As the reference, into `out`, and `dual` is changed in place."""
    factors = tuple(float32(factor) for factor in per_axis)
    rate = float32(1 / (4 * np.square(per_axis).sum()))
    for _ in range(steps):
        primal(image, firmness, dual, factors, float32(least), out)
        ascend(out, firmness, dual, factors, float32(strength), rate)
    primal(image, firmness, dual, factors, float32(least), out)


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract"})
def primal(image, firmness, dual, per_axis, least, out):
    """Into `out`: the image that belongs to `dual`, not below `least`."""
    nx, ny, nz = image.shape
    a, b, c = per_axis
    for x in prange(nx):
        for y in range(ny):
            here, before_x, before_y = dual[:, x, y], dual[0, max(x - 1, 0), y], dual[1, x, max(y - 1, 0)]
            ahead_x = a if x < nx - 1 else float32(0)
            behind_x = a if x > 0 else float32(0)
            ahead_y = b if y < ny - 1 else float32(0)
            behind_y = b if y > 0 else float32(0)
            line, value, firm = out[x, y], image[x, y], firmness[x, y]
            for z in range(nz):
                line[z] = ahead_x * here[0, z] - behind_x * before_x[z] + ahead_y * here[1, z] - behind_y * before_y[z]
            for z in range(nz - 1):
                line[z] += c * here[2, z]
            for z in range(1, nz):
                line[z] -= c * here[2, z - 1]
            for z in range(nz):
                line[z] = max(value[z] + line[z] / firm[z], least)


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract"})
def ascend(image, firmness, dual, per_axis, strength, rate):
    """`dual` a step on, and back into the ball of radius `strength`."""
    nx, ny, nz = image.shape
    a, b, c = per_axis
    for x in prange(nx):
        above, firm_above = np.empty(nz, np.float32), np.empty(nz, np.float32)
        for y in range(ny):
            next_x, next_y = min(x + 1, nx - 1), min(y + 1, ny - 1)
            here, right, front = image[x, y], image[next_x, y], image[x, next_y]
            firm, firm_right, firm_front = firmness[x, y], firmness[next_x, y], firmness[x, next_y]
            p, q, r = dual[0, x, y], dual[1, x, y], dual[2, x, y]
            lift(here, above)
            lift(firm, firm_above)
            for z in range(nz):
                step = rate * min(min(firm[z], firm_above[z]), min(firm_right[z], firm_front[z]))
                p_z = p[z] + step * a * (right[z] - here[z])
                q_z = q[z] + step * b * (front[z] - here[z])
                r_z = r[z] + step * c * (above[z] - here[z])
                shrink = strength / max(sqrt(p_z * p_z + q_z * q_z + r_z * r_z), strength)
                p[z], q[z], r[z] = p_z * shrink, q_z * shrink, r_z * shrink


@njit(inline="always")
def lift(line, above):
    """Into `above`: of each the next, of the last itself."""
    for z in range(len(line) - 1):
        above[z] = line[z + 1]
    above[-1] = line[-1]
