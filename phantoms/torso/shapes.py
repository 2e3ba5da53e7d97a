"""Solid shapes as signed depths: how many mm a point lies inside (positive) or outside (negative)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Int32
from numba import njit
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator

FAR_MM = np.float32(-1e3)


def ellipsoid(points, centre, radii, axes=((1, 0, 0), (0, 1, 0), (0, 0, 1))):
    """Depth below the surface of an ellipsoid: k0 (1 - k0) / k1, first order exact at the surface, mm.

    points: x, y, z. centre: (3,) mm. radii: (3,) mm along the unit vectors `axes`. I. Quilez, Ellipsoid SDF, 2008.
    """
    dx, dy, dz = (p - np.float32(c) for p, c in zip(points, centre, strict=True))
    k0, k1 = np.zeros_like(dx), np.zeros_like(dx)
    for axis, radius in zip(axes, radii, strict=True):
        along = dx * np.float32(axis[0]) + dy * np.float32(axis[1]) + dz * np.float32(axis[2])
        k0 += (along / np.float32(radius)) ** 2
        k1 += (along / np.float32(radius**2)) ** 2
    k0 = np.sqrt(k0)
    return k0 * (1 - k0) / np.maximum(np.sqrt(k1), np.float32(1e-6))


def smooth_union(a, b, blend_mm: float):
    """The deeper of two depths, with the groove between them filled over `blend_mm`."""
    k = np.float32(blend_mm)
    return np.maximum(a, b) + np.maximum(k - np.abs(a - b), 0) ** 2 / (4 * k)


def smooth_common(a, b, blend_mm: float):
    """The shallower of two depths, with the edge between them rounded over `blend_mm`."""
    return -smooth_union(-a, -b, blend_mm)


def chain(
    points_mm: Sequence[Any] | ndarray, radii_mm: ArrayLike, step_mm: float | None = None
) -> Float[ndarray, "n 8"]:
    """A tube through `points_mm` (n, 3) with `radii_mm` (n,): rows of (start, end, radius there, radius here), mm.

    With `step_mm` the tube follows a smooth curve in pieces of about that length.
    """
    points = np.asarray(points_mm, float)
    knots = np.column_stack([points, np.broadcast_to(np.asarray(radii_mm, float), len(points))])
    if step_mm is not None:
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots[:, :3], axis=0), axis=1))])
        pieces = max(len(knots), int(np.ceil(length[-1] / step_mm)) + 1)
        knots = PchipInterpolator(length, knots)(np.linspace(0, length[-1], pieces))
    return np.column_stack([knots[:-1, :3], knots[1:, :3], knots[:-1, 3], knots[1:, 3]])


def box(cones: Float[ndarray, "n 8"], reach_mm: float = 0.0) -> tuple[ndarray, ndarray]:
    """Lowest and highest corner (n, 3) of each cone, widened by `reach_mm`."""
    wide = np.maximum(cones[:, 6], cones[:, 7])[:, None] + reach_mm
    return np.minimum(cones[:, :3], cones[:, 3:6]) - wide, np.maximum(cones[:, :3], cones[:, 3:6]) + wide


def tube_depth_reference(x, y, z, cones: Float[ndarray, "n 8"], ranges: Int32[ndarray, "n 6"]):
    """NumPy twin of `tube_depth`: the clear version that it must equal."""
    depth = np.full(x.shape, FAR_MM, np.float32)
    owner = np.full(x.shape, -1, np.int32)
    for n, (cone, (i0, i1, j0, j1, k0, k1)) in enumerate(zip(cones.astype(np.float32), ranges, strict=True)):
        block = (slice(i0, i1), slice(j0, j1), slice(k0, k1))
        start, along = cone[:3], cone[3:6] - cone[:3]
        offset = [c[block] - s for c, s in zip((x, y, z), start, strict=True)]
        length2 = np.float32(max(float(along @ along), 1e-12))
        t = np.clip(sum(o * a for o, a in zip(offset, along, strict=True)) / length2, 0, 1)
        distance = np.sqrt(sum((o - t * a) ** 2 for o, a in zip(offset, along, strict=True)))
        here = cone[6] + t * (cone[7] - cone[6]) - distance
        deeper = here > depth[block]
        depth[block][deeper] = here[deeper]
        owner[block][deeper] = n
    return depth, owner


@njit(nogil=True, cache=True)
def tube_depth(x, y, z, cones, ranges) -> tuple[Float32[ndarray, "x y z"], Int32[ndarray, "x y z"]]:
    """Depth in the deepest of `cones` (n, 8) at each point, and which cone that is (-1: none looked at).

    ranges: (n, 6) first and one past the last voxel along x, y, z that a cone looks at.
    """
    depth = np.full(x.shape, FAR_MM, np.float32)
    owner = np.full(x.shape, -1, np.int32)
    for n in range(len(cones)):
        ax, ay, az = np.float32(cones[n, 0]), np.float32(cones[n, 1]), np.float32(cones[n, 2])
        ux, uy, uz = np.float32(cones[n, 3]) - ax, np.float32(cones[n, 4]) - ay, np.float32(cones[n, 5]) - az
        ra = np.float32(cones[n, 6])
        dr = np.float32(cones[n, 7]) - ra
        length2 = max(ux * ux + uy * uy + uz * uz, np.float32(1e-12))
        for i in range(ranges[n, 0], ranges[n, 1]):
            for j in range(ranges[n, 2], ranges[n, 3]):
                for k in range(ranges[n, 4], ranges[n, 5]):
                    px, py, pz = x[i, j, k] - ax, y[i, j, k] - ay, z[i, j, k] - az
                    t = min(max((px * ux + py * uy + pz * uz) / length2, np.float32(0)), np.float32(1))
                    qx, qy, qz = px - t * ux, py - t * uy, pz - t * uz
                    here = ra + t * dr - np.sqrt(qx * qx + qy * qy + qz * qz)
                    if here > depth[i, j, k]:
                        depth[i, j, k] = here
                        owner[i, j, k] = n
    return depth, owner
