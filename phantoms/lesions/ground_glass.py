"""Ground-glass opacity: lung that is hazy but lets its vessels be seen, in patches along the pleura."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.airspace import favoured, patch
from phantoms.lesions.lungs import densities, lobe_of, lung_density
from phantoms.lesions.pleural import wall
from phantoms.lesions.room import spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("ground-glass opacity", "19829001", "Disorder of lung")
"""SNOMED-CT has no finding of this name that we know; DICOM calls it 112120 (DCM)."""
PERCENT = (5.0, 45.0)
GLASS_HU = (-650.0, -450.0)
WAVE_MM, SPREAD_MM, FOCI = 26.0, 14.0, (3, 8)
PLEURAL = 1.6
"""How much the pleura favours it: viral pneumonia lies there (Bernheim et al. 2020, Radiology 295:685); assumed."""
REACH_MM, EDGE, LEAST_MM3 = 18.0, 0.7, 500.0


@dataclass(frozen=True, kw_only=True)
class GroundGlass(Growth):
    """Haze over `percent` of the parenchyma of a lobe; vessels and airways are seen through it.

    attenuation_hu: where it is dense most. None draws. Raises SceneError if the patient has no such lobe.
    """

    structure: str | None = None
    percent: Annotated[float, Ge(1), Le(100)] | None = None
    attenuation_hu: Annotated[float, Ge(-800), Le(-200)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        structure, block, host, lung = lobe_of(scene, self.structure, rng, "GroundGlass")
        percent = round(float(rng.uniform(*PERCENT))) if self.percent is None else self.percent
        hu = round(float(rng.uniform(*GLASS_HU))) if self.attenuation_hu is None else self.attenuation_hu
        favour = favoured(scene.grid, lung, WAVE_MM, SPREAD_MM, int(rng.integers(*FOCI)), rng)
        favour = favour + np.float32(PLEURAL) * wall(host, scene.grid, REACH_MM)
        filling, count = patch(scene.grid, block, lung, percent / 100, favour, EDGE, LEAST_MM3)
        density = np.maximum(np.float32(lung_density(hu)), densities(scene, block))

        text = f"ground-glass opacities in {percent:.0f} % of the {spoken_host(scene, structure)}"
        attributes = {"percent": float(percent), "attenuation_hu": float(hu), "count": float(count)}
        return with_finding(scene, KIND, structure, [Piece(filling, "lung", density)], text, attributes)
