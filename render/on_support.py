"""A patient on the breast support as each view meets her: still, or where she has moved to by then."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.attenuation import Beam
from render.breast_stand import BreastStand
from render.leaning import leans, upright_for
from render.materials import Body
from render.orientation import orientation
from render.patient import in_parts, moments
from render.projection import running_sums, shade
from render.views import Views
from simdata import Grid, Scene, Still

VIEWS_AT_ONCE = 5
"""Projected together, which bounds the memory."""


@dataclass(frozen=True, eq=False)
class Lying:
    """Some views as the patient sees them, and running sums of her materials on a grid of the stand's.

    materials: rows of a Spectrum's attenuation.
    """

    views: slice
    seen: Views
    sums: Float32[ndarray, "x y z_and_two m"]
    grid: Grid
    materials: list[int]


def lying(
    scene: Scene, stand: BreastStand, views: Views, view_s: Float64[ndarray, " views"], beam: Beam
) -> Iterator[Lying]:
    """All views in order, several together of a patient who holds still, and one by one of one who moves."""
    still = isinstance(scene.motion, Still)
    parts = list(in_parts(0, len(view_s), VIEWS_AT_ONCE if still else 1))
    of: Scene | None = None
    volume = sums = np.empty((0, 0, 0, 0), np.float32)
    materials: list[int] = []
    for part, moment in zip(parts, moments(scene.to("cpu"), view_s[[one.start for one in parts]]), strict=True):
        laid = stand.laid(moment.scene)
        if of is not moment.scene:
            body = Body.of(laid, orientation(laid.grid), beam)
            of, volume, materials = moment.scene, body.volume(), body.materials
            shade(laid.grid, views)
            sums = running_sums(volume)
            volume = np.empty((0, 0, 0, 0), np.float32) if still else volume
        to_stand = laid.grid.affine @ np.linalg.inv(moment.scene.grid.affine)
        seen = views[part].placed((to_stand @ moment.to_rest @ np.linalg.inv(to_stand))[None])
        if leans(seen, laid.grid):
            turned, around = upright_for(seen, volume, laid.grid)
            yield Lying(part, seen, running_sums(turned), around, materials)
        else:
            yield Lying(part, seen, sums, laid.grid, materials)
