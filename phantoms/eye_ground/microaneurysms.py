"""Microaneurysms as a camera sees them: small round red dots at the back of an eye."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.random import Generator

from phantoms.eye_ground.spots import Kind, Spot, ground_of, painted, place, reach, size
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("microaneurysm", "blood", "blood", "85659009", "Aneurysm")
SPREAD, LARGEST_MM = 0.35, 0.125
"""Deviation of ln(diameter) (memory); what is wider is called a haemorrhage (ETDRS report 10, 1991)."""
FOVEA_MM, DISC_MM = (0.4, 6.0), (1.3, 99.0)
SHOWN = 0.4
"""Of the depth in the middle: where there is more, it is seen."""


@dataclass(frozen=True, kw_only=True)
class Microaneurysms(Growth):
    """So many, of that median diameter, anywhere between the arcades. Raises SceneError if the patient is no eye."""

    count: Annotated[int, Ge(0), Le(500)] = 15
    diameter_mm: Annotated[float, Gt(0), Le(0.125)] = 0.07

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        ground = ground_of(scene, "Microaneurysms")
        spots = []
        for _ in range(self.count):
            wide = min(self.diameter_mm * np.exp(SPREAD * rng.normal()), LARGEST_MM)
            at = place(ground, FOVEA_MM, DISC_MM, rng)
            block, near = ground.around(at, wide)
            out = reach(near, at, (wide / 2, wide / 2), 0.0, 0.1, rng)
            ball = np.sqrt(np.clip(1 - out**2, 0, 1)).astype(np.float32)
            spots.append(
                Spot(block, np.float32(wide) * ball, ball > SHOWN, f"{size(wide)} microaneurysm of the retina")
            )
        return painted(scene, KIND, spots)
