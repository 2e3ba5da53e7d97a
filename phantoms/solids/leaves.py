"""The shapes that solids are made of: ellipsoid, tube, plane, sheet, outline, lattice and waves.

`numbers` lists what the kernels (`phantoms.solids.shapes`) read of each, in their order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator
from numpy.typing import ArrayLike
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import map_coordinates

from phantoms.solids.patches import highest, largest, smallest, steps
from phantoms.solids.solid import MIRROR, Depth, Points, Solid
from simdata import SceneError

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
SHALLOW = 1e-6
Numbers = Float32[ndarray, "..."]


@dataclass(frozen=True, eq=False)
class Ellipsoid(Solid):
    """{p : sum |axis . (p - centre) / radius|^n <= 1}, n the `roundness`: 2 an ellipsoid, 4 a cushion.

    centre: (3,) mm. radii: (3,) mm along the rows of `axes` (orthonormal).
    Depth (1 - k) / |grad k|, exact to first order at the surface and at most the smallest radius. Quilez 2008.
    """

    centre: Sequence[float]
    radii: Sequence[float]
    axes: ArrayLike = IDENTITY
    roundness: int = 2

    def depth(self, points: Points) -> Depth:
        radii = np.asarray(self.radii, float)
        u = (points - np.asarray(self.centre, float)) @ np.asarray(self.axes).T / radii
        k = (np.abs(u) ** self.roundness).sum(-1) ** (1 / self.roundness)
        k = np.maximum(k, SHALLOW)
        steep = np.sqrt(((u / k[..., None]) ** (2 * self.roundness - 2) / radii**2).sum(-1))
        return np.minimum((1 - k) / np.maximum(steep, 0.5 / radii.max()), radii.min())

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        centre = scale * turn @ np.asarray(self.centre, float) + np.asarray(shift_mm, float)
        return Ellipsoid(centre, scale * np.asarray(self.radii, float), np.asarray(self.axes) @ turn.T, self.roundness)  # pyright: ignore[reportArgumentType]

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        radii = np.asarray(self.radii, float)
        rows = np.asarray(self.axes, float) / radii[:, None]
        return np.concatenate([rows.ravel(), rows @ np.asarray(self.centre, float), radii], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Plane(Solid):
    """The half space on the side of `normal` (3,) of the plane through `point` (3,) mm."""

    point: Sequence[float]
    normal: Sequence[float]

    def depth(self, points: Points) -> Depth:
        normal = np.asarray(self.normal, float) / np.linalg.norm(self.normal)
        return (points - np.asarray(self.point, float)) @ normal

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        point = scale * turn @ np.asarray(self.point, float) + np.asarray(shift_mm, float)
        return Plane(point, turn @ np.asarray(self.normal, float))  # pyright: ignore[reportArgumentType]

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        normal = np.asarray(self.normal, float) / np.linalg.norm(self.normal)
        return np.append(normal, normal @ np.asarray(self.point, float)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Tube(Solid):
    """Round cones from point to point, flattened where wanted.

    starts, ends: (n, 3) mm. radii: (n, 2) mm at both. flat: (n, 3) direction in which a cone is thinner, as long as it
    is thinner (thickness is radius / |flat|); 0 for round ones.
    """

    starts: Float[ndarray, "n 3"]
    ends: Float[ndarray, "n 3"]
    radii: Float[ndarray, "n 2"]
    flat: Float[ndarray, "n 3"]

    def depth(self, points: Points) -> Depth:
        deepest = np.full(points.shape[:-1], -np.inf)
        for a, b, (ra, rb), m in zip(self.starts, self.ends, self.radii, self._stretch(), strict=True):
            u, p = b - a, points - a
            t = np.clip(p @ u / max(u @ u, 1e-12), 0, 1)
            q = p - t[..., None] * u
            along = q @ m
            s = np.sqrt((q * q).sum(-1) + along**2)
            g = np.linalg.norm(q + along[..., None] * m, axis=-1)
            deepest = np.maximum(
                deepest, (ra + t * (rb - ra) - s) * np.where(g > SHALLOW, s / np.maximum(g, SHALLOW), 1)
            )
        return deepest

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        starts, ends = (scale * end @ turn.T + np.asarray(shift_mm, float) for end in (self.starts, self.ends))
        return Tube(starts, ends, scale * self.radii, self.flat @ turn.T)

    def _stretch(self) -> Float[ndarray, "n 3"]:
        """Vectors m with |q|^2 + (q m)^2 the squared distance in a flattened cone."""
        thinner = np.linalg.norm(self.flat, axis=1, keepdims=True)
        return np.where(thinner > 1, self.flat / np.maximum(thinner, 1) * np.sqrt(np.maximum(thinner**2 - 1, 0)), 0)

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        along = self.ends - self.starts
        length2 = (along**2).sum(1)
        slope = np.abs(self.radii[:, 1] - self.radii[:, 0]) / np.sqrt(np.maximum(length2, 1e-12))
        m = self._stretch()
        stretch = np.sqrt(1 + (m**2).sum(1))
        columns = [
            self.starts,
            along,
            self.radii[:, :1],
            self.radii[:, 1:] - self.radii[:, :1],
            np.where(length2 > 1e-9, 1 / np.maximum(length2, 1e-9), 0)[:, None],
            m,
            1 / stretch[:, None],
            np.where(length2 > 1e-9, slope, 0)[:, None],
        ]
        return np.concatenate(columns, axis=1, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Sheet(Solid):
    """All that lies above a surface w = h(u, v), where (u, v, w) = axes (p - origin).

    heights: (nu, nv) mm at u = u0 + i step and v = v0 + j step, constant beyond the edge. axes: rows of unit vectors.
    """

    heights: Float[ndarray, "u v"]
    first_mm: tuple[float, float]
    step_mm: float
    axes: ArrayLike = IDENTITY
    origin: Sequence[float] = (0.0, 0.0, 0.0)

    def flatness(self) -> Float[ndarray, "u v"]:
        """1 / |grad (w - h)|."""
        du, dv = np.gradient(self.heights, self.step_mm)
        return 1 / np.sqrt(1 + du**2 + dv**2)

    def depth(self, points: Points) -> Depth:
        local = (points - np.asarray(self.origin, float)) @ np.asarray(self.axes).T
        where = [(local[..., n] - self.first_mm[n]) / self.step_mm for n in (0, 1)]
        height, flat = (map_coordinates(t, where, order=1, mode="nearest") for t in (self.heights, self.flatness()))
        return (local[..., 2] - height) * flat

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        first = (self.first_mm[0] * scale, self.first_mm[1] * scale)
        origin = scale * turn @ np.asarray(self.origin, float) + np.asarray(shift_mm, float)
        return Sheet(self.heights * scale, first, self.step_mm * scale, np.asarray(self.axes) @ turn.T, origin)  # pyright: ignore[reportArgumentType]

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        axes = np.asarray(self.axes, float)
        head = [*axes.ravel(), *(axes @ np.asarray(self.origin, float)), *self.first_mm, self.step_mm]
        flat = self.flatness()
        table = np.stack([self.heights, flat], axis=-1)
        steep = np.sqrt(1 + sum((steps(self.heights, axis) / self.step_mm) ** 2 for axis in (0, 1)))
        patches = np.stack([steep, smallest(flat), largest(flat)], axis=-1)
        return np.concatenate([head, self.heights.shape, table.ravel(), patches.ravel()], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Polar(Solid):
    """All that lies within a radius r(angle, height) of an upright axis: the outline of the trunk.

    radii: (heights, angles) mm; angles in even steps from -180 to 180 degrees, 0 to the front, 90 to the right; both
    ends are the same. axis: (heights, 2) x and y of the axis, mm. first_mm, step_mm: of the heights.
    """

    radii: Float[ndarray, "h a"]
    axis: Float[ndarray, "h 2"]
    first_mm: float
    step_mm: float

    def flatness(self) -> Float[ndarray, "h a"]:
        """1 / |grad (r - rho)| on the surface."""
        up = np.gradient(self.radii, self.step_mm, axis=0)
        closed = np.concatenate([self.radii[:, -2:-1], self.radii, self.radii[:, 1:2]], axis=1)
        around = (closed[:, 2:] - closed[:, :-2]) / (2 * 2 * np.pi / (self.radii.shape[1] - 1))
        return 1 / np.sqrt(1 + up**2 + (around / self.radii) ** 2)

    def depth(self, points: Points) -> Depth:
        height = np.clip((points[..., 2] - self.first_mm) / self.step_mm, 0, len(self.axis) - 1)
        x, y = (points[..., n] - map_coordinates(self.axis[:, n], [height], order=1) for n in (0, 1))
        angle = (np.arctan2(x, y) / (2 * np.pi) + 0.5) * (self.radii.shape[1] - 1)
        radius, flat = (
            map_coordinates(t, [height, angle], order=1, mode="nearest") for t in (self.radii, self.flatness())
        )
        return (radius - np.hypot(x, y)) * flat

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        mirrored = np.array_equal(turn, MIRROR)
        if not mirrored and not np.array_equal(turn, np.eye(3)):
            raise SceneError("Polar.placed: an outline cannot be turned; mirrored, scaled or shifted would do")
        radii, side = (self.radii[:, ::-1], -1) if mirrored else (self.radii, 1)
        axis = scale * self.axis * (side, 1) + np.asarray(shift_mm, float)[:2]
        return Polar(scale * radii, axis, scale * self.first_mm + float(shift_mm[2]), scale * self.step_mm)

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        flat = self.flatness()
        head = [*self.radii.shape, self.first_mm, self.step_mm]
        table = np.stack([self.radii, flat], axis=-1)
        sway = highest(np.linalg.norm(np.diff(self.axis, axis=0), axis=1)) / self.step_mm
        rows = np.stack([sway, smallest(self.radii.min(axis=1)), largest(self.radii.max(axis=1))], axis=-1)
        twice, flat = (np.concatenate([one[:, :-1], one], axis=1) for one in (self.radii, flat))
        up, around = steps(twice, 0) / self.step_mm, steps(twice, 1) / (2 * np.pi / (self.radii.shape[1] - 1))
        patches = np.stack([up, around, smallest(flat), largest(flat)], axis=-1)
        parts = [head, self.axis.ravel(), table.ravel(), rows.ravel(), patches.ravel()]
        return np.concatenate(parts, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Lattice(Solid):
    """A depth known at the points of a lattice, linear between them, constant beyond: any shape or field at all.

    values: (nx, ny, nz) mm. first: (3,) mm, place of the first value. step_mm: between values. axes: rows, unit
    vectors.
    """

    values: Float[ndarray, "x y z"]
    first: Sequence[float]
    step_mm: float
    axes: ArrayLike = IDENTITY

    def depth(self, points: Points) -> Depth:
        local = (points - np.asarray(self.first, float)) @ np.asarray(self.axes).T / self.step_mm
        return map_coordinates(self.values, np.moveaxis(local, -1, 0), order=1, mode="nearest")

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        first = scale * turn @ np.asarray(self.first, float) + np.asarray(shift_mm, float)
        return Lattice(self.values * scale, first, self.step_mm * scale, np.asarray(self.axes) @ turn.T)  # pyright: ignore[reportArgumentType]

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        axes = np.asarray(self.axes, float) / self.step_mm
        head = [*axes.ravel(), *(axes @ np.asarray(self.first, float)), *self.values.shape, 1 / self.step_mm]
        steep = np.sqrt(sum((steps(self.values, axis) / self.step_mm) ** 2 for axis in range(3)))
        patches = np.stack([steep, smallest(self.values), largest(self.values)], axis=-1)
        return np.concatenate([head, self.values.ravel(), patches.ravel()], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Waves(Solid):
    """Not a shape but a field to add to one: sum of amplitude sin(k . p + phase), mm.

    k: (n, 3) rad/mm. phase: (n,) rad. amplitude_mm: (n,).
    """

    k: Float[ndarray, "n 3"]
    phase: Float[ndarray, " n"]
    amplitude_mm: Float[ndarray, " n"]

    def depth(self, points: Points) -> Depth:
        return np.sin(points @ self.k.T + self.phase) @ self.amplitude_mm

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        k = self.k @ turn.T / scale
        return Waves(k, self.phase - k @ np.asarray(shift_mm, float), self.amplitude_mm * scale)

    @cached_property
    def numbers(self) -> Numbers:
        """What the kernel reads."""
        rows = np.column_stack([self.k, self.phase, self.amplitude_mm])
        steep = (np.linalg.norm(self.k, axis=1) * np.abs(self.amplitude_mm)).sum()
        return np.concatenate([[len(rows), steep, np.abs(self.amplitude_mm).sum()], rows.ravel()], dtype=np.float32)


def tube(points, radii, step_mm: float = 0.0, flat=(0.0, 0.0, 0.0)) -> Tube:
    """A tube along `points` (n, 3) with `radii` (n or one), through a smooth curve if `step_mm` says how fine.

    flat: (3,) or (n, 3), the direction in which it is thinner, as long as it is thinner.
    """
    points = np.asarray(points, float)
    table = np.empty((len(points), 7))
    table[:, :3], table[:, 3], table[:, 4:] = points, radii, flat
    if step_mm:
        table = _curve(table.tobytes(), step_mm)
    ends = np.stack([table[:-1, 3], table[1:, 3]], axis=1)
    return Tube(table[:-1, :3], table[1:, :3], ends, (table[:-1, 4:] + table[1:, 4:]) / 2)


@lru_cache(4096)
def _curve(rows: bytes, step_mm: float) -> Float[ndarray, "n 7"]:
    """A smooth curve through points, radii and directions; most tubes of a body stay when its organs grow."""
    table = np.frombuffer(rows).reshape(-1, 7)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(table[:, :3], axis=0), axis=1))])
    count = max(2, round(along[-1] / step_mm) + 1)
    return PchipInterpolator(along, table)(np.linspace(0, along[-1], count))


def sheet(
    height: Callable, u_mm: tuple[float, float], v_mm: tuple[float, float], step_mm: float = 3.0, **placing
) -> Sheet:
    """All above w = `height`(u, v), a NumPy function, known between `u_mm` and `v_mm`, constant beyond."""
    u, v = (np.arange(low, high + step_mm, step_mm) for low, high in (u_mm, v_mm))
    heights = np.broadcast_to(height(u[:, None], v[None]), (len(u), len(v)))
    return Sheet(np.array(heights, float), (u_mm[0], v_mm[0]), step_mm, **placing)


def sampled(depth: Callable, low_mm: Sequence[float], high_mm: Sequence[float], step_mm: float) -> Lattice:
    """Any NumPy function depth(x, y, z) known on a lattice between two corners."""
    axes = [np.arange(a, b + step_mm, step_mm) for a, b in zip(low_mm, high_mm, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    return Lattice(np.array(np.broadcast_to(depth(x, y, z), [len(a) for a in axes]), float), low_mm, step_mm)


def waves(amplitude_mm: float, wavelength_mm: tuple[float, float], rng: Generator, count: int = 6) -> Waves:
    """Smooth random bumps: plane waves of random direction, length between `wavelength_mm` and phase.

    amplitude_mm: standard deviation of the sum.
    """
    direction = rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    k = 2 * np.pi / rng.uniform(*wavelength_mm, (count, 1)) * direction
    return Waves(k, rng.uniform(0, 2 * np.pi, count), np.full(count, amplitude_mm * np.sqrt(2 / count)))
