"""The calibration of a CT scanner: from photons to the path through water that leaves as many."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.kernels.detect import water_path

LONGEST_PATH_MM = 1500.0
LEAST_PATH_MM = -100.0
"""Noise in air may leave more photons than the blank scan had."""

STEPS = 4096
FEWEST_PHOTONS = 1.0
"""A lower count, down to none (photon starvation), is taken for this."""

TYPICAL_PATH_MM = 200.0
"""Through water, at which a scanner without correction for beam hardening is right."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """path: (columns, t) mm of water at attenuation first, first + step, ... of each column of the detector."""

    path: Float64[ndarray, "columns t"]
    first: float
    step: float

    @classmethod
    def water(cls, across: Float64[ndarray, "columns e"], per_mm: Float64[ndarray, " e"]) -> "Calibration":
        """Measured on water: any thickness reads as that thickness, so that water shows no cupping.

        across: photons of each energy at each column. per_mm: 1/mm of water at these energies.
        """
        thickness = np.linspace(LEAST_PATH_MM, LONGEST_PATH_MM, STEPS)
        shares, place = np.unique(across / across.sum(axis=1, keepdims=True), axis=0, return_inverse=True)
        attenuation = -np.log(shares @ np.exp(-np.outer(per_mm, thickness)))
        even, step = np.linspace(attenuation[:, 0].max(), attenuation[:, -1].min(), STEPS, retstep=True)
        path = np.stack([np.interp(even, one, thickness) for one in attenuation])
        return cls(path[place.reshape(-1)], float(even[0]), float(step))

    @classmethod
    def linear(cls, across: Float64[ndarray, "columns e"], per_mm: Float64[ndarray, " e"]) -> "Calibration":
        """Without correction for beam hardening: right at a typical thickness alone, so that water shows cupping."""
        left = (across / across.sum(axis=1, keepdims=True)) @ np.exp(-per_mm * TYPICAL_PATH_MM)
        mm = TYPICAL_PATH_MM / -np.log(left)
        ends = np.array([LEAST_PATH_MM, LONGEST_PATH_MM]) / mm.mean()
        return cls(np.outer(mm, ends), float(ends[0]), float(ends[1] - ends[0]))

    def path_mm(
        self,
        photons: Float32[ndarray, "views columns rows"],
        blank: Float32[ndarray, "columns rows"],
        output: Float64[ndarray, " outputs"],
    ) -> Float32[ndarray, "views columns rows"]:
        """The path through water, mm, that each count tells of. output: of the tube in each view, or one for all."""
        output = np.array(np.broadcast_to(output, len(photons)))
        out = np.empty(photons.shape, np.float32)
        water_path(photons, blank, output, FEWEST_PHOTONS, self.path, self.first, self.step, out)
        return out
