"""The spectrometer of an OCT: the deeper an echo comes from, the finer its fringes, and the more they wash out."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float
from numpy import ndarray

from simdata import Part


@dataclass(frozen=True, kw_only=True)
class Spectrometer(Part):
    """Its pixels sample the fringes; reach_mm is the depth whose fringes are two pixels wide, below the zero delay.

    line_px: width of a spectral line on it, at half its height.
    """

    reach_mm: Annotated[float, Gt(0)] = 1.92
    line_px: Annotated[float, Ge(0)] = 0.8

    def kept(self, depth_mm: Float[ndarray, " z"]) -> Float[ndarray, " z"]:
        """Share of the power: (sin u / u)^2 exp(-line^2 u^2 / (2 ln 2)), u = pi / 2 depth / reach.

        The first is of the pixels, 3.9 dB at the end of the reach, the second of the line. Leitgeb 2003,
        10.1364/OE.11.000889 (memory).
        """
        u = np.pi / 2 * depth_mm / self.reach_mm
        return np.sinc(u / np.pi) ** 2 * np.exp(-((self.line_px * u) ** 2) / (2 * np.log(2)))
