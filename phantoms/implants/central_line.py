"""A central venous catheter: through the jugular vein into the superior vena cava."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.filling import wires
from phantoms.implants.implant import part_mm
from phantoms.implants.skin import front_mm
from phantoms.implants.ways import by_height, smooth, through
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene

KIND = Kind("central venous catheter", "52124006", "Central line", IMPLANT_COLOUR)
MM_PER_FRENCH = 1 / 3
PUNCTURE_MM, BORE = 35.0, 0.55
"""How far over the lower end of the jugular vein the skin is pierced (or as high as it is seen), and the width of the
lumen by that of the catheter."""


@dataclass(frozen=True, kw_only=True)
class CentralLine(Growth):
    """A catheter of polymer with barium sulphate (as bone cement has it) from the skin of the neck to tip_mm above the
    lower end of the superior vena cava; below 0 it lies in the right atrium.

    Raises SceneError if the patient has no such veins on the grid.
    """

    side: Literal["left", "right"] = "right"
    french: Annotated[float, Ge(3), Le(14)] = 7.0
    tip_mm: Annotated[float, Ge(-40), Le(60)] = 10.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        jugular = by_height(part_mm(scene, f"internal_jugular_vein_{self.side}", "CentralLine"))
        jugular = jugular[jugular[:, 2] < jugular[0, 2] + PUNCTURE_MM][::-1]
        x, _, z = jugular[0] + [0.0, 0.0, rng.uniform(8, 16)]
        way = [front_mm(scene, x, z, "CentralLine"), jugular]
        way.append(through(part_mm(scene, f"brachiocephalic_vein_{self.side}", "CentralLine"), jugular[-1]))
        vena_cava = part_mm(scene, "superior_vena_cava", "CentralLine")
        cava, tip = by_height(vena_cava, 4.0)[::-1], vena_cava[:, 2].min() + self.tip_mm
        end = [*cava[-1, :2], tip]
        line = smooth(np.vstack([*way, cava[(cava[:, 2] > tip + 2) & (cava[:, 2] < way[-1][-1, 2])], end]))

        radius_mm = self.french * MM_PER_FRENCH / 2
        pieces = [
            Piece(wires(scene.grid, [line], radius_mm), "bone_cement"),
            Piece(wires(scene.grid, [line], BORE * radius_mm), "saline"),
        ]
        above = f"{self.tip_mm:.0f} mm above the lower end of the superior vena cava"
        end = above if self.tip_mm >= 0 else "in the right atrium"
        text = f"{self.side} central venous catheter of {self.french:g} French, its tip {end}"
        attributes = {"french": self.french, "tip_mm": self.tip_mm}
        return with_finding(scene, KIND, "superior_vena_cava", pieces, text, attributes)
