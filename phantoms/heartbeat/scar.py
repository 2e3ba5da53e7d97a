"""The scar of an infarct: a part of the left ventricle's wall that is no muscle any more and does not contract."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le, MinLen
from numpy.random import Generator

from phantoms.heartbeat.beat import Beat
from phantoms.heartbeat.chambers import cylinder
from phantoms.heartbeat.segments import depths
from phantoms.pieces import Kind, Piece, with_finding
from simdata import Growth, RecipeError, Scene, SceneError
from simdata.finding import Finding
from simdata.motion import Motion, together

KIND = Kind("myocardial scar", "1755008", "Old myocardial infarction")
WALL = "heart_myocardium"
TISSUE = "connective"
STOPS = 0.5
"""Share of the wall from which on a scar takes all of its contraction: Kim et al. 2000, N Engl J Med 343:1445."""
REGIONS = {
    "anterior": (1, 7, 13),
    "septal": (2, 3, 8, 9, 14),
    "inferior": (4, 10, 15),
    "lateral": (5, 6, 11, 12, 16),
    "apical": (17,),
}
"""Cerqueira et al. 2002, Circulation 105:539; the septal and lateral segments by their walls."""


@dataclass(frozen=True, kw_only=True)
class Scar(Growth):
    """A scar in `segments` (1 to 17, AHA) from the cavity on through `transmural` of the wall.

    As the wave front of necrosis runs from the inside outwards (Reimer and Jennings 1979, Lab Invest 40:633). A wall
    that is half scar stands still (akinesia); one with less contracts by what is left. Grown before or after a heart
    beats, it takes effect on the beat. Raises RecipeError for segments that do not exist, SceneError for a patient
    without heart.
    """

    segments: Annotated[tuple[int, ...], MinLen(1)] = (7, 8, 13, 14, 17)
    transmural: Annotated[float, Gt(0), Le(1)] = 0.75

    def __post_init__(self) -> None:
        unknown = [segment for segment in self.segments if not 1 <= segment <= 17]
        if unknown:
            raise RecipeError(f"Scar.segments: found segment {unknown[0]}; 1 to 17 would do")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        here = scene.to("cpu")
        heart = cylinder(here)
        places = np.argwhere(here.mask(WALL))
        segment, depth = depths(heart, here.grid.world_mm(places))
        inside = places[np.isin(segment, self.segments) & (depth <= self.transmural)]
        if not len(inside):
            raise SceneError(f"Scar: the patient's wall has no voxel in segments {self.segments}; others would do")
        low, high = inside.min(axis=0), inside.max(axis=0) + 1
        filled = np.zeros(high - low, np.float32)
        filled[tuple((inside - low).T)] = 1
        block = tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))

        where = " and ".join(name for name, parts in REGIONS.items() if set(parts) & set(self.segments))
        through = "transmural" if self.transmural > STOPS else "subendocardial"
        text = f"{through} scar of the {where} wall of the left ventricle"
        told = {"segments": " ".join(map(str, sorted(self.segments))), "transmural_percent": 100 * self.transmural}
        scarred = with_finding(scene, KIND, WALL, [Piece((block, filled), TISSUE)], text, told)  # pyright: ignore[reportArgumentType]
        return replace(scarred, motion=_stopped(scarred.motion, left(scarred.findings)))


def left(findings: tuple[Finding, ...]) -> dict[int, float]:
    """What scars have left of the contraction of each segment that has one."""
    shares: dict[int, float] = {}
    for finding in findings:
        if finding.kind == KIND.name:
            lost = float(finding.attributes["transmural_percent"]) / 100 / STOPS
            for segment in map(int, str(finding.attributes["segments"]).split()):
                shares[segment] = min(shares.get(segment, 1.0), max(1 - lost, 0.0))
    return shares


def _stopped(motion: Motion, shares: dict[int, float]) -> Motion:
    """A heart that beats already, with these shares left of it."""
    return together(
        *(_weaker(part, shares) if isinstance(part, Beat) else part for part in getattr(motion, "motions", (motion,)))
    )


def _weaker(beat: Beat, shares: dict[int, float]) -> Beat:
    scales = [min(scale, shares.get(n + 1, scale)) for n, scale in enumerate(beat.motion_scales)]
    return replace(beat, motion_scales=tuple(scales))
