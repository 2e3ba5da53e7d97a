"""The patient as the views of a scan meet him: still, or where he has moved to by then."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.attenuation import Beam
from render.materials import Body
from render.orientation import orientation
from render.projection import running_sums
from simdata import Scene, Still

STILL_S = 0.02
"""So long a moving patient is taken to stand still."""


@dataclass(frozen=True, eq=False)
class Meeting:
    """The views that see the patient in one place, what he is made of, and running sums of these materials along z."""

    views: slice
    materials: list[int]
    sums: Float32[ndarray, "x y z_and_two m"]


def meetings(
    scene: Scene, beam: Beam, view_s: Float64[ndarray, " views"], beyond: int, at_once: int
) -> Iterator[Meeting]:
    """All views in order, `at_once` of them at most; the patient goes on for `beyond` slices above and below."""
    ends = range(0, len(view_s), at_once)
    if isinstance(scene.motion, Still):
        meeting = _meeting(scene, beam, beyond)
        for first in ends:
            yield Meeting(slice(first, min(first + at_once, len(view_s))), *meeting)
        return
    period = np.floor(view_s / STILL_S).astype(int)
    for one in np.unique(period):
        first, last = np.flatnonzero(period == one)[[0, -1]]
        meeting = _meeting(scene.at(float(view_s[first : last + 1].mean())), beam, beyond)
        for start in range(first, last + 1, at_once):
            yield Meeting(slice(start, min(start + at_once, last + 1)), *meeting)


def _meeting(scene: Scene, beam: Beam, beyond: int) -> tuple[list[int], Float32[ndarray, "x y z_and_two m"]]:
    body = Body.of(scene, orientation(scene.grid), beam)
    volume = np.pad(body.volume(), ((0, 0), (0, 0), (beyond, beyond), (0, 0)), mode="edge")
    return body.materials, running_sums(volume)
