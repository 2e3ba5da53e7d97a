"""How a scanner's rays run through a slice: parallel beams, or a fan from a focus that circles the patient.

Kak and Slaney 1988, Principles of Computerized Tomographic Imaging, ch. 3.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.filters import ramp_samples
from simdata import Part, RecipeError

SOURCE_TO_ISOCENTRE_MM = 541.0
SOURCE_TO_DETECTOR_MM = 949.075
"""A GE LightSpeed, as in XCIST's evaluation/spatial_resolution_modeling (sid 541.0, sdd 949.075)."""


@dataclass(frozen=True, kw_only=True)
class Geometry(Part, ABC):
    """The rays of a scan around the middle of the grid.

    views: how many, evenly over the scan. pitch_mm: width of a detector element. source_to_isocentre_mm: of the focus.
    """

    views: Annotated[int, Ge(8)] = 720
    pitch_mm: Annotated[float, Gt(0)] = 1.0
    source_to_isocentre_mm: Annotated[float, Gt(0)] = SOURCE_TO_ISOCENTRE_MM

    arc_rad: ClassVar[float] = 2 * np.pi

    @property
    def view_rad(self) -> Float64[ndarray, " views"]:
        """Angle of every view."""
        return np.arange(self.views) * self.arc_rad / self.views

    @property
    @abstractmethod
    def element_mm(self) -> float:
        """Width of a detector element as seen at the isocentre."""

    @abstractmethod
    def elements(self, radius_mm: float) -> int:
        """Elements that cover a circle of that radius around the isocentre."""

    @abstractmethod
    def rays(self, elements: int) -> tuple[Float64[ndarray, "views n"], Float64[ndarray, "views n"]]:
        """Every ray as x cos(angle) + y sin(angle) = offset: angle, rad, and offset, mm."""

    @abstractmethod
    def obliquity(self, elements: int) -> Float32[ndarray, " n"]:
        """Weight of each element before filtering."""

    @abstractmethod
    def ramp(self, elements: int) -> Float64[ndarray, " n"]:
        """The ramp filter for 0, 1, ... elements of distance, times the step of integration."""

    @abstractmethod
    def shadow(
        self, x_mm: Float32[ndarray, "x 1"], y_mm: Float32[ndarray, "1 y"], view_rad: float, elements: int
    ) -> tuple[Float32[ndarray, "x y"], Float32[ndarray, "x y"]]:
        """The element, as a fraction, that each point falls on, and the weight of that view there."""


@dataclass(frozen=True, kw_only=True)
class ParallelBeam(Geometry):
    """Parallel rays over half a turn. The distance to the focus sets the dose alone, as if rebinned from a fan."""

    arc_rad: ClassVar[float] = np.pi

    @property
    def element_mm(self) -> float:
        return self.pitch_mm

    def elements(self, radius_mm: float) -> int:
        return _odd(2 * radius_mm / self.pitch_mm)

    def rays(self, elements: int) -> tuple[Float64[ndarray, "views n"], Float64[ndarray, "views n"]]:
        shape = (self.views, elements)
        offset = self.pitch_mm * _centred(elements)
        return np.broadcast_to(self.view_rad[:, None], shape), np.broadcast_to(offset, shape)

    def obliquity(self, elements: int) -> Float32[ndarray, " n"]:
        return np.ones(elements, np.float32)

    def ramp(self, elements: int) -> Float64[ndarray, " n"]:
        return self.pitch_mm * ramp_samples(elements, self.pitch_mm)

    def shadow(
        self, x_mm: Float32[ndarray, "x 1"], y_mm: Float32[ndarray, "1 y"], view_rad: float, elements: int
    ) -> tuple[Float32[ndarray, "x y"], Float32[ndarray, "x y"]]:
        offset = x_mm * np.float32(np.cos(view_rad)) + y_mm * np.float32(np.sin(view_rad))
        at = offset / np.float32(self.pitch_mm) + np.float32((elements - 1) / 2)
        return at, np.full_like(at, np.pi / self.views)


@dataclass(frozen=True, kw_only=True)
class FanBeam(Geometry):
    """A fan over a full turn onto a detector on an arc around the focus (equiangular). Kak and Slaney sec. 3.4.1."""

    pitch_mm: Annotated[float, Gt(0)] = 1.5
    source_to_detector_mm: Annotated[float, Gt(0)] = SOURCE_TO_DETECTOR_MM

    def __post_init__(self) -> None:
        if self.source_to_detector_mm <= self.source_to_isocentre_mm:
            raise RecipeError(
                f"FanBeam: the detector at {self.source_to_detector_mm} mm from the focus does not lie beyond the "
                f"isocentre at {self.source_to_isocentre_mm} mm; a larger source_to_detector_mm would do"
            )

    @property
    def element_rad(self) -> float:
        """Angle between neighbouring rays."""
        return self.pitch_mm / self.source_to_detector_mm

    @property
    def element_mm(self) -> float:
        return self.element_rad * self.source_to_isocentre_mm

    def elements(self, radius_mm: float) -> int:
        return _odd(2 * np.arcsin(radius_mm / self.source_to_isocentre_mm) / self.element_rad)

    def rays(self, elements: int) -> tuple[Float64[ndarray, "views n"], Float64[ndarray, "views n"]]:
        fan = self.element_rad * _centred(elements)
        offset = self.source_to_isocentre_mm * np.sin(fan)
        return self.view_rad[:, None] + fan, np.broadcast_to(offset, (self.views, elements))

    def obliquity(self, elements: int) -> Float32[ndarray, " n"]:
        fan = self.element_rad * _centred(elements)
        return (self.source_to_isocentre_mm * np.cos(fan)).astype(np.float32)

    def ramp(self, elements: int) -> Float64[ndarray, " n"]:
        fan = self.element_rad * np.arange(elements)
        arc = np.divide(fan, np.sin(fan), out=np.ones(elements), where=fan > 0)
        return self.element_rad * arc**2 / 2 * ramp_samples(elements, self.element_rad)

    def shadow(
        self, x_mm: Float32[ndarray, "x 1"], y_mm: Float32[ndarray, "1 y"], view_rad: float, elements: int
    ) -> tuple[Float32[ndarray, "x y"], Float32[ndarray, "x y"]]:
        c, s = np.float32(np.cos(view_rad)), np.float32(np.sin(view_rad))
        across = x_mm * c + y_mm * s
        along = np.float32(self.source_to_isocentre_mm) + x_mm * s - y_mm * c
        at = np.arctan2(across, along) / np.float32(self.element_rad) + np.float32((elements - 1) / 2)
        return at, np.float32(2 * np.pi / self.views) / (across * across + along * along)


def _centred(elements: int) -> Float64[ndarray, " n"]:
    return np.arange(elements) - (elements - 1) / 2


def _odd(width: float) -> int:
    """The odd number of elements that covers `width` with one to spare on each side."""
    return 2 * int(np.ceil(width / 2)) + 3
