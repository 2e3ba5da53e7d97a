"""Pleural effusion: free fluid at the lowest place of a side, which climbs along the wall; the lung gives way."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.lungs import SIDES, Side, densities, lung_density, parenchyma, side_of, with_density
from phantoms.lesions.mediastinal_shift import with_shift
from phantoms.lesions.pleural import UP, Cavity, Posture, cavity
from phantoms.lesions.rim import with_rim
from phantoms.pieces import Kind, Piece, with_finding
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("pleural effusion", "60046008", "Pleural effusion")
MEDIAN_ML, SPREAD, LEAST_ML, MOST = 280.0, 0.8, 40.0, 0.55
"""Of drawn volumes, and the most by that of the lung; assumed."""
MODERATE_ML, LARGE_ML = 300.0, 1000.0
"""Small, moderate, large: Moy et al. 2013, Chest 143:1054, about."""
SHIFT_PER_L = 15.0
"""mm of mediastinal shift, for each litre beyond LARGE_ML. The chest, rather than the lung, makes most of the room
(Thomas et al. 2015, Curr Opin Pulm Med 21:338); a third of a litre over some 200 cm2 are 15 mm. Both assumed."""
FLUID_HU, FLUID_SPREAD_HU = 8.0, 6.0
"""Transudates and exudates overlap, from 0 to 20 HU: Abramowitz et al. 2009, AJR 192:618, about."""
CLIMB_MM, REACH_MM = 26.0, 22.0
COLLAPSED_HU = 20.0
"""Lung without gas, unenhanced."""
MOST_COLLAPSED = 0.5
"""By the volume of what fluid has left of the lung."""


@dataclass(frozen=True, kw_only=True)
class PleuralEffusion(Growth):
    """`volume_ml` of fluid beside the lung of one side, where gravity takes it, with a meniscus along the wall.

    The lung that it takes the place of lies collapsed next to it: a strip without gas, of the same mass. A large one
    shifts heart and mediastinum by shift_mm to the other side and flattens the dome; None takes what goes with the
    volume, and less is found where there is less room. None draws the rest.
    Raises SceneError if the patient has no such lung, or more fluid is asked for than 90 % of its volume.
    """

    side: Side | None = None
    volume_ml: Annotated[float, Ge(5), Le(5000)] | None = None
    shift_mm: Annotated[float, Ge(0), Le(30)] | None = None
    posture: Posture = "supine"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        drawn = SIDES[int(rng.random() < 0.55)]
        side = drawn if self.side is None else self.side
        volume_ml = self._volume_ml(scene, side, rng)
        wished_mm = SHIFT_PER_L * max(volume_ml - LARGE_ML, 0) / 1000 if self.shift_mm is None else self.shift_mm
        scene, shift_mm = with_shift(scene, side, wished_mm)

        block, inside = side_of(scene, side, "PleuralEffusion")
        space = cavity(scene.grid, block, inside, UP[self.posture], CLIMB_MM, REACH_MM)
        fluid, level_mm = space.filled_to(scene.grid, 1000 * volume_ml)
        scene, strip_mm = _collapsed(scene, space, fluid, level_mm)
        scene = with_rim(scene, fluid, "water")

        hu = float(np.clip(rng.normal(FLUID_HU, FLUID_SPREAD_HU), -2, 22))
        size = "large" if volume_ml >= LARGE_ML else "moderate" if volume_ml >= MODERATE_ML else "small"
        text = f"{size} {side} pleural effusion of about {volume_ml:.0f} mL{_with(strip_mm, shift_mm)}"
        attributes = {
            "volume_ml": float(volume_ml),
            "side": side,
            "size": size,
            "attenuation_hu": round(hu, 1),
            "mediastinal_shift_mm": shift_mm,
        }
        structure = f"lung_lower_lobe_{side}"
        return with_finding(scene, KIND, structure, [Piece(fluid, "water", 1 + hu / 1000)], text, attributes)

    def _volume_ml(self, scene: Scene, side: Side, rng: Generator) -> float:
        """What was asked for, or drawn. Raises SceneError if there is no room for it."""
        _, inside = side_of(scene, side, "PleuralEffusion")
        lung_ml = float(inside.sum()) * scene.grid.voxel_mm3 / 1000
        some_ml = MEDIAN_ML * float(np.exp(SPREAD * rng.standard_normal()))
        volume_ml = self.volume_ml or round(float(np.clip(some_ml, LEAST_ML, max(MOST * lung_ml, LEAST_ML))))
        if volume_ml > 0.9 * lung_ml:
            raise SceneError(
                f"PleuralEffusion: found {lung_ml:.0f} mL of {side} lung, no room for {volume_ml:g} mL of fluid; at "
                f"most {0.9 * lung_ml:.0f} mL would do"
            )
        return volume_ml


def _with(strip_mm: float, shift_mm: float) -> str:
    """What else a report tells of it."""
    strip = ["compressive atelectasis"] if strip_mm > 5 else []
    shift = [f"contralateral mediastinal shift of {shift_mm:.0f} mm"] if shift_mm >= 1 else []
    return f" with {' and '.join([*strip, *shift])}" if strip or shift else ""


def _collapsed(scene: Scene, space: Cavity, fluid: Filling, level_mm: float) -> tuple[Scene, float]:
    """The patient with a strip of collapsed lung above the fluid, which has the mass of what it displaced; and how many
    mm wide it is along gravity."""
    grid, block = scene.grid, space.block
    lung, density = parenchyma(scene, block, space.inside), densities(scene, block)
    gone = float((fluid[1] * lung * density).sum(dtype=float))
    free = lung & (fluid[1] < 0.5)
    heights = np.argsort(space.height_mm[free])
    gain = np.cumsum(np.maximum(lung_density(COLLAPSED_HU) - density[free][heights], 0), dtype=float)
    last = min(int(np.searchsorted(gain, gone)), int(MOST_COLLAPSED * len(heights)), len(heights) - 1)
    if last < 0:
        return scene, 0.0
    upper_mm = float(space.height_mm[free][heights[last]])
    strip = space.below(grid, upper_mm) * (1 - fluid[1])
    return with_density(scene, (block, strip), lung_density(COLLAPSED_HU)), upper_mm - level_mm
