"""The water calibration of a CT scanner: from photons to the path through water that leaves as many."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.kernels.detect import water_path
from render.materials import MATERIALS, WATER, Spectrum

LONGEST_PATH_MM = 1500.0
LEAST_PATH_MM = -100.0
"""Noise in air may leave more photons than the blank scan had."""

STEPS = 8192
FEWEST_PHOTONS = 1.0
"""A lower count, down to none (photon starvation), is taken for this."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Water of any thickness reads as that thickness, so that it shows no cupping (beam-hardening correction).

    path: mm of water at attenuation first, first + step, ... blank: photons of a scan of air.
    """

    blank: float
    path: Float64[ndarray, " t"]
    first: float
    step: float

    @classmethod
    def of(cls, spectrum: Spectrum, blank: float) -> "Calibration":
        """Measured on water from no to 1.5 m thickness."""
        thickness = np.linspace(LEAST_PATH_MM, LONGEST_PATH_MM, STEPS)
        path = np.zeros((STEPS, len(MATERIALS)))
        path[:, WATER] = thickness
        attenuation = -np.log(spectrum.transmission(path))
        even, step = np.linspace(attenuation[0], attenuation[-1], STEPS, retstep=True)
        return cls(blank, np.interp(even, attenuation, thickness), float(even[0]), float(step))

    def path_mm(self, photons: Float32[ndarray, "views n z"]) -> Float32[ndarray, "views n z"]:
        """The path through water, mm, that each count tells of."""
        out = np.empty(photons.shape, np.float32)
        water_path(np.ascontiguousarray(photons), self.blank, FEWEST_PHOTONS, self.path, self.first, self.step, out)
        return out
