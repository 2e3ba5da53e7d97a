"""X-ray detectors: what they make of each photon that arrives."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float64
from numpy import ndarray
from scipy.special import ndtr

from render.attenuation import Beam
from render.properties import curve
from render.units import MM_PER_CM
from simdata import Part, RecipeError

FWHM_PER_SD = 2 * np.sqrt(2 * np.log(2))

DARK = 1e-6
"""Share of the photons below which a bin counts none."""

Absorber = Literal["gos", "csi", "selenium", "cdte", "silicon"]
"""What stops the photons: a column of render/tables/absorbers.csv."""


@dataclass(frozen=True, eq=False)
class Channel:
    """One signal of a detector behind a beam in air, counted in photons.

    energy_kev: (e,). photons_mm2_mas: (e,) what photons of each energy bring, at 1 m from the focus. unit_kev: the
    energy that counts as one photon.
    """

    energy_kev: Float64[ndarray, " e"]
    photons_mm2_mas: Float64[ndarray, " e"]
    unit_kev: float


@dataclass(frozen=True, kw_only=True)
class Detector(Part, ABC):
    """absorber: what stops the photons, absorber_mm thick. fill: share of the detector that is sensitive."""

    absorber: Absorber = "gos"
    absorber_mm: Annotated[float, Gt(0)] = 1.4
    fill: Annotated[float, Gt(0), Le(1)] = 0.81

    @abstractmethod
    def channels(self, beam: Beam) -> tuple[Channel, ...]:
        """The signals that it makes of `beam`."""

    def stopped(self, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
        """Share of the photons of each energy that it stops: fill (1 - exp(-mu thickness))."""
        log_mu = np.interp(np.log(energy_kev), np.log(curve("absorbers", "energy_kev")), _log_mu(self.absorber))
        return self.fill * -np.expm1(-np.exp(log_mu) * self.absorber_mm / MM_PER_CM)


@dataclass(frozen=True, kw_only=True)
class EnergyIntegrating(Detector):
    """Adds up the energy of all photons, as scintillators (CT 1.4 mm Gd2O2S, radiography 0.6 mm CsI) and selenium do.

    It counts in photons of the energy <E^2>/<E>, so that a Poisson number of them varies as the sum of energies does:
    that is a compound Poisson number, Swank 1973, J Appl Phys 44:4199. Behind a patient, where the beam is harder, the
    variance comes out some percent too low.
    Fill 0.81: XCIST, evaluation/cfg/Scanner_Default.cfg.
    """

    def channels(self, beam: Beam) -> tuple[Channel, ...]:
        stopped = beam.photons_mm2_mas * self.stopped(beam.energy_kev)
        unit = float(stopped @ beam.energy_kev**2 / (stopped @ beam.energy_kev))
        return (Channel(beam.energy_kev, stopped * beam.energy_kev / unit, unit),)


@dataclass(frozen=True, kw_only=True)
class PhotonCounting(Detector):
    """Counts photons one by one, in bins that begin at each of `thresholds_kev`; the last is open above.

    A photon's pulse is its energy, blurred to `fwhm_kev`; a share `shared` of the photons loses charge to a neighbour
    or as fluorescence, and gives a pulse of any height up to its own. The default is a cadmium telluride
    detector: 1.6 mm thick, thresholds of 20, 35, 65 and 70 keV of a clinical scanner (Rajendran et al. 2022, Radiology
    303:130), 6 keV resolution; the shared quarter is assumed.
    """

    absorber: Absorber = "cdte"
    absorber_mm: Annotated[float, Gt(0)] = 1.6
    thresholds_kev: tuple[Annotated[float, Gt(0)], ...] = (20.0, 35.0, 65.0, 70.0)
    fwhm_kev: Annotated[float, Gt(0)] = 6.0
    shared: Annotated[float, Ge(0), Le(1)] = 0.25

    def __post_init__(self) -> None:
        if not self.thresholds_kev or any(above <= below for below, above in pairwise(self.thresholds_kev)):
            raise RecipeError(
                f"PhotonCounting: found thresholds_kev {list(self.thresholds_kev)}; one or more, ascending, would do"
            )

    def channels(self, beam: Beam) -> tuple[Channel, ...]:
        stopped = beam.photons_mm2_mas * self.stopped(beam.energy_kev)
        above = [self._above(threshold, beam.energy_kev) for threshold in self.thresholds_kev]
        bins = [low - high for low, high in pairwise([*above, np.zeros_like(beam.energy_kev)])]
        if dark := [
            t for t, bin in zip(self.thresholds_kev, bins, strict=True) if stopped @ bin < DARK * stopped.sum()
        ]:
            raise RecipeError(
                f"PhotonCounting: no photon of a beam up to {beam.energy_kev.max():.0f} keV is counted from "
                f"{dark[0]:.0f} keV on; lower thresholds_kev would do"
            )
        counts = [stopped * bin for bin in bins]
        return tuple(Channel(beam.energy_kev, n, float(n @ beam.energy_kev / n.sum())) for n in counts)

    def _above(self, threshold_kev: float, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
        """Share of the photons of each energy whose pulse is higher than a threshold."""
        whole = ndtr((energy_kev - threshold_kev) / (self.fwhm_kev / FWHM_PER_SD))
        partly = np.clip(1 - threshold_kev / energy_kev, 0, 1)
        return (1 - self.shared) * whole + self.shared * partly


def _log_mu(absorber: Absorber) -> Float64[ndarray, " n"]:
    return np.log(curve("absorbers", absorber))
