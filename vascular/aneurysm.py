"""An aneurysm: a spindle that widens a vessel, or a sac that hangs on a fork."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.random import Generator

from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ROOT, Vessels, merge, vessel_tree
from vascular.disease import after, around, bed_of, finer, share_of_flow, spoken, with_finding

SNOMED = ("85659009", "Aneurysm")
"""SNOMED-CT: Aneurysm (morphologic abnormality) (memory)."""
STEPS = 24
NECK = 0.4
"""Radius of a sac's neck over that of the sac."""


@dataclass(frozen=True, kw_only=True)
class Aneurysm(Growth):
    """Widens a vessel of `bed` to `diameter_mm`, over twice its own width, or hangs a sac of that width on a fork.

    shape: "saccular" on a fork, away from both daughters; its blood stands still. "fusiform": r(s) goes over to half of
    diameter_mm as a cosine. least_diameter_mm: of the vessel. point: its row, or None for a random one.
    Raises SceneError if there is no such vessel, or the bed knows no flow.
    """

    bed: str = "brain_artery"
    diameter_mm: Annotated[float, Gt(0)] = 7.0
    shape: Literal["saccular", "fusiform"] = "saccular"
    least_diameter_mm: Annotated[float, Gt(0)] = 1.5
    point: Annotated[int, Ge(0)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "Aneurysm")
        grown, middle, line = (self._sac if self.shape == "saccular" else self._spindle)(before, rng)
        now = after(before, grown)
        voxels, _, _ = around(scene.grid, grown.points_mm[line].astype(float), grown.radius_mm[line].astype(float))
        text = (
            f"{self.shape.capitalize()} aneurysm of {self.diameter_mm:.2g} mm on a {spoken(before, middle)}; "
            f"flow at {100 * share_of_flow(before, now, middle):.0f} %"
        )
        return with_finding(scene, {self.bed: now}, voxels, "aneurysm", "blood", SNOMED, text)

    def _spindle(self, before: Vessels, rng: Generator) -> tuple[Vessels, int, Int[ndarray, " k"]]:
        length_mm, calibre = 2 * self.diameter_mm, (self.least_diameter_mm / 2, np.inf)
        fine, middle, place = finer(before, length_mm, STEPS, calibre, self.point, "Aneurysm", rng)
        wide_mm, healthy_mm = self.diameter_mm / 2, float(fine.radius_mm[middle])
        if wide_mm <= healthy_mm:
            raise SceneError(
                f"Aneurysm.diameter_mm: found {self.diameter_mm:g} on a {spoken(before, middle)}; more would do"
            )
        bulge = (1 + np.cos(np.pi * np.clip(2 * place.along_mm / length_mm, -1, 1))) / 2
        radius_mm = fine.radius_mm.copy()
        radius_mm[place.points] += (bulge * (wide_mm - healthy_mm)).astype(np.float32)
        return replace(fine, radius_mm=radius_mm), middle, place.points[bulge > 0]

    def _sac(self, before: Vessels, rng: Generator) -> tuple[Vessels, int, Int[ndarray, " k"]]:
        fork = self._fork(before, rng)
        away = _away_from_daughters(before, fork, rng)
        radius_mm = self.diameter_mm / 2
        start_mm = float(before.radius_mm[fork])
        at = np.linspace(0, 1, STEPS // 2)
        along_mm = start_mm + 2 * radius_mm * at
        profile = np.maximum(np.sqrt(np.clip(1 - (2 * at - 1) ** 2, 0, 1)), NECK * (1 - at)) * radius_mm
        profile = np.maximum(profile, 0.05 * radius_mm)
        places = before.points_mm[fork] + along_mm[:, None] * away
        kind = np.full(len(at), before.kind[fork])
        sac = vessel_tree(places, np.arange(len(at)) - 1, profile, kind, flow_mm3_s=np.zeros(len(at)))
        both = merge([before, sac])
        parent = both.parent.copy()
        parent[len(before)] = fork
        return replace(both, parent=parent), fork, len(before) + np.arange(len(at))

    def _fork(self, before: Vessels, rng: Generator) -> int:
        if self.point is not None:
            if self.point >= len(before):
                raise SceneError(f"Aneurysm.point: found {self.point}; 0 to {len(before) - 1} would do")
            return self.point
        wide = before.radius_mm >= self.least_diameter_mm / 2
        forks = np.flatnonzero(wide & (before.children >= 2) & (before.parent != ROOT))
        if not forks.size:
            raise SceneError(
                f"Aneurysm: found no fork of {self.least_diameter_mm:g} mm; a smaller least_diameter_mm would do"
            )
        return int(rng.choice(forks))


def _away_from_daughters(vessels: Vessels, fork: int, rng: Generator) -> Float[ndarray, " 3"]:
    """On from the mother, turned a little out of the plane of the daughters."""
    mother = vessels.points_mm[fork] - vessels.points_mm[vessels.parent[fork]]
    heading = mother / max(float(np.linalg.norm(mother)), 1e-9) + 0.5 * rng.standard_normal(3)
    return heading / np.linalg.norm(heading)
