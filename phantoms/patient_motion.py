"""A patient who does not hold still: a shift, a turn of the head or the body, a tremor."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from simdata import Growth, RecipeError, Scene
from simdata.motion import Rigid, together

Vector = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class PatientMotion(Growth, Rigid):
    """The patient moves as a whole, in addition to how he moved before."""

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        return replace(scene, motion=together(scene.motion, self))


@dataclass(frozen=True, kw_only=True)
class Shift(PatientMotion):
    """The patient moves by `shift_mm` (right, front, up), from `start_s` on, in `lasting_s`, and stays there.

    The way is that of the least jerk, 10 u^3 - 15 u^4 + 6 u^5 (Flash and Hogan 1985, J Neurosci 5:1688). A short one is
    a twitch, one as long as the scan a drift.
    """

    shift_mm: Vector = (0.0, 3.0, 0.0)
    start_s: float = 0.0
    lasting_s: Annotated[float, Gt(0)] = 0.3

    def pose(self, t_s: float) -> Float[ndarray, "4 4"]:
        return shifted(np.array(self.shift_mm) * smooth_step(t_s, self.start_s, self.lasting_s))


@dataclass(frozen=True, kw_only=True)
class Turn(PatientMotion):
    """The patient turns by `degrees` around an axis through `centre_mm`, from `start_s` on, in `lasting_s`.

    axis: its direction; turning is counter-clockwise as seen from its tip. (1, 0, 0) nods, (0, 0, 1) shakes the head or
    rolls the body. The way is that of the least jerk, as in `Shift`.
    """

    degrees: float = 5.0
    axis: Vector = (1.0, 0.0, 0.0)
    centre_mm: Vector = (0.0, 0.0, 0.0)
    start_s: float = 0.0
    lasting_s: Annotated[float, Gt(0)] = 0.3

    def __post_init__(self) -> None:
        if not any(self.axis):
            raise RecipeError("Turn.axis: found (0, 0, 0); a direction such as (1, 0, 0) would do")

    def pose(self, t_s: float) -> Float[ndarray, "4 4"]:
        angle = np.radians(self.degrees) * smooth_step(t_s, self.start_s, self.lasting_s)
        turn = np.eye(4)
        turn[:3, :3] = rotation(np.array(self.axis), float(angle))
        return shifted(np.array(self.centre_mm)) @ turn @ shifted(-np.array(self.centre_mm))


@dataclass(frozen=True, kw_only=True)
class Tremor(PatientMotion):
    """The patient trembles: swing_mm sin(2 pi rate_hz t), so far to either side along (right, front, up).

    4 to 6 Hz is the tremor of Parkinson's disease at rest, 8 to 12 Hz everybody's own. Deuschl, Bain and Brin 1998,
    Mov Disord 13 Suppl 3:2. X-ray scanners see every swing; where `Scene.at` is asked, tissues move by whole voxels,
    and swings of less than half a voxel are felt by fields alone.
    """

    swing_mm: Vector = (0.0, 0.5, 0.0)
    rate_hz: Annotated[float, Ge(0)] = 5.0

    def pose(self, t_s: float) -> Float[ndarray, "4 4"]:
        return shifted(np.array(self.swing_mm) * np.sin(2 * np.pi * self.rate_hz * t_s))


def smooth_step(t_s: float, start_s: float, lasting_s: float) -> float:
    """Share of the way at a time, 0 before and 1 after, with the least jerk."""
    u = float(np.clip((t_s - start_s) / lasting_s, 0, 1))
    return u**3 * (10 - 15 * u + 6 * u**2)


def shifted(shift_mm: Float[ndarray, " 3"]) -> Float[ndarray, "4 4"]:
    """The pose that moves everything by that much."""
    pose = np.eye(4)
    pose[:3, 3] = shift_mm
    return pose


def rotation(axis: Float[ndarray, " 3"], angle_rad: float) -> Float[ndarray, "3 3"]:
    """Turns around an axis through the origin, counter-clockwise as seen from its tip. Rodrigues 1840."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) * cross @ cross
