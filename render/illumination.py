"""What a detector receives of a beam in air, element by element and energy by energy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.bowtie import Bowtie
from render.detector import Channel
from render.materials import ENERGY_BINS, Spectrum, bins_of, per_mm
from render.technique import Technique
from render.views import Arc, Panel

TUBE_TABLE_MM = 1000.0
"""Distance from the focus at which the tube's photons are tabulated."""


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
        """In few bins, each with its mean attenuation over the whole detector; K edges lie between bins."""
        across, signal = self.across.sum(axis=0), self.spectrum.signal
        bin = bins_of(signal, self.per_mm, bins)
        into = np.zeros((len(signal), bin.max() + 1))
        into[np.arange(len(signal)), bin] = 1
        into = into[:, into.T @ signal > 0]

        def mean(table: Float64[ndarray, "n e"], weight: Float64[ndarray, " e"]) -> Float64[ndarray, "n bins"]:
            return (table * weight) @ into / (weight @ into)

        return Illumination(self.across @ into, mean(self.along, across), mean(self.per_mm, signal))


def illumination(
    channel: Channel,
    technique: Technique,
    bowtie: Bowtie | None,
    plane: Panel | Arc,
    distance_mm: float,
    materials: Sequence[int],
) -> Illumination:
    """What `plane`, that far from the focus, receives of an exposure; the anode lies towards the last row.

    Thinned by the distance squared and by how askew rays meet the plane: cos^3, taken across and along one by one.
    """
    middle = plane.outline(distance_mm)
    x, forward = ((middle[:-1] + middle[1:]) / 2).T
    up = plane.row_mm * (np.arange(plane.rows) - (plane.rows - 1) / 2)
    fan_rad, rise_rad = np.arctan2(x, forward), np.arctan2(up, distance_mm)

    in_the_middle = channel.photons_mm2_mas * technique.mas * (TUBE_TABLE_MM / distance_mm) ** 2
    askew = np.cos(fan_rad) ** 3 if isinstance(plane, Panel) else np.ones_like(fan_rad)
    across = in_the_middle * plane.column_mm * plane.row_mm * askew[:, None]
    if bowtie:
        across = across * bowtie.transmission(fan_rad, channel.energy_kev)
    along = np.cos(rise_rad)[:, None] ** 3 * technique.tube.heel(technique.kvp, rise_rad)
    return Illumination(across, along, per_mm(materials, channel.energy_kev))
