"""A subdural haematoma: a crescent of blood over one hemisphere, which crosses sutures and presses the brain."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions import course
from phantoms.lesions.midline_shift import said_shift, shifted_side
from phantoms.lesions.skull_side import lifted_off
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("subdural haematoma", "95453001", "Subdural intracranial hemorrhage")
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 9.0, 0.35, 4.0, 22.0
"""Those thicker than 10 mm are operated on (Bullock et al. 2006, Neurosurgery 58:S16); the distribution is ours."""
SHIFT_FROM_MM, SHIFT_BY = 4.0, 0.8
"""Thickness from which on the midline shifts, and by how much of the rest: 5 mm at 10 mm, from which on one operates
for either (Bullock et al. 2006). The line is ours."""
FRONT_BACK_DEG, UP_DOWN_DEG, AHEAD_DEG = (65.0, 85.0), (38.0, 52.0), (-12.0, 12.0)
"""How far it reaches from its thickest place around the hemisphere and up and down, and where that is; assumed."""
RISE_DEG = 22.0
DURA_MM = 1.0
FADING = ((0.0, 1.0), (3.0, 0.995), (14.0, 0.967), (30.0, 0.945))
"""Days and density by that of fresh clot: bright, as brain after two weeks, dark after a month (textbooks;
amounts assumed)."""
STAGES = ((3.0, "acute"), (21.0, "subacute"), (np.inf, "chronic"))


@dataclass(frozen=True, kw_only=True)
class SubduralHaematoma(Growth):
    """A crescent of blood, thickness_mm at its thickest, under the dura of one side.

    Brain gives way to it over 40 mm of depth. age_days: fresh clot is bright, a chronic one as dark as fluid. shift_mm:
    of septum and ventricles to the other side; None takes what goes with the thickness, and less is found where there
    is less room. None draws the rest.
    Raises SceneError if the patient has no such hemisphere.
    """

    side: Literal["left", "right"] = "left"
    thickness_mm: Annotated[float, Ge(2), Le(30)] | None = None
    age_days: Annotated[float, Ge(0), Le(90)] | None = None
    shift_mm: Annotated[float, Ge(0), Le(20)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        most_mm = round(drawn_mm, 1) if self.thickness_mm is None else self.thickness_mm
        days = (
            round(float(rng.choice([0.0, 1.0, 2.0, 12.0, 16.0, 35.0])), 1) if self.age_days is None else self.age_days
        )
        wished_mm = SHIFT_BY * max(most_mm - SHIFT_FROM_MM, 0) if self.shift_mm is None else self.shift_mm
        scene, at, shift_mm = shifted_side(scene, self.side, wished_mm, "SubduralHaematoma")
        wide, high, ahead = (float(rng.uniform(*ends)) for ends in (FRONT_BACK_DEG, UP_DOWN_DEG, AHEAD_DEG))
        far = ((at.turn_deg - ahead) / wide) ** 2 + ((at.rise_deg - RISE_DEG) / high) ** 2
        thick_mm = most_mm * np.sqrt(np.clip(1 - far**2, 0, 1))

        after = lifted_off(scene, at, thick_mm, DURA_MM)
        edge_mm = min(scene.grid.spacing_mm)
        outer = np.clip(0.5 + (at.depth_mm - DURA_MM) / edge_mm, 0, 1)
        inner = np.clip(0.5 + (DURA_MM + thick_mm - at.depth_mm) / edge_mm, 0, 1)
        filled = np.where(at.inside & (thick_mm > edge_mm), np.minimum(outer, inner), 0).astype(np.float32)

        stage = next(name for until, name in STAGES if days < until)
        pieces = [Piece((at.block, filled), "haematoma", course.at(FADING, days))]
        text = f"{most_mm:.0f} mm thick {stage} subdural haematoma over the {self.side} cerebral cortex" + said_shift(
            shift_mm
        )
        attributes = {"thickness_mm": most_mm, "form": stage, "age_days": days, "midline_shift_mm": shift_mm}
        return with_finding(after, KIND, f"cerebral_cortex_{self.side}", pieces, text, attributes)
