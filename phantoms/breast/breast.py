"""A woman's breast on request: hanging, or between the paddles of a mammography unit, of any density."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.breast.axilla import axilla
from phantoms.breast.density import FIBROGLANDULAR, Density
from phantoms.breast.drawing import Posture, draw
from phantoms.breast.ducts import ducts
from phantoms.breast.hanging import hanging
from phantoms.breast.pressed import pressed, proportions
from phantoms.breast.tissue import parenchyma
from simdata import Phantom, Scene, Streams

OBLIQUE_RAD = math.pi / 4
"""The mediolateral oblique view looks along the pectoral muscle: 45 degrees (30 to 60 in practice)."""


@dataclass(frozen=True, kw_only=True)
class Breast(Phantom):
    """One breast, as it hangs, or pressed to `thickness_mm`; the same patient in every view, pressed or not.

    The grid is that of the view: its first axis runs along the chest wall (CC: to the patient's right or left side,
    MLO: up to the armpit), the second towards the tube, the third from the chest wall, where it begins, to the nipple.
    volume_ml: of skin and all that it encloses. density: a BI-RADS class, or the share of the volume within the skin
    that is fibroglandular. skin_mm: 1.45 on average, 1.5 to 2 at the areola (Huang et al. 2008, Med Phys 35:1199).
    thickness_mm: distance of the paddles, 59 +- 16 mm in screening (Yaffe et al. 2009), or None: hanging.
    The ducts are `vessels["milk_ducts_SIDE"]`.
    Raises RecipeError if the paddles are too far apart to press the breast.
    """

    side: Literal["left", "right"] = "left"
    view: Literal["CC", "MLO"] = "CC"
    thickness_mm: Annotated[float, Ge(15), Le(120)] | None = 55.0
    volume_ml: Annotated[float, Ge(100), Le(2500)] = 700.0
    density: Density | Annotated[float, Ge(0.01), Le(0.7)] = "b"
    skin_mm: Annotated[float, Ge(0.5), Le(5)] = 1.45
    voxel_mm: Annotated[float, Ge(0.1), Le(2)] = 0.25

    def __call__(self, rng: Generator) -> Scene:
        streams = Streams(int(rng.integers(1 << 63)))
        rest = hanging(self.volume_ml, streams["shape"].generator)
        tree = ducts(rest, streams["ducts"].generator)
        wanted = FIBROGLANDULAR[self.density] if isinstance(self.density, str) else self.density
        inner = parenchyma(rest, tree, wanted, self.skin_mm, streams["tissue"].generator)

        seen = rest.seen(OBLIQUE_RAD if self.view == "MLO" else 0.0)
        if self.thickness_mm is None:
            return draw(Posture(seen, seen, None), inner, tree, self.side, self.skin_mm, self.voxel_mm)
        shape = pressed(seen, self.thickness_mm, *proportions(self.view, streams[self.view].generator))
        armpit = axilla(shape, streams["axilla"].generator) if self.view == "MLO" else None
        return draw(Posture(seen, shape, armpit), inner, tree, self.side, self.skin_mm, self.voxel_mm)
