"""The gantry of a CT scanner: focus and detector that turn together, and the way of the table between them."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, MultipleOf
from jaxtyping import Float64
from numpy import ndarray

from render.views import Arc, Orbit, Views
from simdata import Part, RecipeError

RECURRENCE = 1.2207440846 ** -np.arange(1.0, 4.0)
"""Powers of the root of x^4 = x + 1: multiples of these fill a cube evenly."""


@dataclass(frozen=True, kw_only=True)
class Gantry(Part):
    """Third-generation geometry: the detector is an arc around the focus.

    element_mm: width of an element on the detector. rows: of the detector, row_mm high as seen at the isocentre.
    views: of a turn, even. rotation_s: a turn takes so long.
    The default reads 128 rows of 0.625 mm out in pairs: a beam of 80 mm, as wide scanners of the clinic have.
    Distances: a GE LightSpeed, as in XCIST's evaluation/spatial_resolution_modeling (sid 541.0, sdd 949.075).
    """

    source_to_isocentre_mm: Annotated[float, Gt(0)] = 541.0
    source_to_detector_mm: Annotated[float, Gt(0)] = 949.075
    element_mm: Annotated[float, Gt(0)] = 1.5
    rows: Annotated[int, Ge(1), Le(4096)] = 64
    row_mm: Annotated[float, Gt(0)] = 1.25
    views: Annotated[int, Ge(8), Le(65536), MultipleOf(2)] = 480
    rotation_s: Annotated[float, Gt(0)] = 0.5

    def __post_init__(self) -> None:
        if self.source_to_detector_mm <= self.source_to_isocentre_mm:
            raise RecipeError(
                f"Gantry: the detector at {self.source_to_detector_mm} mm from the focus does not lie beyond the "
                f"isocentre at {self.source_to_isocentre_mm} mm; a larger source_to_detector_mm would do"
            )

    @property
    def magnification(self) -> float:
        """From the isocentre to the detector."""
        return self.source_to_detector_mm / self.source_to_isocentre_mm

    @property
    def beam_mm(self) -> float:
        """Height of the beam at the isocentre."""
        return self.rows * self.row_mm

    @property
    def element_rad(self) -> float:
        """Angle between neighbouring columns."""
        return self.element_mm / self.source_to_detector_mm

    def fan_rad(self, radius_mm: float) -> float:
        """Half the angle of the fan that covers a circle of that radius around the isocentre."""
        return float(np.arcsin(radius_mm / self.source_to_isocentre_mm))

    def detector(self, radius_mm: float) -> Arc:
        """As many columns as a circle of that radius needs, with two to spare on each side."""
        return Arc(
            columns=2 * int(np.ceil(self.fan_rad(radius_mm) / self.element_rad)) + 5,
            rows=self.rows,
            column_mm=self.element_mm,
            row_mm=self.row_mm * self.magnification,
        )

    def orbit(
        self, turns: Float64[ndarray, " views"], heights_mm: Float64[ndarray, " views"], radius_mm: float
    ) -> Orbit:
        """Views after so many turns with the focus at those heights."""
        return Orbit(
            2 * np.pi * turns,
            self.detector(radius_mm),
            self.source_to_isocentre_mm,
            self.source_to_detector_mm,
            heights_mm,
        )

    def rays(self, orbit: Orbit, focal_spot_mm: tuple[float, float], count: int) -> list[Views]:
        """The views of `orbit`, `count` times: each from another place of the focal spot, at another time of the view.

        focal_spot_mm: width and height. Places and times follow an additive recurrence, which leaves no part of the
        spot or of the time out (R3 sequence, Roberts 2018).
        """
        turn_rad, climb_mm = 2 * np.pi / self.views, float(np.median(np.diff(orbit.heights_mm)))
        shares = (0.5 + np.outer(np.arange(count), RECURRENCE)) % 1 - 0.5
        return [
            replace(
                orbit, view_rad=orbit.view_rad + when * turn_rad, height_mm=orbit.heights_mm + when * climb_mm
            ).views.refocused(wide * focal_spot_mm[0], high * focal_spot_mm[1])
            for when, wide, high in shares
        ]
