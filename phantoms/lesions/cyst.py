"""A simple cyst of the liver or a kidney: water in a hair-thin wall, which bulges out where it lies at the surface."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.bulge import bulged
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.lesions.shells import FIBROUS, shell
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("cyst", "367643001", "Cyst")
"""SNOMED-CT: Cyst (morphologic abnormality)."""
SIZES = Sizes(18.0, 0.55, 5.0, 90.0)
"""Terada et al. 2002, J Urol 167:21: renal cysts of 20 mm on average at their first CT (memory); the spread is ours."""
FLUID_HU, FLUID_SPREAD_HU, FLUID_MOST_HU = 6.0, 4.0, 18.0
"""A simple cyst has -10 to 20 HU: Silverman et al. 2019, Radiology 292:475 (Bosniak classification)."""
WALL_MM = 0.6
ROUND = Surface(0.015, 2.0, 4.0)


@dataclass(frozen=True, kw_only=True)
class Cyst(Growth):
    """A cyst of `diameter_mm` (of the sphere of equal volume) in the structure of that name, which it pushes aside.

    exophytic: share of its diameter that lay beyond the organ's surface had the organ not been pushed out over it: 0
    within, 1/2 half outside; None draws it. None for diameter_mm draws from SIZES.
    Raises SceneError if the patient has no such structure, or it does not fit there.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(2), Le(150)] | None = None
    centre_mm: tuple[float, float, float] | None = None
    exophytic: Annotated[float, Ge(0), Le(0.5)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        diameter_mm = SIZES.drawn(self.diameter_mm, host_of(scene, self.structure, "Cyst"), scene.grid, rng)
        outside = float(rng.uniform(0, 0.5)) if self.exophytic is None else self.exophytic
        after, middle, host = bulged(scene, self.structure, diameter_mm, self.centre_mm, outside, rng, "Cyst")
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, ROUND), host, scene.grid, diameter_mm)
        fluid_hu = float(np.clip(rng.normal(FLUID_HU, FLUID_SPREAD_HU), 0, FLUID_MOST_HU))
        whole = body.filled()
        wall = shell(whole, body.filled(grown_mm=-WALL_MM))
        pieces = [
            Piece(kept_in(host, whole), "water", density=1 + fluid_hu / 1000),
            Piece(kept_in(host, wall), "connective", FIBROUS),
        ]

        text = f"{diameter_mm:.0f} mm simple cyst of the {spoken_host(scene, self.structure)}"
        attributes = {"diameter_mm": diameter_mm, "attenuation_hu": round(fluid_hu, 1), "form": "simple"}
        return with_finding(after, KIND, self.structure, pieces, text, attributes)
