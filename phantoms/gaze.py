"""An eye that looks at a point and does not keep still: slow drift, and microsaccades that bring it back."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.patient_motion import shifted
from simdata import Growth, Scene
from simdata.motion import Rigid, together

MM_PER_DEG = 0.288
"""On the retina, of a turn of the eye: 16.5 mm from the nodal point (memory)."""
KNOT_S = 0.02
SPREAD = 0.5
"""Standard deviation of ln(amplitude) of microsaccades (memory)."""
HOMING = 0.7
"""Share of the way home that a microsaccade goes on average, besides its own (memory)."""


@dataclass(frozen=True)
class Gaze(Rigid):
    """The retina lies (x_mm, y_mm) beside its place at knots_s, between them on straight lines."""

    knots_s: tuple[float, ...]
    x_mm: tuple[float, ...]
    y_mm: tuple[float, ...]

    def pose(self, t_s: float) -> Float[ndarray, "4 4"]:
        return shifted(np.array([np.interp(t_s, self.knots_s, way) for way in (self.x_mm, self.y_mm)] + [0.0]))


@dataclass(frozen=True, kw_only=True)
class Fixation(Growth):
    """The eye fixates for `lasting_s`, seconds, in addition to how the patient moved before.

    drift_deg_s: speed of the random walk of the drift. saccades_hz: microsaccades in a second, saccade_deg: their
    median amplitude, saccade_s: how long each lasts. Martinez-Conde 2004, 10.1038/nrn1348 (figures from memory).
    """

    lasting_s: Annotated[float, Gt(0)] = 10.0
    drift_deg_s: Annotated[float, Ge(0)] = 0.3
    saccades_hz: Annotated[float, Ge(0)] = 1.2
    saccade_deg: Annotated[float, Ge(0)] = 0.3
    saccade_s: Annotated[float, Gt(0)] = 0.02

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        return replace(scene, motion=together(scene.motion, self.gaze(rng)))

    def gaze(self, rng: Generator) -> Gaze:
        """One such fixation, which begins at the point looked at."""
        knots = [0.0]
        at = [np.zeros(2)]
        next_s = self._pause_s(rng)
        while knots[-1] < self.lasting_s:
            if knots[-1] >= next_s:
                knots.append(knots[-1] + self.saccade_s)
                at.append(at[-1] + self._saccade_mm(at[-1], rng))
                next_s = knots[-1] + self._pause_s(rng)
            else:
                knots.append(knots[-1] + KNOT_S)
                at.append(at[-1] + MM_PER_DEG * self.drift_deg_s * KNOT_S * direction(rng))
        x, y = np.transpose(at)
        return Gaze(tuple(knots), tuple(x.tolist()), tuple(y.tolist()))

    def _pause_s(self, rng: Generator) -> float:
        return float(rng.exponential(1 / max(self.saccades_hz, 1e-9)))

    def _saccade_mm(self, at: Float[ndarray, " 2"], rng: Generator) -> Float[ndarray, " 2"]:
        far = MM_PER_DEG * self.saccade_deg * np.exp(SPREAD * rng.normal())
        return far * direction(rng) - HOMING * at


def direction(rng: Generator) -> Float[ndarray, " 2"]:
    """Anywhere."""
    turn = rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(turn), np.sin(turn)])
