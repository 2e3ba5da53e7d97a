"""An intracerebral haemorrhage: a bright clot in the basal ganglia or a lobe, a dark rim, and brain pushed aside."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions import course
from phantoms.lesions.brain_oedema import midline_shift_mm, with_oedema
from phantoms.lesions.bulge import bulged
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import kept_in, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID

KIND = Kind("intracerebral haemorrhage", "274100004", "Cerebral hemorrhage")
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 30.0, 0.3, 8.0, 60.0
"""Of volumes about a median of 14 mL (Broderick et al. 1993, Stroke 24:987 has 30 and 60 mL as the steps of risk);
assumed."""
SURFACE = Surface(0.11, 2.5, 6.0)
LONG = (0.85, 1.3, 0.95)
"""Clots in the basal ganglia are longest from front to back; assumed."""
RIM_MM = ((0.0, 3.0), (1.0, 5.0), (10.0, 12.0), (30.0, 0.0))
"""Days and how wide the oedema is: it grows for two weeks (Venkatasubramanian et al. 2011, Stroke 42:73); widths
assumed."""
FADING = ((0.0, 1.0), (3.0, 0.995), (14.0, 0.967), (40.0, 0.945))
"""Days and density by that of fresh clot: it falls by about 1.5 HU a day (Dolinskas et al. 1977, AJR 129:681;
memory)."""


@dataclass(frozen=True, kw_only=True)
class IntracerebralHaemorrhage(Growth):
    """A clot of `diameter_mm` (of the sphere of equal volume) that has burst out of the structure of that name.

    structure: such as putamen_left, thalamus_right, or cerebral_white_matter_left for a lobar one. age_days: clot
    fades, oedema grows. Oedema is no part of the finding. None draws: days from 0 to 3.
    Raises SceneError if the patient has no such structure, or the clot would not fit into the skull.
    """

    structure: str = "putamen_left"
    diameter_mm: Annotated[float, Ge(4), Le(90)] | None = None
    age_days: Annotated[float, Ge(0), Le(60)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        diameter_mm = round(drawn_mm, 1) if self.diameter_mm is None else self.diameter_mm
        days = round(float(rng.uniform(0, 3)), 1) if self.age_days is None else self.age_days
        grown, middle, _ = bulged(scene, self.structure, diameter_mm, None, 0.0, rng, "IntracerebralHaemorrhage")
        after, oedema_ml = with_oedema(grown, middle, diameter_mm / 2, course.at(RIM_MM, days), rng)
        brain = after.mask("brain") & (after.labels < FIRST_FINDING_ID)
        clot = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE, LONG), brain, scene.grid, diameter_mm)
        pieces = [Piece(kept_in(brain, clot.filled()), "haematoma", course.at(FADING, days))]

        shift_mm = midline_shift_mm(scene, middle, diameter_mm)
        text = f"{diameter_mm:.0f} mm intracerebral haemorrhage in the {spoken_host(scene, self.structure)}"
        attributes = {
            "diameter_mm": diameter_mm,
            "age_days": days,
            "oedema_ml": oedema_ml,
            "midline_shift_mm": shift_mm,
        }
        return with_finding(after, KIND, self.structure, pieces, text, attributes)
