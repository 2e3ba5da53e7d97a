"""The breast as it hangs: half a superellipsoid that sags, turns to the side, and is flatter above the nipple."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray
from numpy.random import Generator
from scipy.optimize import root_scalar

from phantoms.breast.shape import CHORDS, Section, Shape

ANGLES = 720


@dataclass(frozen=True, eq=False)
class Hanging(Shape):
    """The surface sqrt(x^2 + z^2)^e + u^e = 1, u = d / depth_mm, after the deformations of a superquadric breast.

    Chen et al. 2010, IWDM, LNCS 6136:96 (shape, ptosis, turn, top and side); ranges as in Graff 2016, SPIE 9783:978309.
    lateral_mm, medial_mm, up_mm, down_mm: half axes at the chest wall. exponent: e; 2 is an ellipsoid.
    sag: of the nipple, by depth_mm, quadratic in u. turn: of the nipple to the side, likewise. flat_above: the share by
    which the upper half is flatter halfway out. view_rad: 0 in a view from above (CC), to the axilla otherwise.
    """

    depth_mm: float
    lateral_mm: float
    medial_mm: float
    up_mm: float
    down_mm: float
    exponent: float
    sag: float
    turn: float
    flat_above: float
    view_rad: float = 0.0

    def seen(self, view_rad: float) -> "Hanging":
        """The same breast in a view turned by that angle."""
        return replace(self, view_rad=view_rad)

    def section(self, d_mm: float) -> Section:
        """An ellipse in four quarters, seen along t."""
        angle = np.linspace(0, 2 * np.pi, ANGLES, endpoint=False)
        side, up = np.cos(angle), np.sin(angle)
        size = max(1 - (d_mm / self.depth_mm) ** self.exponent, 0.0) ** (1 / self.exponent)
        half_side, half_up, at_side, at_up = self._frame(np.full(ANGLES, d_mm), side, up)
        w, t = self._turned(at_side + size * half_side * side, at_up + size * half_up * up)

        first, last = int(w.argmin()), int(w.argmax())
        around = np.roll(np.arange(ANGLES), -first)
        middle = (last - first) % ANGLES + 1
        one, other = around[:middle], np.concatenate([around[middle - 1 :], around[:1]])[::-1]
        places = w[first] + (w[last] - w[first]) * (1 - np.cos(np.linspace(0, np.pi, CHORDS))) / 2
        ends = np.sort([np.interp(places, w[half], t[half]) for half in (one, other)], axis=0)
        return Section(places, ends[0], ends[1])

    def outward(self, wtd_mm: Float[ndarray, "*n 3"]) -> Float64[ndarray, "*n"]:
        """0 on the axis at the chest wall, 1 on the skin."""
        d = np.asarray(wtd_mm[..., 2], float)
        side, up = self.anatomical(wtd_mm)
        half_side, half_up, at_side, at_up = self._frame(d, side - self._shift(d, self.turn), up - self._sag(d))
        across = ((side - at_side) / half_side) ** 2 + ((up - at_up) / half_up) ** 2
        e = self.exponent
        return (across ** (e / 2) + np.abs(d / self.depth_mm) ** e) ** (1 / e)

    def under_skin(self, wtd_mm: Float[ndarray, "*n 3"]) -> Float64[ndarray, "*n"]:
        step = 0.5
        here = self.outward(wtd_mm)
        rise = [
            (self.outward(wtd_mm + step * axis) - self.outward(wtd_mm - step * axis)) / (2 * step) for axis in np.eye(3)
        ]
        return (1 - here) / np.maximum(np.sqrt(np.sum(np.square(rise), axis=0)), 1 / (4 * self.depth_mm))

    def anatomical(self, wtd_mm: Float[ndarray, "*n 3"]) -> tuple[Float64[ndarray, "*n"], Float64[ndarray, "*n"]]:
        """mm to the side of the arm, and mm up, of points of the view."""
        c, s = np.cos(self.view_rad), np.sin(self.view_rad)
        return c * wtd_mm[..., 0] - s * wtd_mm[..., 1], s * wtd_mm[..., 0] + c * wtd_mm[..., 1]

    def _turned(
        self, side: Float64[ndarray, " n"], up: Float64[ndarray, " n"]
    ) -> tuple[Float64[ndarray, " n"], Float64[ndarray, " n"]]:
        c, s = np.cos(self.view_rad), np.sin(self.view_rad)
        return c * side + s * up, c * up - s * side

    def _shift(self, d_mm: Float64[ndarray, "*n"], by: float) -> Float64[ndarray, "*n"]:
        return by * self.depth_mm * (d_mm / self.depth_mm) ** 2

    def _sag(self, d_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        return -self._shift(d_mm, self.sag)

    def _frame(
        self, d_mm: Float64[ndarray, "*n"], side: Float64[ndarray, "*n"], up: Float64[ndarray, "*n"]
    ) -> tuple[Float64[ndarray, "*n"], ...]:
        """Half axes to the side and up in the quarter of (side, up), and the middle of the section."""
        u = np.clip(d_mm / self.depth_mm, 0, 1)
        above = self.up_mm * (1 - self.flat_above * 4 * u * (1 - u))
        half_side = np.where(side > 0, self.lateral_mm, self.medial_mm)
        return half_side, np.where(up > 0, above, self.down_mm), self._shift(d_mm, self.turn), self._sag(d_mm)


def hanging(volume_ml: float, rng: Generator) -> Hanging:
    """A breast of that volume; its proportions are drawn."""
    lateral, medial, up, down = 1.0 + 0.06 * rng.standard_normal(4)
    depth = rng.uniform(0.95, 1.25)
    exponent, sag = rng.uniform(2.0, 2.3), rng.uniform(0.05, 0.22)
    turn, flat_above = rng.uniform(-0.05, 0.12), rng.uniform(0.0, 0.22)

    def of(size_mm: float) -> Hanging:
        half = (size_mm * lateral, size_mm * medial, size_mm * up, size_mm * down)
        return Hanging(size_mm * depth, *half, exponent, sag, turn, flat_above)

    return of(root_scalar(lambda size: of(size).volume_ml - volume_ml, bracket=(10, 400), xtol=1e-3).root)
