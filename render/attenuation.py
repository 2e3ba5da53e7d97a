"""X-rays and matter: how strongly each element, and each tissue, attenuates photons of each energy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray

from render.properties import column, curve, rows
from simdata import RecipeError
from simdata.errors import did_you_mean

FAINT = 1e-7
"""Share of a beam's photons below which a bin holds none: what stands for tissues and metals fits lit bins alone."""


@dataclass(frozen=True, eq=False)
class Beam:
    """Photons by energy. photons_mm2_mas: per mm2 and mAs at 1 m from the focus, in each bin."""

    energy_kev: Float64[ndarray, " e"]
    photons_mm2_mas: Float64[ndarray, " e"]

    @property
    def signal(self) -> Float64[ndarray, " e"]:
        """Share of each bin in the signal of a detector that adds up energy; the shares sum to 1."""
        energy = self.energy_kev * self.photons_mm2_mas
        return energy / energy.sum()

    @property
    def lit(self) -> Bool[ndarray, " e"]:
        """The bins that hold photons."""
        return self.photons_mm2_mas > FAINT * self.photons_mm2_mas.sum()


def together(beams: Sequence[Beam]) -> Beam:
    """All photons of several beams."""
    energy_kev, photons = (np.concatenate(values) for values in zip(*map(_bins, beams), strict=True))
    return Beam(energy_kev, photons)


def elements() -> tuple[str, ...]:
    """Those whose attenuation is known."""
    return tuple(name for name in rows("mass_attenuation")[0] if name not in ("energy_kev", "source"))


def mass_attenuation(fractions: Mapping[str, float], energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
    """mu/rho, cm2/g, of a mixture of elements given by mass fraction: the weighted sum of its elements.

    Elam, Ravel and Sieber 2002, Radiat Phys Chem 63:121; log-log between the rows of the table, which has both sides
    of each edge. Raises RecipeError for an element or an energy that the table has not.
    """
    if unknown := [element for element in fractions if element not in elements()]:
        raise RecipeError(f"X-rays: no element is called '{unknown[0]}'; {did_you_mean(unknown[0], elements())}")
    table_kev = curve("mass_attenuation", "energy_kev")
    if energy_kev.min() < table_kev[0] or energy_kev.max() > table_kev[-1]:
        raise RecipeError(
            f"X-rays: found energies of {energy_kev.min():g} to {energy_kev.max():g} keV; "
            f"{table_kev[0]:g} to {table_kev[-1]:g} keV would do"
        )
    log_energy, log_table = np.log(energy_kev), np.log(table_kev)
    parts = (
        fraction * np.exp(np.interp(log_energy, log_table, np.log(curve("mass_attenuation", element))))
        for element, fraction in fractions.items()
    )
    return np.sum(list(parts), axis=0)


@cache
def atoms() -> Mapping[str, tuple[float, float]]:
    """Element to its electrons and g/mol."""
    return MappingProxyType({row["element"]: (float(row["electrons"]), float(row["g_mol"])) for row in rows("atoms")})


@cache
def compositions() -> Mapping[str, Mapping[str, float]]:
    """Tissue name to the mass fraction of each of its elements."""
    return MappingProxyType({row["tissue"]: _fractions(row["mass_fractions"]) for row in rows("tissue_composition")})


def attenuation(tissue: str, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
    """Linear attenuation of `tissue`, 1/cm."""
    density = column("tissue_composition", "density_g_cm3")[tissue]
    return density * mass_attenuation(compositions()[tissue], energy_kev)


def _fractions(text: str) -> Mapping[str, float]:
    """Of "H 0.112 O 0.888"."""
    words = text.split()
    return {element: float(share) for element, share in zip(words[::2], words[1::2], strict=True)}


def _bins(beam: Beam) -> tuple[Float64[ndarray, " e"], Float64[ndarray, " e"]]:
    return beam.energy_kev, beam.photons_mm2_mas
