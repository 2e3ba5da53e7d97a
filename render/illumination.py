"""What a detector receives of a beam in air, element by element and energy by energy."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.materials import Spectrum

ENERGY_BINS = 14
"""Bins of equal signal that stand for a whole spectrum: within 0.25 % of its attenuation by water and bone."""


@dataclass(frozen=True, eq=False)
class Illumination:
    """across: (columns, e) photons of each energy in each column. along: (rows, e) what a row has of these.

    per_mm: (m, e) attenuation of each material of 1 g/cm3, 1/mm.
    """

    across: Float64[ndarray, "columns e"]
    along: Float64[ndarray, "rows e"]
    per_mm: Float64[ndarray, "m e"]

    @property
    def blank(self) -> Float32[ndarray, "columns rows"]:
        """Photons at each element of a scan of air."""
        return (self.across @ self.along.T).astype(np.float32)

    @property
    def spectrum(self) -> Spectrum:
        """Of the whole detector: the share of each energy in its signal."""
        signal = self.across.sum(axis=0) * self.along.sum(axis=0)
        return Spectrum(signal / signal.sum(), self.per_mm)

    def binned(self, bins: int = ENERGY_BINS) -> "Illumination":
        """In bins of equal signal of the whole detector, each with its mean attenuation."""
        across, along = self.across.sum(axis=0), self.along.sum(axis=0)
        signal = across * along
        middle = np.cumsum(signal) - signal / 2
        into = np.zeros((len(signal), bins))
        into[np.arange(len(signal)), np.minimum((middle / signal.sum() * bins).astype(int), bins - 1)] = 1
        into = into[:, into.T @ signal > 0]

        def mean(table: Float64[ndarray, "n e"], weight: Float64[ndarray, " e"]) -> Float64[ndarray, "n bins"]:
            return (table * weight) @ into / (weight @ into)

        return Illumination(self.across @ into, mean(self.along, across), mean(self.per_mm, signal))
