"""A stenosis: a plaque, calcified or soft, narrows an artery, and blood comes through it with less pressure."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Lt
from numpy.random import Generator

from simdata.parts import Growth
from simdata.scene import Scene
from vascular.disease import after, around, bed_of, finer, share_of_flow, spoken, with_finding

SNOMED = ("415582006", "Stenosis")
"""SNOMED-CT: Stenosis (morphologic abnormality) (memory)."""
TISSUE = {"calcified": "calcification", "soft": "soft_plaque"}
REMODELLING = 1.15
"""Outer radius of the diseased vessel over its healthy one: Glagov 1987, N Engl J Med 316: 1371 (memory)."""
STEPS = 24
"""Pieces of the narrowed stretch."""


@dataclass(frozen=True, kw_only=True)
class Stenosis(Growth):
    """Narrows the diameter of a vessel of `bed` by `percent` over `length_mm`.

    r(s) = r0 (1 - percent/100 (1 + cos(2 pi s / L)) / 2), the cosine of Young 1968, J Eng Ind 90: 248. The plaque lies
    on one side between lumen and wall. point: row of the vessel, or None for a random one of at least that diameter.
    Raises SceneError if there is no such vessel, or the bed knows no flow.
    """

    bed: str = "coronary"
    percent: Annotated[float, Gt(0), Lt(100)] = 70.0
    length_mm: Annotated[float, Gt(0)] = 10.0
    plaque: Literal["calcified", "soft"] = "calcified"
    least_diameter_mm: Annotated[float, Gt(0)] = 1.5
    point: Annotated[int, Ge(0)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "Stenosis")
        calibre = (self.least_diameter_mm / 2, np.inf)
        fine, middle, place = finer(before, self.length_mm, STEPS, calibre, self.point, "Stenosis", rng)

        phase = np.clip(2 * place.along_mm / self.length_mm, -1, 1)
        share = 1 - self.percent / 100 * (1 + np.cos(np.pi * phase)) / 2
        radius_mm = fine.radius_mm.copy()
        healthy_mm = radius_mm[place.points].astype(float)
        radius_mm[place.points] *= share.astype(np.float32)
        now = after(before, replace(fine, radius_mm=radius_mm))

        line_mm = fine.points_mm[place.points].astype(float)
        diseased = share < 1
        reach_mm = np.where(diseased, REMODELLING * healthy_mm, 0.0)
        voxels, away_mm, nearest = around(scene.grid, line_mm, reach_mm)
        side = scene.grid.world_mm(voxels) - line_mm[nearest]
        heading = rng.standard_normal(3)
        wall = (away_mm >= (share * healthy_mm)[nearest]) & (side @ heading >= 0)
        voxels = voxels[wall] if wall.any() else voxels[np.argmax(away_mm)][None]
        passed = share_of_flow(before, now, middle)
        text = (
            f"{self.percent:.0f} % stenosis of a {spoken(before, middle)}, {self.plaque} plaque of "
            f"{self.length_mm:.0f} mm; flow at {100 * passed:.0f} %"
        )
        return with_finding(scene, {self.bed: now}, voxels, "stenosis", TISSUE[self.plaque], SNOMED, text)
