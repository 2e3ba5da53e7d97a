"""Drop-out: a region where small vessels have closed and are gone, as capillaries in a diabetic retina."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator

from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ROOT, Vessels
from vascular.disease import after, around, bed_of, with_finding

SNOMED = ("26036001", "Obstruction")
"""SNOMED-CT: Obstruction (morphologic abnormality) (memory)."""


@dataclass(frozen=True, kw_only=True)
class Dropout(Growth):
    """Takes `share` of the vessels thinner than `most_diameter_mm` out of a ball of `region_mm` across.

    A vessel goes with all that hangs on it, if all of that is thin and lies in the ball; links to it go too.
    centre_mm: RAS+ mm, or None for a random end. Raises SceneError if none is lost, or the bed knows no flow.
    """

    bed: str = "coronary"
    region_mm: Annotated[float, Gt(0)] = 20.0
    share: Annotated[float, Gt(0), Le(1)] = 1.0
    most_diameter_mm: Annotated[float, Gt(0)] = 0.5
    centre_mm: tuple[float, float, float] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "Dropout")
        spot = before.points_mm[rng.choice(before.ends)] if self.centre_mm is None else np.array(self.centre_mm)
        centre_mm = spot.astype(float)
        near = np.linalg.norm(before.points_mm - centre_mm, axis=1) <= self.region_mm / 2
        thin = before.radius_mm <= self.most_diameter_mm / 2
        lost = _whole_twigs(before, near & thin & (rng.random(len(before)) < self.share))
        if not lost.any():
            raise SceneError(
                f"Dropout: found no vessel to lose within {self.region_mm:g} mm of "
                f"{centre_mm.round(1).tolist()}; a larger region_mm or most_diameter_mm would do"
            )
        left = before.take(~lost)
        now = after(before, left, np.flatnonzero(~lost))

        voxels, _, _ = around(scene.grid, centre_mm[None], np.array([self.region_mm / 2]))
        voxels = voxels[scene.labels[tuple(voxels.T)] > 0]
        ends = int(np.count_nonzero(lost[before.ends]))
        text = f"Drop-out over {self.region_mm:.2g} mm: {ends} of {len(before.ends)} ends of {self.bed} gone"
        return with_finding(scene, {self.bed: now}, voxels, "dropout", None, SNOMED, text)


def _whole_twigs(vessels: Vessels, wanted: Bool[ndarray, " n"]) -> Bool[ndarray, " n"]:
    """Points that are wanted together with all that hangs on them."""
    lost = wanted & (vessels.parent != ROOT)
    for level in reversed(vessels.levels):
        kept = level[~lost[level] & (vessels.parent[level] != ROOT)]
        lost[vessels.parent[kept]] = False
    return lost
