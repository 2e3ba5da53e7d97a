"""A meningioma: a dome on the dura that presses on the brain, bright with contrast agent, with a tail on the dura."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.midline_shift import said_shift, shifted_side
from phantoms.lesions.shells import lakes
from phantoms.lesions.skull_side import lifted_off
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("meningioma", "302820008", "Intracranial meningioma")
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 28.0, 0.4, 10.0, 60.0
"""Width of its base; assumed."""
HEIGHT = 0.62
"""Of the dome, by the width of its base: flatter than a ball; assumed."""
SHIFT_FROM_MM, SHIFT_BY = 12.0, 0.35
"""Height from which on the midline shifts, and by how much of the rest; assumed: it grows slowly, and brain yields."""
AHEAD_DEG, RISE_DEG = (-70.0, 55.0), (5.0, 70.0)
"""Where over the convexity, the commonest place (Buetow et al. 1991, Radiographics 11:1087); evenly, assumed."""
TAIL_MM, TAIL_REACH = 1.2, 1.5
"""Thickness of the dural tail, and how far it reaches by the half width of the base. Two thirds have one (Rokni-Yazdi
and Sotoudeh 2006, Eur J Radiol 60:42; memory)."""
WITH_TAIL, CALCIFIED = 0.65, 0.22
"""Shares of all; 20 to 27 % show calcification on CT (Buetow 1991; memory)."""
CHALK, CHALK_SHARE, CHALK_MM = 0.78, 0.3, 5.0
"""Density by that of pure chalk, for some 400 HU; share of it; and how far its grains lie apart. Assumed."""
DENSITY = 1.015
"""A little denser than brain; assumed."""


@dataclass(frozen=True, kw_only=True)
class Meningioma(Growth):
    """A meningioma over the convexity of one hemisphere, `diameter_mm` wide at its base; the brain gives way to it.

    None draws, and so for calcified and tail. Raises SceneError if the patient has no such hemisphere.
    """

    side: Literal["left", "right"] = "left"
    diameter_mm: Annotated[float, Ge(8), Le(65)] | None = None
    calcified: bool | None = None
    tail: bool | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        diameter_mm = round(drawn_mm, 1) if self.diameter_mm is None else self.diameter_mm
        calcified, tail = rng.random() < CALCIFIED, rng.random() < WITH_TAIL
        calcified = calcified if self.calcified is None else self.calcified
        wished_mm = SHIFT_BY * max(HEIGHT * diameter_mm - SHIFT_FROM_MM, 0)
        scene, at, shift_mm = shifted_side(scene, self.side, wished_mm, "Meningioma")
        ahead, rise = float(rng.uniform(*AHEAD_DEG)), float(rng.uniform(*RISE_DEG))

        radius_mm = float(np.abs(at.depth_mm[at.inside]).max())
        around = np.cos(np.radians(rise)) * np.radians(at.turn_deg - ahead)
        far = np.hypot(around, np.radians(at.rise_deg - rise)) * 1.15 * radius_mm / (diameter_mm / 2)
        thick_mm = HEIGHT * diameter_mm * np.sqrt(np.clip(1 - far**2, 0, 1))
        after = lifted_off(scene, at, thick_mm, 0.0)
        if tail if self.tail is None else self.tail:
            thick_mm = np.where(far < TAIL_REACH, np.maximum(thick_mm, TAIL_MM), thick_mm)

        edge_mm = min(scene.grid.spacing_mm)
        filled = np.clip(0.5 + (thick_mm - at.depth_mm) / edge_mm, 0, 1) * (at.inside & (thick_mm > 0))
        whole = at.block, filled.astype(np.float32)
        pieces = [Piece(whole, "tumour", DENSITY)]
        if calcified:
            pieces.append(Piece(lakes(scene.grid, whole, CHALK_MM, CHALK_SHARE, rng), "calcification", CHALK))

        form = "calcified" if calcified else "homogeneous"
        text = f"{diameter_mm:.0f} mm {form} meningioma over the {self.side} cerebral cortex" + said_shift(shift_mm)
        attributes = {"diameter_mm": diameter_mm, "form": form, "midline_shift_mm": shift_mm}
        return with_finding(after, KIND, f"cerebral_cortex_{self.side}", pieces, text, attributes)
