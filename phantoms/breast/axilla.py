"""What the oblique view shows besides the breast: the way to the armpit, and the pectoral muscle."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray
from numpy.random import Generator

from phantoms.breast.pressed import Pressed

FROM_BELOW_NIPPLE_MM = 10.0
FOLD_MM = 6.0
"""How round the fold is between breast and armpit."""
MUSCLE_SHARE = 0.21
"""Half thickness of the muscle by the distance of the paddles, away from its edge."""
FAT_OVER_MUSCLE_MM = 11.0
"""Skin and fat in front of it."""
WEDGE = 0.55
"""How fast it gets there: mm of half thickness per mm from the edge."""


@dataclass(frozen=True)
class Axilla:
    """Straight lines d = at + slope w in the plane of the picture: the skin towards the armpit, the edge of the muscle.

    skin_mm, muscle_mm: d at the height of the nipple. skin_slope, muscle_slope: mm per mm towards the armpit.
    In a well placed view the muscle reaches down to the nipple line, 20 to 30 degrees from the wall: Bassett 1993,
    Radiology 188:803 (a criterion of positioning).
    """

    skin_mm: float
    skin_slope: float
    muscle_mm: float
    muscle_slope: float

    def under_skin(self, wtd_mm: Float[ndarray, "*n 3"], breast: Pressed) -> Float64[ndarray, "*n"]:
        """As `Pressed.under_skin`, of breast and armpit as one."""
        w, t, d = np.moveaxis(wtd_mm, -1, 0)
        radius = breast.thickness_mm / 2
        inside = (self.skin_mm + self.skin_slope * w - d) / np.hypot(1, self.skin_slope)
        edge = np.maximum(radius - np.minimum(inside, w + FROM_BELOW_NIPPLE_MM), 0)
        armpit, own = radius - np.hypot(edge, t), breast.under_skin(wtd_mm)
        blend = np.clip(0.5 + (armpit - own) / (2 * FOLD_MM), 0, 1)
        return own + (armpit - own) * blend + FOLD_MM * blend * (1 - blend) * (radius - np.abs(t) > FOLD_MM)

    def in_muscle(self, wtd_mm: Float[ndarray, "*n 3"], breast: Pressed) -> Float64[ndarray, "*n"]:
        """mm below the surface of the muscle, about; negative outside."""
        w, t, d = np.moveaxis(wtd_mm, -1, 0)
        inside = (self.muscle_mm + self.muscle_slope * w - d) / np.hypot(1, self.muscle_slope)
        half = np.minimum(WEDGE * np.maximum(inside, 0), MUSCLE_SHARE * breast.thickness_mm)
        deep = self.under_skin(wtd_mm, breast) - FAT_OVER_MUSCLE_MM
        return np.minimum(np.minimum(inside, half - np.abs(t)), deep)


def axilla(breast: Pressed, rng: Generator) -> Axilla:
    """Of a breast in the oblique view: the muscle's edge meets the chest wall near the height of the nipple."""
    skin_mm, top_mm = rng.uniform(0.72, 0.82) * breast.depth_mm, rng.uniform(0.42, 0.55) * breast.depth_mm
    muscle_slope = np.tan(np.radians(rng.uniform(18, 28)))
    meets_mm = rng.uniform(-0.25, 0.15) * breast.above_mm
    return Axilla(skin_mm, (top_mm - skin_mm) / breast.above_mm, -muscle_slope * meets_mm, muscle_slope)
