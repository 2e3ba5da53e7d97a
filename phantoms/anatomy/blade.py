"""A flat bone as a curved blade with a rim, from landmarks: the wing of the ilium, the blade of the scapula."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.interpolate import RBFInterpolator

from phantoms.solids import Lattice, Sheet, Solid, smooth_common

MARGIN_MM = 14.0
SMOOTHING = 4.0


@dataclass(frozen=True, eq=False)
class Blade:
    """face, back: inside of its two faces. middle: all that lies on the outer side. border: inside of its rim.

    The outer side is where the third of its axes points.
    """

    face: Solid
    back: Solid
    middle: Sheet
    border: Lattice

    def solid(self, round_mm: float) -> Solid:
        """The bone, with a rounded rim."""
        return smooth_common(self.face, self.back, self.border, round_mm=round_mm)


def blade(
    places: Float[ndarray, "n 3"],
    half_mm: Float[ndarray, " n"],
    rim: Float[ndarray, "m 3"],
    axes: Float[ndarray, "3 3"],
    thin_mm: tuple[float, float],
    step_mm: float = 2.0,
) -> Blade:
    """Through `places` with half the thickness `half_mm` there (kept between `thin_mm`), up to the line `rim`.

    axes: rows, unit vectors: two along the blade, the third outwards.
    """
    local, edge = places @ axes.T, (rim @ axes.T)[:, :2]
    low, high = edge.min(axis=0) - MARGIN_MM, edge.max(axis=0) + MARGIN_MM
    u, v = (np.arange(low[n], high[n], step_mm) for n in (0, 1))
    grid = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
    known = np.column_stack([local[:, 2], half_mm])
    fitted = RBFInterpolator(local[:, :2], known, smoothing=SMOOTHING)(grid).reshape(len(u), len(v), 2)
    middle, half = fitted[..., 0], np.clip(fitted[..., 1], *thin_mm)
    first = (float(u[0]), float(v[0]))
    outer, inner, between = (Sheet(h, first, step_mm, axes) for h in (middle + half, middle - half, middle))
    return Blade(~outer, inner, between, prism(edge, axes, step_mm, MARGIN_MM))


def prism(corners, axes: ArrayLike, step_mm: float = 4.0, margin_mm: float = 40.0) -> Lattice:
    """All that lies within a smooth closed line through `corners` (n, 2), seen along the third of `axes`.

    axes: rows, unit vectors; corners are given along the first two.
    """
    turn, edge = np.asarray(axes, float), smooth_ring(np.asarray(corners, float))
    low, high = edge.min(axis=0) - margin_mm, edge.max(axis=0) + margin_mm
    u, v = (np.arange(low[n], high[n] + step_mm, step_mm) for n in (0, 1))
    grid = np.stack(np.meshgrid(u, v, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = inside_polygon(grid, edge).reshape(len(u), len(v), 1)
    first = [float(v) for v in turn.T @ [u[0], v[0], 0.0]]
    return Lattice(np.repeat(inside, 2, axis=-1), first, step_mm, axes)


def smooth_ring(corners: Float[ndarray, "n 2"], fine: int = 6) -> Float[ndarray, "m 2"]:
    """A closed smooth line through corners (Catmull and Rom 1974)."""
    a, b, c, d = (np.roll(corners, shift, axis=0)[:, None] for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, fine, endpoint=False)[None, :, None]
    curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    return (0.5 * curve).reshape(-1, 2)


def inside_polygon(points: Float[ndarray, "n 2"], corners: Float[ndarray, "m 2"]) -> Float[ndarray, " n"]:
    """How deep points lie inside a closed line, negative outside."""
    x, y = np.ascontiguousarray(points.T)
    nearest2 = np.full(len(points), np.inf)
    crossings = np.zeros(len(points), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        ux, uy, px, py = bx - ax, by - ay, x - ax, y - ay
        t = np.clip((px * ux + py * uy) / max(ux * ux + uy * uy, 1e-9), 0, 1)
        nearest2 = np.minimum(nearest2, (px - t * ux) ** 2 + (py - t * uy) ** 2)
        if uy:
            crossings ^= ((ay > y) != (by > y)) & (px < py * ux / uy)
    return np.where(crossings, 1.0, -1.0) * np.sqrt(nearest2)
