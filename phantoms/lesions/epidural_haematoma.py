"""An epidural haematoma: a lens of fresh blood between skull and dura, as wide as the sutures let it."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.midline_shift import said_shift, shifted_side
from phantoms.lesions.skull_side import lifted_off
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("epidural haematoma", "1386000", "Intracranial hemorrhage")
"""SNOMED-CT: the parent of all bleedings in the skull."""
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 16.0, 0.35, 6.0, 32.0
"""Those thicker than 15 mm are operated on (Bullock et al. 2006, Neurosurgery 58:S7); the distribution is ours."""
SHIFT_FROM_MM, SHIFT_BY = 6.0, 0.55
"""Thickness from which on the midline shifts, and by how much of the rest: 5 mm at 15 mm, from which on one operates
for either (Bullock et al. 2006). The line is ours."""
WIDE_DEG, TALL = (28.0, 40.0), 0.9
AHEAD_DEG, RISE_DEG = (-20.0, 35.0), (-5.0, 25.0)
"""Where it is thickest, by the middle meningeal artery; assumed."""


@dataclass(frozen=True, kw_only=True)
class EpiduralHaematoma(Growth):
    """A lens of fresh clot, thickness_mm at its thickest, under the skull of one side; brain and dura give way to it.

    shift_mm: of septum and ventricles to the other side; None takes what goes with the thickness, and less is found
    where there is less room. None draws the rest. Raises SceneError if the patient has no such hemisphere.
    """

    side: Literal["left", "right"] = "left"
    thickness_mm: Annotated[float, Ge(3), Le(38)] | None = None
    shift_mm: Annotated[float, Ge(0), Le(20)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        most_mm = round(drawn_mm, 1) if self.thickness_mm is None else self.thickness_mm
        wished_mm = SHIFT_BY * max(most_mm - SHIFT_FROM_MM, 0) if self.shift_mm is None else self.shift_mm
        scene, at, shift_mm = shifted_side(scene, self.side, wished_mm, "EpiduralHaematoma")
        wide, ahead, rise = (float(rng.uniform(*ends)) for ends in (WIDE_DEG, AHEAD_DEG, RISE_DEG))
        far = ((at.turn_deg - ahead) / wide) ** 2 + ((at.rise_deg - rise) / (TALL * wide)) ** 2
        thick_mm = most_mm * np.clip(1 - far, 0, 1)

        after = lifted_off(scene, at, thick_mm, 0.0)
        edge_mm = min(scene.grid.spacing_mm)
        filled = np.clip(0.5 + (thick_mm - at.depth_mm) / edge_mm, 0, 1) * (at.inside & (thick_mm > edge_mm))
        pieces = [Piece((at.block, filled.astype(np.float32)), "haematoma")]
        text = f"{most_mm:.0f} mm thick epidural haematoma over the {self.side} cerebral cortex" + said_shift(shift_mm)
        attributes = {"thickness_mm": most_mm, "form": "biconvex", "midline_shift_mm": shift_mm}
        return with_finding(after, KIND, f"cerebral_cortex_{self.side}", pieces, text, attributes)
