"""A bladder that fills: it grows where no bone is near, and pushes aside what lies there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Float64
from numpy import ndarray
from numpy.random import Generator

from phantoms.bladder_push import pushed, rays, reach, solid_angles
from simdata import Growth, Scene, SceneError
from simdata.grid import Block, Grid
from simdata.motion import Motion, Points, inside
from simdata.motion_block import over_block

BLADDER, WALL = "urinary_bladder", "urinary_bladder_wall"
FEWEST_VOXELS = 30
STRENGTH = -0.85, 4.0
"""By how much of itself urine along a free ray can become less, and more."""


@dataclass(frozen=True, kw_only=True)
class BladderFilling(Growth):
    """The bladder takes up urine, upwards and to the front, as the floor and the bones of the pelvis do not give way.

    ml_min: how fast; kidneys make 1 to 2 mL/min, up to 16 after a drink (Guyton and Hall, from memory). start_ml: its
    volume at 0 s; left out, as it was built. most_ml: then it fills no more; the urge is strong at 400 to 600 mL (ICS,
    from memory). Raises SceneError for a patient without bladder, or a volume that his cannot take.
    """

    ml_min: Annotated[float, Ge(0), Le(60)] = 2.0
    start_ml: Annotated[float, Gt(0)] | None = None
    most_ml: Annotated[float, Gt(0), Le(1500)] = 500.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        here = scene.to("cpu")
        urine = _urine(here)
        if urine.sum() < FEWEST_VOXELS:
            raise SceneError("BladderFilling: the patient has no urinary_bladder on this grid; one with it would do")
        x, y, z = np.round(here.grid.world_mm(np.argwhere(urine)).mean(axis=0), 2).tolist()
        table = rays(here, urine, np.array([x, y, z])).round(3)
        built_ml = round(float(urine.sum()) * here.grid.voxel_mm3 / 1000, 3)
        start_ml = self.start_ml or built_ml
        packed = tuple(tuple(part.ravel().tolist()) for part in table)
        filling = Filling(
            (x, y, z), packed, table.shape[1:], built_ml, start_ml, self.ml_min, max(self.most_ml, start_ml)
        )
        low, high = (built_ml + strength * filling.free_ml for strength in STRENGTH)
        if not low <= start_ml <= high:
            raise SceneError(
                f"BladderFilling.start_ml: found {start_ml:.0f} mL, and the bladder was built with {built_ml:.0f} mL; "
                f"{low:.0f} to {high:.0f} mL would do"
            )
        return replace(
            scene, motion=inside(scene.motion, replace(filling, most_ml=min(filling.most_ml, high)), first=True)
        )


def _urine(scene: Scene) -> ndarray:
    wall = {structure.id for structure in scene.structures.values() if structure.name == WALL}
    known = any(structure.name == BLADDER for structure in scene.structures.values())
    return scene.mask(BLADDER) & ~np.isin(scene.labels, list(wall)) if known else np.zeros(scene.labels.shape, bool)


@dataclass(frozen=True)
class Filling(Motion):
    """The bladder's volume over time, and the push that follows; see `bladder_push`.

    rays: R, E (mm) and freedom along each ray, by tilt and turn. built_ml: at rest.
    """

    centre_mm: tuple[float, float, float]
    rays: tuple[tuple[float, ...], ...]
    shape: tuple[int, ...]
    built_ml: float
    start_ml: float
    ml_min: float
    most_ml: float

    def volume_ml(self, t_s: float) -> float:
        """What the bladder holds."""
        return min(self.start_ml + self.ml_min * max(t_s, 0.0) / 60, self.most_ml)

    def state(self, t_s: float) -> Mapping[str, float]:
        return {"bladder_ml": self.volume_ml(t_s)}

    @cached_property
    def free_ml(self) -> float:
        """By how much it grows for a strength of 1."""
        radius, _, free = self._table
        return float((free * radius**3 / 3 * solid_angles()).sum()) / 1000

    def block(self, grid: Grid) -> Block:
        return reach(grid, np.array(self.centre_mm), float(self._table[1].max()))

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return over_block(grid, self.block(grid), lambda points_mm: self.rest_mm(points_mm, grid, t_s))

    def forward(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return over_block(grid, self.block(grid), lambda points_mm: self.moved_mm(points_mm, grid, t_s))

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self._pushed(points_mm, t_s, True)

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return self._pushed(points_mm, t_s, False)

    def _pushed(self, points_mm: Points, t_s: float, back: bool) -> Points:
        strength = (self.volume_ml(t_s) - self.built_ml) / self.free_ml
        flat = np.ascontiguousarray(points_mm, np.float64).reshape(-1, 3)
        return pushed(flat, np.array(self.centre_mm), self._table, strength, back).reshape(np.shape(points_mm))

    @cached_property
    def _table(self) -> Float64[ndarray, "3 tilts turns"]:
        return np.array(self.rays).reshape(3, *self.shape)
