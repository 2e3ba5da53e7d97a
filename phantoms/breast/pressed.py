"""The breast between the paddles: flat where they touch it, a round edge where it is free."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray
from numpy.random import Generator
from scipy.optimize import root_scalar
from scipy.spatial import KDTree

from phantoms.breast.shape import CHORDS, Section, Shape
from simdata import RecipeError

OUTLINE_POINTS = 4000
MOST_PRESSED_MM = 300.0
"""No breast under compression is deeper."""


@dataclass(frozen=True, eq=False)
class Pressed(Shape):
    """All points within thickness_mm / 2 of a flat sheet in the middle between the paddles.

    The sheet's edge, thickness_mm / 2 within the outline |w / half|^e + (d / depth_mm)^e = 1, rounds the free edge to a
    half circle, as breasts under compression are seen to be: Rodriguez-Ruiz et al. 2017, Phys Med Biol 62:6920.
    above_mm, below_mm: half widths along the chest wall towards larger and smaller w. exponent: e.
    """

    depth_mm: float
    above_mm: float
    below_mm: float
    exponent: float
    thickness_mm: float

    def section(self, d_mm: float) -> Section:
        left = max(1 - (d_mm / self.depth_mm) ** self.exponent, 0.0) ** (1 / self.exponent)
        w = (self.above_mm - self.below_mm) / 2 * left - (self.above_mm + self.below_mm) / 2 * left * np.cos(
            np.linspace(0, np.pi, CHORDS)
        )
        half = self.half_mm(w, np.full(CHORDS, d_mm))
        return Section(w, -half, half)

    def half_mm(self, w_mm: Float64[ndarray, " n"], d_mm: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        """From the middle to the paddle, or to the round edge."""
        radius = self.thickness_mm / 2
        edge = np.maximum(radius - self.inside(np.stack([w_mm, d_mm], axis=-1)), 0)
        return np.sqrt(np.maximum(radius**2 - edge**2, 0))

    def inside(self, wd_mm: Float64[ndarray, "*n 2"]) -> Float64[ndarray, "*n"]:
        """mm from the outline, negative outside; farther than thickness_mm counts as that."""
        half = np.where(wd_mm[..., 0] > 0, self.above_mm, self.below_mm)
        level = np.abs(wd_mm[..., 0] / half) ** self.exponent + np.abs(wd_mm[..., 1] / self.depth_mm) ** self.exponent
        away, _ = self._outline.query(wd_mm, distance_upper_bound=self.thickness_mm)
        away = np.minimum(away, self.thickness_mm)
        return np.where(level < 1, away, -away)

    def under_skin(self, wtd_mm: Float[ndarray, "*n 3"]) -> Float64[ndarray, "*n"]:
        radius = self.thickness_mm / 2
        columns, own = np.unique(wtd_mm[..., [0, 2]].reshape(-1, 2).astype(float), axis=0, return_inverse=True)
        inside = self.inside(columns)[own].reshape(wtd_mm.shape[:-1])
        return radius - np.hypot(np.maximum(radius - inside, 0), wtd_mm[..., 1])

    @cached_property
    def _outline(self) -> KDTree:
        """On both sides of the chest wall, so that the breast is not round there."""
        angle = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
        c, s = np.cos(angle), np.sin(angle)
        half = np.where(c > 0, self.above_mm, self.below_mm)
        power = 2 / self.exponent
        return KDTree(
            np.column_stack([half * np.sign(c) * np.abs(c) ** power, self.depth_mm * np.sign(s) * np.abs(s) ** power])
        )


def proportions(view: Literal["CC", "MLO"], rng: Generator) -> tuple[tuple[float, float, float], float]:
    """Depth and half widths, to each other, and the exponent of the outline, of a breast in a view.

    From above it is about symmetric; seen obliquely there is more of it above the nipple, towards the armpit.
    """
    above, below = (1.05, 0.95) if view == "CC" else (1.2, 0.85)
    return (rng.uniform(0.92, 1.06), above * rng.uniform(0.95, 1.05), below * rng.uniform(0.95, 1.05)), rng.uniform(
        2.0, 2.3
    )


def pressed(rest: Shape, thickness_mm: float, proportions: tuple[float, float, float], exponent: float) -> Pressed:
    """`rest` between paddles that are thickness_mm apart: its volume stays, its depth and widths grow together.

    proportions: depth and half widths, to each other. Raises RecipeError if the paddles would not touch the breast.
    """

    def of(size_mm: float) -> Pressed:
        depth, above, below = (size_mm * part for part in proportions)
        return Pressed(depth, above, below, exponent, thickness_mm)

    volume_ml = rest.volume_ml
    smallest = thickness_mm / 2 / min(proportions)
    if of(smallest).volume_ml > volume_ml:
        raise RecipeError(
            f"Breast.thickness_mm: paddles {thickness_mm:g} mm apart do not press a breast of {volume_ml:.0f} mL; "
            "a smaller thickness_mm, or a larger volume_ml, would do"
        )
    bracket = (smallest, MOST_PRESSED_MM)
    return of(root_scalar(lambda size: of(size).volume_ml - volume_ml, bracket=bracket, xtol=1e-3).root)
