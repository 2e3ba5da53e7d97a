"""Where tube and flat detector stand around the patient: a wall stand, a table, or a C-arm at any angle."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float64
from numpy import ndarray

from render.plane import onto, plane
from render.views import Views
from simdata import Part, RecipeError, Scene

COARSE = 4
"""Every so many voxels along each axis are asked whether the patient goes on beyond the detector."""

SIDES = ("left", "right", "lower", "upper")
"""Edges of a picture: first and last column, first and last row."""


@dataclass(frozen=True, kw_only=True)
class CArm(Part):
    """A tube and a flat detector that face each other, and how they look at the patient.

    primary_deg: the detector stands in front of the patient at 0 (PA), at his left at 90 (left lateral), behind him at
    180 (AP), at his right at -90; 45 is LAO, -45 RAO. secondary_deg: turned to his head (cranial), below 0 to his feet.
    The signs are those of DICOM's positioner angles (PS3.3 C.8.7.5). source_to_detector_mm, patient_to_detector_mm:
    from the focus and from the middle of what is looked at. columns, rows, pixel_mm: of the detector, which the beam is
    collimated to. centred_on: the beam's middle goes through the middle of the box around these structures, or around
    the whole grid where none is named.
    A picture has the patient's right at its left, the front at its left in lateral views, and the head above.
    """

    primary_deg: Annotated[float, Ge(-180), Le(180)] = 0.0
    secondary_deg: Annotated[float, Ge(-90), Le(90)] = 0.0
    source_to_detector_mm: Annotated[float, Gt(0)] = 1800.0
    patient_to_detector_mm: Annotated[float, Gt(0)] = 180.0
    columns: Annotated[int, Ge(1), Le(8192)] = 1024
    rows: Annotated[int, Ge(1), Le(8192)] = 1024
    pixel_mm: Annotated[float, Gt(0)] = 0.42
    centred_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.patient_to_detector_mm >= self.source_to_detector_mm:
            raise RecipeError(
                f"CArm: the patient's middle, {self.patient_to_detector_mm} mm from the detector, does not lie before "
                f"the focus at {self.source_to_detector_mm} mm; a larger source_to_detector_mm would do"
            )

    @property
    def magnification(self) -> float:
        """Of what lies in the middle of the patient."""
        return self.source_to_detector_mm / (self.source_to_detector_mm - self.patient_to_detector_mm)

    def view(self, scene: Scene) -> Views:
        """Focus and detector, in mm of the patient."""
        beam, across, up = self._frame
        middle = self._middle_mm(scene)
        detector = middle + self.patient_to_detector_mm * beam
        focus = detector - self.source_to_detector_mm * beam
        wide = self.pixel_mm * (np.arange(self.columns + 1) - self.columns / 2)
        borders = detector + wide[:, None] * across
        return Views(np.append(focus, 1.0)[None], borders[None], self.pixel_mm * up[None], self.rows)

    @property
    def _frame(self) -> tuple[Float64[ndarray, " 3"], Float64[ndarray, " 3"], Float64[ndarray, " 3"]]:
        """From the tube to the detector; across the detector, from the left to the right of the picture; and up."""
        a, b = np.radians(self.primary_deg), np.radians(self.secondary_deg)
        beam = np.array([-np.sin(a) * np.cos(b), np.cos(a) * np.cos(b), np.sin(b)])
        up = np.array([np.sin(a) * np.sin(b), -np.cos(a) * np.sin(b), np.cos(b)])
        seen_from_detector = np.cross(up, beam)
        return beam, seen_from_detector if abs(self.primary_deg) <= 90 else -seen_from_detector, up

    def _middle_mm(self, scene: Scene) -> Float64[ndarray, " 3"]:
        ends = np.array([np.zeros(3), np.array(scene.grid.shape) - 1])
        if self.centred_on:
            mask = np.logical_or.reduce([scene.mask(name) for name in self.centred_on])
            if not mask.any():
                raise RecipeError(
                    f"CArm: none of {', '.join(self.centred_on)} is in view to centre on; one that is would do"
                )
            along = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
            ends = np.array([[one[0], one[-1]] for one in along], float).T
        return scene.grid.world_mm(ends.mean(axis=0))


def beyond(scene: Scene, view: Views) -> Sequence[str]:
    """The edges of the picture over which the patient goes on, to within some voxels."""
    labels = scene.labels[::COARSE, ::COARSE, ::COARSE]
    points = scene.grid.world_mm(np.argwhere(labels > 0) * COARSE)
    if not len(points):
        return ()
    at = plane(view).index(onto(view, points)[0])[:, :2]
    over = [
        *np.column_stack([at.min(axis=0) < -0.5, at.max(axis=0) > np.array([view.columns, view.rows]) - 0.5]).ravel()
    ]
    return tuple(side for side, yes in zip(SIDES, over, strict=True) if yes)


def cut_off(scene: Scene, view: Views) -> Sequence[str]:
    """The note of a picture that does not show the whole patient; none where it does."""
    sides = beyond(scene, view)
    return (f"the patient goes on beyond the picture: {', '.join(sides)}",) if sides else ()
