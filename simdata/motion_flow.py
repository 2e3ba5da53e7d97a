"""Motion along a smooth stream: every point is carried by a velocity field, so none is lost and no two ever meet."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import ndarray

from simdata.grid import Grid
from simdata.motion import Motion, Points
from simdata.motion_nodes import between_nodes

POINTS_MM, FIELD_MM = 0.0005, 0.01
"""What the integration may err: of points, so that the way there and back meet within a hundredth of a millimetre;
and at the nodes of a field, between which it is interpolated."""
MOST_STEPS = 64


@dataclass(frozen=True, eq=False)
class Velocity:
    """A velocity that does not change along the way, as cubic B-splines; constant beyond its lattice.

    knots: (a, b, c, 3) control points, mm a unit of the way, every `step_mm` along x, y and z from `first_mm`.
    """

    knots: Float64[ndarray, "a b c 3"]
    first_mm: Float64[ndarray, " 3"]
    step_mm: float

    @cached_property
    def effort(self) -> Float64[ndarray, "a b c"]:
        """Steps that one unit of the way needs from each node, times the fourth root of the error in mm.

        A fourth-order step of length 1 / n errs by about (L / n)^5 v / (120 L), with L the largest strain and v the
        largest speed where one comes by; n of them by L^4 v / (120 n^4).
        """
        from scipy.ndimage import maximum_filter

        strain = np.zeros(self.knots.shape[:3])
        for axis in range(3):
            part = np.moveaxis(np.abs(np.diff(self.knots, axis=axis)).max(axis=-1) / self.step_mm, axis, 0)
            ends = np.moveaxis(strain, axis, 0)
            np.maximum(ends[:-1], part, out=ends[:-1])
            np.maximum(ends[1:], part, out=ends[1:])
        speed = np.abs(self.knots).max(axis=-1)
        most = int(np.ceil(speed.max(initial=0.0) / self.step_mm)) + 1
        speed = maximum_filter(speed, 2 * most + 1)
        reach = np.ceil(speed / self.step_mm) + 1
        seen = strain
        for nodes in range(1, most + 1):
            seen = np.where(reach >= nodes, maximum_filter(strain, 2 * nodes + 1), seen)
        return seen * (speed / 120) ** 0.25

    def speed_mm(self, points_mm: Points) -> Points:
        """The velocity at `points_mm` (..., 3), mm a unit of the way."""
        flat = np.ascontiguousarray(points_mm, np.float64).reshape(-1, 3)
        return _speeds(flat, self.knots, self.first_mm, self.step_mm).reshape(np.shape(points_mm))

    def carried(self, points_mm: Points, way: float = 1.0, error_mm: float = POINTS_MM) -> Points:
        """Where the stream has taken `points_mm` (..., 3) after a unit of the way, or whence it came for way -1.

        phi = exp(way v), so that its inverse is exp(-way v) and its Jacobian is positive everywhere (Arsigny 2006).
        """
        points = np.ascontiguousarray(points_mm, np.float64)
        flat = points.reshape(-1, 3)
        steps = np.clip(np.ceil(self.effort * error_mm**-0.25), 1, MOST_STEPS).astype(np.uint8)
        return _carried(flat, self.knots, self.first_mm, self.step_mm, way, steps).reshape(points.shape)


class Flow(Motion):
    """A patient whose tissue is carried along: the way there and the way back are the same stream."""

    smooth: ClassVar[bool] = True

    @abstractmethod
    def velocity(self, t_s: float) -> Velocity:
        """What takes the tissue from where it lay at rest to where it lies at `t_s` in one unit of the way."""

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return between_nodes(grid, self._way(t_s, -1.0))

    def forward(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return between_nodes(grid, self._way(t_s, 1.0))

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self.velocity(t_s).carried(points_mm, -1.0)

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self.velocity(t_s).carried(points_mm, 1.0)

    def _way(self, t_s: float, way: float) -> Callable[[Points], Points]:
        velocity = self.velocity(t_s)
        return lambda points_mm: velocity.carried(points_mm, way, FIELD_MM) - points_mm


@njit(cache=True, inline="always")
def _weights(f):
    g = 1.0 - f
    return (
        g * g * g / 6.0,
        (3.0 * f * f * f - 6.0 * f * f + 4.0) / 6.0,
        (3.0 * g * g * g - 6.0 * g * g + 4.0) / 6.0,
        (f * f * f / 6.0),
    )


@njit(cache=True, inline="always")
def _cell(at, count):
    """First of the four control points around a place, and how far it lies into its cell; held at the rim."""
    at = min(max(at, 1.0), count - 2.0001)
    first = int(at)
    return first - 1, at - first


@njit(cache=True)
def _speed(x, y, z, knots, first, per_mm):
    """The velocity at one place, mm a unit of the way: twelve sums side by side, four along z of three components."""
    i, fx = _cell((x - first[0]) * per_mm, knots.shape[0])
    j, fy = _cell((y - first[1]) * per_mm, knots.shape[1])
    k, fz = _cell((z - first[2]) * per_mm, knots.shape[2])
    wx, wy, wz = _weights(fx), _weights(fy), _weights(fz)
    u0, v0, w0, u1, v1, w1 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    u2, v2, w2, u3, v3, w3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for a in range(4):
        for b in range(4):
            share, m, n = wx[a] * wy[b], i + a, j + b
            u0 += share * knots[m, n, k, 0]
            v0 += share * knots[m, n, k, 1]
            w0 += share * knots[m, n, k, 2]
            u1 += share * knots[m, n, k + 1, 0]
            v1 += share * knots[m, n, k + 1, 1]
            w1 += share * knots[m, n, k + 1, 2]
            u2 += share * knots[m, n, k + 2, 0]
            v2 += share * knots[m, n, k + 2, 1]
            w2 += share * knots[m, n, k + 2, 2]
            u3 += share * knots[m, n, k + 3, 0]
            v3 += share * knots[m, n, k + 3, 1]
            w3 += share * knots[m, n, k + 3, 2]
    a0, a1, a2, a3 = wz
    return (
        a0 * u0 + a1 * u1 + a2 * u2 + a3 * u3,
        a0 * v0 + a1 * v1 + a2 * v2 + a3 * v3,
        a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3,
    )


@njit(cache=True)
def _speeds(points, knots, first, step_mm):
    speeds = np.empty_like(points)
    for n in range(len(points)):
        u, v, w = _speed(points[n, 0], points[n, 1], points[n, 2], knots, first, 1.0 / step_mm)
        speeds[n, 0], speeds[n, 1], speeds[n, 2] = u, v, w
    return speeds


@njit(cache=True, parallel=True)
def _carried(points, knots, first, step_mm, way, steps):
    """Classic Runge-Kutta of fourth order, every point by itself."""
    moved = np.empty_like(points)
    per_mm = 1.0 / step_mm
    for n in prange(len(points)):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        i, _ = _cell((x - first[0]) * per_mm, knots.shape[0])
        j, _ = _cell((y - first[1]) * per_mm, knots.shape[1])
        k, _ = _cell((z - first[2]) * per_mm, knots.shape[2])
        count = steps[i + 1, j + 1, k + 1]
        h = way / count
        for _ in range(count):
            a, b, c = _speed(x, y, z, knots, first, per_mm)
            if a == 0.0 and b == 0.0 and c == 0.0:
                break
            d, e, f = _speed(x + h / 2 * a, y + h / 2 * b, z + h / 2 * c, knots, first, per_mm)
            a, b, c = a + 2 * d, b + 2 * e, c + 2 * f
            d, e, f = _speed(x + h / 2 * d, y + h / 2 * e, z + h / 2 * f, knots, first, per_mm)
            a, b, c = a + 2 * d, b + 2 * e, c + 2 * f
            d, e, f = _speed(x + h * d, y + h * e, z + h * f, knots, first, per_mm)
            x, y, z = x + h / 6 * (a + d), y + h / 6 * (b + e), z + h / 6 * (c + f)
        moved[n, 0], moved[n, 1], moved[n, 2] = x, y, z
    return moved
