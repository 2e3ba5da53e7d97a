"""The beam of an OCT: how finely it sees, along and across."""

from dataclasses import dataclass
from math import log, pi, sqrt
from typing import Annotated

from annotated_types import Ge, Gt

from simdata import Part

INDEX = 1.38
"""Refractive index of the retina. Drexler and Fujimoto 2008, 10.1016/j.preteyeres.2007.07.005."""
EYE_FOCAL_MM = 22.3
"""Focal length of the eye inside it. Emsley's reduced eye, 60 dioptres."""


@dataclass(frozen=True, kw_only=True)
class Beam(Part):
    """Gaussian in space and in wavelength.

    wavelength_nm, bandwidth_nm: of the source, the second at half its height. waist_mm: radius on the retina in focus,
    at 1/e^2 of the intensity. defocus_d: dioptres by which the focus misses the retina.
    """

    wavelength_nm: Annotated[float, Gt(0)] = 840.0
    bandwidth_nm: Annotated[float, Gt(0)] = 50.0
    waist_mm: Annotated[float, Gt(0)] = 0.0085
    defocus_d: Annotated[float, Ge(0)] = 0.0

    @property
    def axial_mm(self) -> float:
        """Resolution in depth: 2 ln 2 / pi lambda^2 / (n width), at half the height. Fujimoto 2000."""
        return 2 * log(2) / pi * self.wavelength_nm**2 / (INDEX * self.bandwidth_nm) * 1e-6

    @property
    def radius_mm(self) -> float:
        """On the retina: w = w0 sqrt(1 + (z / z_R)^2), z_R = pi w0^2 n / lambda, at a miss z = n f^2 D."""
        miss_mm = self.defocus_d * 1e-3 * EYE_FOCAL_MM**2 / INDEX
        rayleigh_mm = pi * self.waist_mm**2 * INDEX / (self.wavelength_nm * 1e-6)
        return self.waist_mm * sqrt(1 + (miss_mm / rayleigh_mm) ** 2)
