"""A glioblastoma: a thick, ragged ring around dead tissue, fingers of oedema, and a midline that has given way."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.brain_oedema import midline_shift_mm, with_oedema
from phantoms.lesions.bulge import bulged
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import kept_in, spoken_host
from phantoms.pieces import MOST, Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID

KIND = Kind("glioblastoma", "393563007", "Glioblastoma multiforme")
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 40.0, 0.25, 15.0, 70.0
"""Of volumes about a median of 33 mL (Ellingson et al. 2017, Neuro Oncol 19:1240: 20 to 40 mL before surgery; memory);
the spread is ours."""
OUTSIDE, INSIDE = Surface(0.1, 2.5, 6.0), Surface(0.16, 2.5, 7.0)
DEAD, ASIDE = (0.6, 0.78), 0.08
"""Diameter of the dead middle by the whole, and how far it lies off the middle by that; assumed."""
RIND = 0.88
"""Beyond that share of the radius all is alive."""
REACH = (0.2, 0.4)
"""How wide the oedema is, by the diameter; assumed."""


@dataclass(frozen=True, kw_only=True)
class Glioblastoma(Growth):
    """A glioblastoma of `diameter_mm` (of the sphere of equal volume) in the structure of that name.

    Its ring enhances. Oedema around it is no part of the finding. None draws.
    Raises SceneError if the patient has no such structure, or it would not fit into the skull.
    """

    structure: str = "cerebral_white_matter_left"
    diameter_mm: Annotated[float, Ge(8), Le(90)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        diameter_mm = round(drawn_mm, 1) if self.diameter_mm is None else self.diameter_mm
        grown, middle, _ = bulged(scene, self.structure, diameter_mm, None, 0.0, rng, "Glioblastoma")
        reach_mm = float(rng.uniform(*REACH)) * diameter_mm
        after, oedema_ml = with_oedema(grown, middle, diameter_mm / 2, reach_mm, rng)

        brain = after.mask("brain") & (after.labels < FIRST_FINDING_ID)
        whole = fitted(lump(scene.grid, middle, diameter_mm, rng, OUTSIDE), brain, scene.grid, diameter_mm)
        heart = middle + ASIDE * diameter_mm * rng.standard_normal(3) / np.sqrt(3)
        dead = lump(scene.grid, heart, float(rng.uniform(*DEAD)) * diameter_mm, rng, INSIDE)
        inner = np.zeros(scene.grid.shape, bool)
        block, filled = whole.filled(scale=RIND)
        inner[block] = filled > MOST
        pieces = [
            Piece(kept_in(brain, whole.filled()), "tumour"),
            Piece(kept_in(brain & inner, dead.filled()), "necrosis"),
        ]

        shift_mm = midline_shift_mm(scene, middle, diameter_mm)
        where = spoken_host(scene, self.structure)
        text = f"{diameter_mm:.0f} mm necrotic glioblastoma in the {where} with {shift_mm:.0f} mm midline shift"
        attributes = {
            "diameter_mm": diameter_mm,
            "form": "necrotic",
            "oedema_ml": oedema_ml,
            "midline_shift_mm": shift_mm,
        }
        return with_finding(after, KIND, self.structure, pieces, text, attributes)
