"""The X-ray source of a scanner: the beam of its tube, as the detector weighs it, and how many photons reach it."""

from dataclasses import dataclass
from functools import cache

from render.attenuation import Beam, tube
from render.materials import Spectrum, binned, spectrum

DETECTION_EFFICIENCY = 0.5
"""Share of the photons that a detector makes use of: fill 0.81 (XCIST), the rest absorption and light (assumed)."""

TUBE_TABLE_MM = 1000.0
"""Distance from the focus at which the tube's photons are tabulated."""


@dataclass(frozen=True, eq=False)
class Source:
    """beam: photons by energy. spectrum: its shares of the signal, in few bins."""

    beam: Beam
    spectrum: Spectrum

    def photons(self, distance_mm: float, area_mm2: float, mas: float) -> float:
        """Photons counted on so much of a detector that far away behind air: thinned by the distance squared."""
        per_mm2 = self.beam.photons_mm2_mas.sum() * (TUBE_TABLE_MM / distance_mm) ** 2
        return float(DETECTION_EFFICIENCY * per_mm2 * area_mm2 * mas)


@cache
def source(kvp: float, filtration_mm_al: float) -> Source:
    """A tungsten tube at `kvp` behind `filtration_mm_al` of aluminium in all."""
    beam = tube(kvp, filtration_mm_al)
    return Source(beam, binned(spectrum(beam)))
