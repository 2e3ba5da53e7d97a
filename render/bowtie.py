"""The bowtie filter of a CT scanner: thin in the middle, thick at the sides, where patients are thin."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Float64
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from render.attenuation import attenuation
from render.properties import curve
from render.units import MM_PER_CM
from simdata import Part


@dataclass(frozen=True, kw_only=True)
class Bowtie(Part):
    """shape: "small" for heads, "medium" and "large" for bodies: aluminium as thick as in XCIST's bowties."""

    shape: Literal["small", "medium", "large"] = "medium"

    def thickness_mm(self, fan_rad: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
        """Of aluminium on the ray at each angle from the middle one; beyond the table as at its end."""
        most = curve("bowties", "fan_rad")[-1]
        return _profile(self.shape)(np.minimum(np.abs(fan_rad), most))

    def transmission(
        self, fan_rad: Float64[ndarray, " n"], energy_kev: Float64[ndarray, " e"]
    ) -> Float64[ndarray, "n e"]:
        """Share of the photons of each energy that it lets through at each angle."""
        return np.exp(-np.outer(self.thickness_mm(fan_rad), attenuation("aluminium", energy_kev) / MM_PER_CM))


@cache
def _profile(shape: str) -> PchipInterpolator:
    return PchipInterpolator(curve("bowties", "fan_rad"), curve("bowties", shape))
