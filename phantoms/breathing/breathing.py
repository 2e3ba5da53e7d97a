"""A chest that breathes: the diaphragm sinks, the ribs rise, and all that lies between and below goes along."""

from dataclasses import astuple, dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.random import Generator

from phantoms.breathing.breath import Breath, Chest, mixed
from phantoms.breathing.coarse import coarse
from phantoms.breathing.traces import Regular, Trace
from phantoms.people.lungs import gas_ml
from simdata import Growth, RecipeError, Scene, SceneError, Subject, structure
from simdata.motion import inside
from simdata.motion_flow import Velocity

TIDAL_ML_KG, TIDAL_ML = 7.0, 500.0
"""A quiet breath by weight, and where the weight is unknown: 500 mL of the adult (facts of physiology)."""
UNKNOWN_TLC_ML, TISSUE_SHARE = 5100.0, 0.3
"""Gas of full lungs, mean of 6.0 L of men and 4.2 L of women; share of lungs that is tissue, where it is unknown."""
RESIDUAL = 0.2
"""Of a full breath that nobody breathes out: 1.2 of 6.0 L."""
SAMPLES, NEAR_MM, CLOSE = 12_000, 2.0, 1e-3
"""About so many places tell how much wider the lungs are; with 1,500 a child's breath was 3 % off."""
LOBES = (
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
)


@dataclass(frozen=True, kw_only=True)
class Breathing(Growth):
    """The patient breathes, from where he was built (a torso of breath 0 is breathed out).

    tidal_ml: how much a usual breath widens the lungs; left out, 7 mL per kg. diaphragm_mm: how far the domes sink
    instead; 11 to 15 mm quietly, 40 to 50 mm in a full breath. sternum_share: how far the breastbone goes forward for
    that. lag_s: how long the ribs follow the diaphragm. trace: the depth over time, 1 being a usual breath.
    Raises RecipeError for both volume and way, SceneError where lungs, ribs or breastbone are not there, or would have
    to hold more than a full breath, or less than what stays in them.
    """

    tidal_ml: Annotated[float, Gt(0)] | None = None
    diaphragm_mm: Annotated[float, Gt(0), Le(100)] | None = None
    sternum_share: Annotated[float, Ge(0), Le(2)] = 0.25
    lag_s: Annotated[float, Ge(0), Le(1)] = 0.15
    trace: Trace = Regular()

    def __post_init__(self) -> None:
        if self.tidal_ml is not None and self.diaphragm_mm is not None:
            raise RecipeError(
                f"Breathing: found tidal_ml {self.tidal_ml:g} and diaphragm_mm {self.diaphragm_mm:g}; one would do"
            )

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        course = self.trace.course(rng)
        chest = Chest.of(coarse(scene.to("cpu")))
        lungs = Lungs.of(scene)
        down_mm = self.diaphragm_mm or self._down_mm(chest, lungs, scene.subject)
        for share in (max(course.shares), min(course.shares)):
            lungs.check(lungs.wider_ml(self._mixed(chest, share * down_mm)), share)
        breath = Breath(astuple(chest), round(down_mm, 4), round(self.sternum_share * down_mm, 4), self.lag_s, *course)
        return replace(scene, motion=inside(scene.motion, breath))

    def _mixed(self, chest: Chest, down_mm: float) -> Velocity:
        return mixed(chest, down_mm, self.sternum_share * down_mm)

    def _down_mm(self, chest: Chest, lungs: "Lungs", subject: Subject | None) -> float:
        """The way of the diaphragm that widens the lungs by the volume that is asked for: secants from 10 mm."""
        tidal_ml = self.tidal_ml or (TIDAL_ML_KG * subject.weight_kg if subject else TIDAL_ML)
        lungs.check(tidal_ml, 1.0)
        down_mm, before = 10.0, (0.0, 0.0)
        for _ in range(8):
            found_ml = lungs.wider_ml(self._mixed(chest, down_mm))
            if abs(found_ml - tidal_ml) < CLOSE * tidal_ml:
                break
            slope = (found_ml - before[1]) / (down_mm - before[0])
            before = (down_mm, found_ml)
            down_mm += (tidal_ml - found_ml) / slope
        return down_mm


@dataclass(frozen=True, eq=False)
class Lungs:
    """The lungs of a patient at rest. points_mm: (n, 3) places in them.

    most_ml: gas of a full breath. tissue_ml: what in them is not gas.
    """

    volume_ml: float
    points_mm: np.ndarray
    most_ml: float
    tissue_ml: float

    @classmethod
    def of(cls, scene: Scene) -> "Lungs":
        """As they are labelled."""
        lobes = np.zeros(1 << 16, bool)
        lobes[[id for id in scene.structures if _lobe(scene, id)]] = True
        labels = scene.to("cpu").labels
        volume_ml = float(lobes[labels].sum()) * scene.grid.voxel_mm3 / 1000
        apart_mm = (1000 * volume_ml / SAMPLES) ** (1 / 3)
        every = [max(1, round(apart_mm / mm)) for mm in scene.grid.spacing_mm]
        some = labels[:: every[0], :: every[1], :: every[2]]
        points_mm = scene.grid.world_mm(np.argwhere(lobes[some]) * every)
        subject = scene.subject
        most_ml = gas_ml("TLC", subject.sex, subject.age_y, subject.height_cm) if subject else UNKNOWN_TLC_ML
        tissue_ml = scene.latents.get("lung_tissue_ml", TISSUE_SHARE * volume_ml)
        return cls(volume_ml, points_mm, most_ml, float(tissue_ml))

    def wider_ml(self, stream: Velocity) -> float:
        """By how much a stream widens them: the mean of det J - 1 over their points, times their volume."""
        sides = [
            (stream.carried(self.points_mm + step) - stream.carried(self.points_mm - step)) / (2 * NEAR_MM)
            for step in NEAR_MM * np.eye(3)
        ]
        return float((np.linalg.det(np.stack(sides, axis=-1)) - 1).mean()) * self.volume_ml

    def check(self, wider_ml: float, share: float) -> None:
        """Raises SceneError if there is no room for so much more gas, or not so much to breathe out."""
        now_ml = self.volume_ml - self.tissue_ml
        least_ml = RESIDUAL * self.most_ml
        if now_ml + wider_ml > self.most_ml:
            raise SceneError(
                f"Breathing: {wider_ml:.0f} mL more (share {share:g} of a breath) is deeper than the lungs hold: "
                f"{now_ml:.0f} mL of gas at rest, {self.most_ml:.0f} mL in a full breath; at most "
                f"{max(self.most_ml - now_ml, 0):.0f} mL would do"
            )
        if wider_ml < 0 and now_ml + wider_ml < least_ml:
            raise SceneError(
                f"Breathing: {-wider_ml:.0f} mL less (share {share:g} of a breath) leaves {now_ml + wider_ml:.0f} mL "
                f"of gas, and {least_ml:.0f} mL cannot be breathed out; at most {max(now_ml - least_ml, 0):.0f} mL "
                "less would do"
            )


def _lobe(scene: Scene, id: int) -> bool:
    """True of a lobe and of what lies in one."""
    lobes = {structure(name).id for name in LOBES}
    while id:
        if id in lobes:
            return True
        id = scene.structures[id].parent
    return False
