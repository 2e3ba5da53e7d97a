"""X-rays and matter: the beam of a tungsten tube, and how strongly each tissue attenuates it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from render.properties import column, curve, rows

ELEMENTS = ("H", "C", "N", "O", "Na", "Mg", "P", "S", "Cl", "Ar", "K", "Ca", "Fe", "I")
ALUMINIUM_G_CM3 = 2.699
"""NIST X-ray mass attenuation tables, density of aluminium."""

TABLE_FILTRATION_MM_AL = 2.5
TABLE_KVP = (70, 80, 90, 100, 110, 120, 130, 140)
"""What render/tables/tube_spectra.csv holds: photons per cm2, mAs and keV at 1 m, behind this much aluminium."""


@dataclass(frozen=True, eq=False)
class Beam:
    """Photons of a tube by energy. photons_mm2_mas: per mm2 and mAs at 1 m from the focus, in each bin."""

    energy_kev: Float64[ndarray, " e"]
    photons_mm2_mas: Float64[ndarray, " e"]

    @property
    def signal(self) -> Float64[ndarray, " e"]:
        """Share of each bin in the signal of a detector that adds up energy; the shares sum to 1."""
        energy = self.energy_kev * self.photons_mm2_mas
        return energy / energy.sum()


def tube(kvp: float, filtration_mm_al: float) -> Beam:
    """The beam of a tungsten tube at `kvp` behind `filtration_mm_al` of aluminium in all.

    SpekPy 2.5.4 spectra (Bujila et al. 2020, Phys Med 75:44) every 10 kV, linear in kV between them.
    """
    energy = curve("tube_spectra", "energy_kev")
    above = min(max(int(np.searchsorted(TABLE_KVP, kvp)), 1), len(TABLE_KVP) - 1)
    low, high = TABLE_KVP[above - 1 : above + 1]
    share = (kvp - low) / (high - low)
    per_cm2 = (1 - share) * curve("tube_spectra", f"kvp_{low}") + share * curve("tube_spectra", f"kvp_{high}")
    extra_cm = (filtration_mm_al - TABLE_FILTRATION_MM_AL) / 10
    filtered = per_cm2 * np.exp(-mass_attenuation({"Al": 1.0}, energy) * ALUMINIUM_G_CM3 * extra_cm)
    return Beam(energy, np.where(energy < kvp, filtered, 0.0) / 100)


def mass_attenuation(fractions: Mapping[str, float], energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
    """mu/rho, cm2/g, of a mixture of elements given by mass fraction: the weighted sum of its elements.

    Elam, Ravel and Sieber 2002, Radiat Phys Chem 63:121; log-log between the whole keV of the table.
    """
    log_energy, grid = np.log(energy_kev), np.log(curve("mass_attenuation", "energy_kev"))
    parts = (
        fraction * np.exp(np.interp(log_energy, grid, np.log(curve("mass_attenuation", element))))
        for element, fraction in fractions.items()
    )
    return np.sum(list(parts), axis=0)


@cache
def compositions() -> Mapping[str, Mapping[str, float]]:
    """Tissue name to the mass fraction of each of its elements."""
    return {row["tissue"]: {e: float(row[e]) for e in ELEMENTS if float(row[e])} for row in rows("tissue_composition")}


def attenuation(tissue: str, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
    """Linear attenuation of `tissue`, 1/cm."""
    density = column("tissue_composition", "density_g_cm3")[tissue]
    return density * mass_attenuation(compositions()[tissue], energy_kev)
