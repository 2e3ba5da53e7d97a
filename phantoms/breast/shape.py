"""A breast as a solid: at each distance from the chest wall a section, cut into chords across the paddles.

Axes of the breast as a view sees it, mm: w along the chest wall (up or to the side), t towards the tube, d from the
chest wall to the nipple.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

CHORDS = 161
"""Chords of a section."""
SLICES = 64
"""Sections that stand for a breast."""
BEFORE_THE_TIP = 0.985
"""Share of the depth at which the last section is taken: at the tip itself there is none."""


@dataclass(frozen=True, eq=False)
class Section:
    """One section. w_mm: (n,) ascending. low_mm, high_mm: (n,) t of the ends of the chord there."""

    w_mm: Float64[ndarray, " n"]
    low_mm: Float64[ndarray, " n"]
    high_mm: Float64[ndarray, " n"]

    @property
    def area_mm2(self) -> float:
        """Of the section."""
        return float(self.share[1])

    @property
    def share(self) -> tuple[Float64[ndarray, " n"], float]:
        """Of the area, what lies before each chord, and the whole area, mm2."""
        chord = self.high_mm - self.low_mm
        steps = np.diff(self.w_mm) * (chord[1:] + chord[:-1]) / 2
        before = np.concatenate([[0.0], np.cumsum(steps)])
        return before / before[-1], before[-1]


class Shape(ABC):
    """A breast of some form. depth_mm: from the chest wall to the skin at the nipple."""

    depth_mm: float

    @abstractmethod
    def section(self, d_mm: float) -> Section:
        """At that distance from the chest wall."""

    @abstractmethod
    def under_skin(self, wtd_mm: Float[ndarray, "*n 3"]) -> Float64[ndarray, "*n"]:
        """How far below the surface a point lies, mm; negative outside. Exact at the surface."""

    @cached_property
    def tip_mm(self) -> Float64[ndarray, "3"]:
        """Where the nipple sits."""
        last = self.section(self.depth_mm * BEFORE_THE_TIP)
        return np.array([last.w_mm.mean(), (last.low_mm + last.high_mm).mean() / 2, self.depth_mm])

    @cached_property
    def slices_mm(self) -> Float64[ndarray, " s"]:
        """Distances at which sections are taken: closer together towards the tip."""
        return self.depth_mm * BEFORE_THE_TIP * np.sin(np.linspace(0, np.pi / 2, SLICES))

    @cached_property
    def before_ml(self) -> Float64[ndarray, " s"]:
        """Volume between the chest wall and each of `slices_mm`."""
        d = self.slices_mm
        area = np.array([self.section(at).area_mm2 for at in d])
        return np.concatenate([[0.0], np.cumsum(np.diff(d) * (area[1:] + area[:-1]) / 2)]) / 1000

    @cached_property
    def volume_ml(self) -> float:
        """Of the breast; beyond the last section the area falls to nothing in a straight line."""
        last = self.slices_mm[-1]
        return float(self.before_ml[-1] + self.section(last).area_mm2 * (self.depth_mm - last) / 2000)


def reach(shape: Shape) -> tuple[Float[ndarray, "2"], Float[ndarray, "2"]]:
    """The reach of a breast along w and along t, mm."""
    sections = [shape.section(d) for d in shape.slices_mm[::4]]
    w = np.array([min(s.w_mm[0] for s in sections), max(s.w_mm[-1] for s in sections)])
    t = np.array([min(s.low_mm.min() for s in sections), max(s.high_mm.max() for s in sections)])
    return w, t
