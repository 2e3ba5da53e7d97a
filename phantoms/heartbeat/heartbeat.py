"""A heart that beats: it throws out what it is asked to, shortens and twists, and its muscle keeps its volume."""

from dataclasses import astuple, dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from numpy.random import Generator

from phantoms.heartbeat.beat import Beat
from phantoms.heartbeat.chambers import cylinder
from phantoms.heartbeat.rhythm import irregular, regular
from phantoms.heartbeat.scar import left
from simdata import Growth, RecipeError, Scene, SceneError
from simdata.motion import inside

MOST_EJECTION = 0.85
"""Of the end-diastolic volume. The healthy throw out 0.63 +- 0.08 (CT of men, PMC7758747), thick hearts up to 0.8."""
EDV_RANGE = (0.6, 1.3)
"""Of the cavity that the patient was built with: how far its end-diastolic volume can be changed."""
SEGMENTS = 17


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Growth):
    """The heart beats; the patient was built at the end of diastole.

    rate_bpm: beats a minute. ejection_fraction: of the left ventricle. end_diastolic_ml: its volume then; left out, as
    it was built. shortening: of base to apex at the end of a usual systole (mitral plane 12 to 15 mm of 90). twist_deg:
    of base and apex, as seen from the apex (-3 and 8: a torsion of 11; facts 8 to 12). start: share of a beat that has
    passed at 0 s. rr_spread: coefficient of variation of the length of beats, 0.05 in the healthy and 0.2 in atrial
    fibrillation; then the heart beats for `lasting_s`. hypokinesia: segments (1 to 17) and how much of the usual motion
    is left in each, 0 for akinesia, below 0 for dyskinesia; the other segments throw out what is asked for. A `Scar`
    does that to its own segments.
    Raises RecipeError for an ejection fraction or segments that cannot be, SceneError for a heart without chambers.
    """

    rate_bpm: Annotated[float, Ge(30), Le(220)] = 65.0
    ejection_fraction: Annotated[float, Gt(0), Lt(1)] = 0.62
    end_diastolic_ml: Annotated[float, Gt(0)] | None = None
    shortening: Annotated[float, Ge(0), Le(0.25)] = 0.15
    twist_deg: tuple[float, float] = (-3.0, 8.0)
    start: Annotated[float, Ge(0), Lt(1)] = 0.0
    rr_spread: Annotated[float, Ge(0), Le(0.4)] = 0.0
    lasting_s: Annotated[float, Gt(0), Le(3600)] = 60.0
    hypokinesia: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        if self.ejection_fraction > MOST_EJECTION:
            raise RecipeError(
                f"Heartbeat.ejection_fraction: found {self.ejection_fraction:g}, more than a heart throws out; at most "
                f"{MOST_EJECTION:g} would do"
            )
        if max(map(abs, self.twist_deg)) > 20:
            raise RecipeError(f"Heartbeat.twist_deg: found {self.twist_deg}; -20 to 20 degrees would do")
        for segment, scale in self.hypokinesia:
            if not 1 <= segment <= SEGMENTS or not -0.5 <= scale <= 1.5:
                raise RecipeError(
                    f"Heartbeat.hypokinesia: found segment {segment} with scale {scale:g}; segments 1 to {SEGMENTS} "
                    "with -0.5 to 1.5 would do"
                )

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        heart = cylinder(scene)
        end_ml = self.end_diastolic_ml or heart.cavity_ml
        low, high = (share * heart.cavity_ml for share in EDV_RANGE)
        if not low <= end_ml <= high:
            raise SceneError(
                f"Heartbeat: an end-diastolic volume of {end_ml:.0f} mL is asked for, and the left ventricle was built "
                f"with {heart.cavity_ml:.0f} mL; {low:.0f} to {high:.0f} mL would do"
            )
        scales = np.ones(SEGMENTS)
        for segment, scale in (*left(scene.findings).items(), *self.hypokinesia):
            scales[segment - 1] = scale
        rhythm = (
            irregular(self.rate_bpm, self.rr_spread, self.lasting_s, rng)
            if self.rr_spread
            else regular(self.rate_bpm, self.start)
        )
        beat = Beat(
            astuple(heart),
            rhythm.onsets_s,
            rhythm.repeats,
            self.ejection_fraction,
            end_ml,
            self.shortening,
            self.twist_deg,
            tuple(scales.tolist()),
        )
        return replace(scene, motion=inside(scene.motion, beat, first=True))
