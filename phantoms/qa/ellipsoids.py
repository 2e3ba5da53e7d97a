"""Ellipsoids that add up, whose projections and k-space are known in closed form: oracles of reconstruction."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Gt
from jaxtyping import Complex128, Float, Float64
from numpy import ndarray
from numpy.random import Generator

from phantoms.qa.inserts import CUT_OFF, GREYS, Millimetres, Positive, Voxels
from phantoms.qa.shapes import Ball
from phantoms.strokes import MOST
from simdata import Finding, Grid, Part, Phantom, RecipeError, Scene, SceneError, Structure
from simdata.scene import DENSITY, WHOLE
from simdata.structures import FIRST_FINDING_ID, structures
from simdata.tissues import tissues

SMALL = 0.05
"""Below that 2 pi K, the k-space of a ball by its series: the closed form loses digits."""


@dataclass(frozen=True, kw_only=True)
class Ellipsoid(Part):
    """`value` within an ellipsoid, 0 outside, added to what others have there; relative to water.

    half_axes_mm: along x, y, z before it is turned. turned_deg: about z, then the new x, then the new z.
    """

    value: float = 1.0
    centre_mm: Millimetres = (0.0, 0.0, 0.0)
    half_axes_mm: tuple[Positive, Positive, Positive] = (80.0, 80.0, 80.0)
    turned_deg: Millimetres = (0.0, 0.0, 0.0)

    @property
    def ball(self) -> Ball:
        return Ball(self.centre_mm, self.half_axes_mm, self.turned_deg)


def line_integrals(
    ellipsoids: Sequence[Ellipsoid], origin_mm: Float[ndarray, "*n 3"], direction: Float[ndarray, "*n 3"]
) -> Float64[ndarray, "*n"]:
    """Value times mm along the whole lines through origin_mm (RAS+); directions of any length but 0.

    In the space where the ellipsoid is the unit ball the line is o + t d, and the chord is the distance of the roots of
    |o + t d|^2 = 1: 2 sqrt((o d)^2 - d^2 (o^2 - 1)) / d^2, times the length of the direction.
    """
    start, way = np.asarray(origin_mm, float), np.asarray(direction, float)
    length = np.linalg.norm(way, axis=-1)
    total = np.zeros(np.broadcast_shapes(start.shape, way.shape)[:-1])
    for one in ellipsoids:
        o = (start - one.centre_mm) @ one.ball.turn / one.half_axes_mm
        d = way @ one.ball.turn / one.half_axes_mm
        dd, od, oo = (d * d).sum(axis=-1), (o * d).sum(axis=-1), (o * o).sum(axis=-1)
        total += one.value * 2 * np.sqrt(np.maximum(od**2 - dd * (oo - 1), 0)) / dd * length
    return total


def kspace(ellipsoids: Sequence[Ellipsoid], k_per_mm: Float[ndarray, "*n 3"]) -> Complex128[ndarray, "*n"]:
    """The integral of value times exp(-2 pi i k x) over space, mm3; k: cycles per mm along RAS+.

    value abc exp(-2 pi i k c) (sin q - q cos q) 4 pi / q^3, with q = 2 pi |(a k1, b k2, c k3)| along its own axes.
    Koay, Sarlls and Ozarslan 2007, Magn Reson Med 58:430, eq. 4 (10.1002/mrm.21292).
    """
    k = np.asarray(k_per_mm, float)
    total = np.zeros(k.shape[:-1], complex)
    for one in ellipsoids:
        q = 2 * np.pi * np.linalg.norm(k @ one.ball.turn * one.half_axes_mm, axis=-1)
        far = np.maximum(q, SMALL)
        ball = np.where(q < SMALL, 1 / 3 - q**2 / 30 + q**4 / 840, (np.sin(far) - far * np.cos(far)) / far**3)
        phase = np.exp(-2j * np.pi * (k @ np.array(one.centre_mm)))
        total += one.value * np.prod(one.half_axes_mm) * 4 * np.pi * ball * phase
    return total


@dataclass(frozen=True, kw_only=True)
class Ellipsoids(Phantom):
    """Water whose density is the sum of the ellipsoids, so that CT shows 1000 (sum - 1) HU; each one is a finding.

    of: the first one holds all others; elsewhere is air. centre_mm: of the grid. Voxels on a boundary hold the share of
    each side.
    Raises RecipeError where there are none or one reaches out of the first, SceneError where values add up to less
    than nothing. What the grid cuts off is told in the latent "cut_off".
    """

    of: tuple[Ellipsoid, ...] = (Ellipsoid(),)
    voxel_mm: Annotated[float, Gt(0)] = 2.0
    shape: tuple[Voxels, Voxels, Voxels] = (96, 96, 96)
    centre_mm: Millimetres = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if not self.of:
            raise RecipeError("Ellipsoids: found none; one at least would do")
        nested(self.of, "Ellipsoids")

    def __call__(self, rng: Generator) -> Scene:
        names = [one.label if one.name else f"ellipsoid_{n + 1}" for n, one in enumerate(self.of)]
        return added_up(self.of, names, Grid.regular(self.shape, self.voxel_mm, self.centre_mm))


def nested(ellipsoids: Sequence[Ellipsoid], part: str) -> None:
    """Raises RecipeError where one reaches out of the first, looked at on its surface."""
    sphere = _directions(400)
    for n, one in enumerate(ellipsoids[1:], 2):
        surface_mm = one.centre_mm + (sphere * one.half_axes_mm) @ one.ball.turn.T
        out_mm = -ellipsoids[0].ball.depth_mm(surface_mm).min()
        if out_mm > 1e-6 * min(ellipsoids[0].half_axes_mm):
            raise RecipeError(f"{part}: ellipsoid {n} reaches out of the first; a smaller one would do")


def added_up(ellipsoids: Sequence[Ellipsoid], names: Sequence[str], grid: Grid) -> Scene:
    """The scene of ellipsoids that lie in the first one."""
    value, labels = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.uint16)
    known, found = dict(structures()), []
    body = np.zeros(grid.shape, np.float32)
    for n, (one, name) in enumerate(zip(ellipsoids, names, strict=True)):
        block, filled = one.ball.filled(grid)
        value[block] += np.float32(one.value) * filled
        id = FIRST_FINDING_ID + n
        labels[block][filled > MOST] = id
        if filled.any() and not (filled > MOST).any():
            labels[block][np.unravel_index(filled.argmax(), filled.shape)] = id
        if n == 0:
            body[block] = filled
        known[id] = Structure(id, name, 0, "water", "", "", name.replace("_", " "), GREYS[n % len(GREYS)])
        if filled.any():
            found.append(_finding(one, name, id, names[0]))

    if value.min() < -1e-4:
        raise SceneError(f"Ellipsoids: they add up to {value.min():.3g} somewhere; values whose sums are 0 or more do")
    inside = body > 0
    density = np.ones(grid.shape, np.float32)
    density[inside] = np.maximum(value[inside] / body[inside], 0)
    water, most = np.uint8(tissues()["water"]), body > MOST
    edge = np.rint(WHOLE * np.where(most, 1 - body, body)).astype(np.uint8)
    cut_off = 1 - float(body.sum()) * grid.voxel_mm3 / ellipsoids[0].ball.volume_mm3
    return Scene(
        grid,
        labels,
        np.where(most, water, np.uint8(0)),
        np.where(inside & ~most, water, np.uint8(0)),
        edge,
        structures=MappingProxyType(known),
        fields=MappingProxyType({DENSITY: density}),
        findings=tuple(found),
        latents=MappingProxyType({CUT_OFF: max(0.0, round(cut_off, 3))}),
    )


def _finding(one: Ellipsoid, name: str, id: int, body: str) -> Finding:
    text = f"{name.replace('_', ' ')}: ellipsoid that adds {one.value:g}"
    ball = one.ball
    return Finding("ellipsoid", body, id, ball.centre_mm, ball.extent_mm, ball.volume_mm3, text)


def _directions(count: int) -> Float64[ndarray, "n 3"]:
    """Even over the sphere: a Fibonacci lattice."""
    height = 1 - (2 * np.arange(count) + 1) / count
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    across = np.sqrt(1 - height**2)
    return np.column_stack([across * np.cos(turn), across * np.sin(turn), height])
