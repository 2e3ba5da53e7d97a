"""X-ray sources: the beam of a tube by voltage, anode and filter, all over its field; and one of a single energy."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float64
from numpy import ndarray
from scipy.interpolate import CubicSpline

from render.attenuation import Beam, attenuation, compositions, mass_attenuation
from render.properties import curve, rows
from render.units import MM_PER_CM
from simdata import Part, RecipeError
from simdata.errors import did_you_mean

DENSITY_G_CM3 = {
    "Be": 1.848,
    "Al": 2.699,
    "Ti": 4.54,
    "Cu": 8.96,
    "Mo": 10.22,
    "Rh": 12.41,
    "Ag": 10.5,
    "Sn": 7.31,
    "Gd": 7.9,
    "W": 19.3,
    "Au": 19.32,
    "Pb": 11.35,
}
"""What filters are made of. NIST, X-ray mass attenuation coefficients, table 1."""

FEWEST = 1e-12
"""Photons that stand for none, where a logarithm is taken."""

RISE = 0.8
"""Photons of one energy grow as this power of what the voltage is above it: fits SpekPy's from 30 to 150 kVp."""


@dataclass(frozen=True, kw_only=True)
class XRaySource(Part, ABC):
    """focal_spot_mm: width and height as seen from the middle of the detector."""

    focal_spot_mm: tuple[Annotated[float, Ge(0)], Annotated[float, Ge(0)]] = (1.0, 1.0)

    @abstractmethod
    def beam(self, kvp: float) -> Beam:
        """What it sends along the middle ray. Raises RecipeError for a voltage that it cannot have."""

    @abstractmethod
    def heel(self, kvp: float, towards_anode_rad: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        """What it sends to the side of its anode (positive) or cathode, in parts of the middle ray."""


@dataclass(frozen=True, kw_only=True)
class Tube(XRaySource):
    """anode: its metal, and anode_deg the angle between its face and the middle ray.

    filters_mm: thickness of what the beam goes through, an element ("Al", "Rh") or a tissue or material ("air",
    "pmma"). Filters are close to the focus and as thick for every ray.
    Spectra of bare anodes: SpekPy 2.5.4, casim (Bujila et al. 2020, Phys Med 75:44). As there, a ray towards the anode
    is the middle ray of a tube whose anode_deg is so much less. Raises RecipeError for a filter that is not known.
    """

    anode: Literal["tungsten", "molybdenum", "rhodium"] = "tungsten"
    anode_deg: Annotated[float, Ge(4), Le(30)] = 12.0
    filters_mm: Mapping[str, Annotated[float, Ge(0)]] = field(default_factory=lambda: {"Al": 7.0})

    def __post_init__(self) -> None:
        for name in self.filters_mm:
            if name not in DENSITY_G_CM3 and name not in compositions():
                would_do = did_you_mean(name, [*DENSITY_G_CM3, *compositions()])
                raise RecipeError(f"Tube: found a filter of '{name}'; {would_do}")

    def beam(self, kvp: float) -> Beam:
        leaving = self._leaving(kvp, np.array([self.anode_deg]))[0]
        energy = _energy_kev(self.anode, kvp)
        taken = sum((mm * _per_mm(name, energy) for name, mm in self.filters_mm.items()), np.zeros_like(energy))
        return Beam(energy, leaving * np.exp(-taken))

    def heel(self, kvp: float, towards_anode_rad: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        angles = self.anode_deg - np.degrees(towards_anode_rad)
        return self._leaving(kvp, angles) / self._leaving(kvp, np.array([self.anode_deg]))

    def _leaving(self, kvp: float, take_off_deg: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        """Photons per mm2 and mAs in each bin below `kvp` that leave the anode at those angles to its face.

        Below the least angle of the table they go to none in proportion to it, as the depth does that they come from.
        """
        least, most = _angles_deg(self.anode)[[0, -1]]
        known = np.exp(_by_angle(self.anode, float(kvp))(np.log(np.clip(take_off_deg, least, most))))
        return known * np.clip(take_off_deg / least, 0, 1)[:, None]


@dataclass(frozen=True, kw_only=True)
class Monochromatic(XRaySource):
    """Photons of one energy, as a synchrotron has them: no beam hardening. The voltage is of no account.

    photons_mm2_mas: per mm2 and mAs at 1 m; as many as a tube's at 120 kVp behind 7 mm of aluminium.
    """

    kev: Annotated[float, Ge(5), Le(150)] = 70.0
    photons_mm2_mas: Annotated[float, Gt(0)] = 2.1e6

    def beam(self, kvp: float) -> Beam:
        return Beam(np.array([self.kev], float), np.array([self.photons_mm2_mas], float))

    def heel(self, kvp: float, towards_anode_rad: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        return np.ones((len(towards_anode_rad), 1))


def _per_mm(filter: str, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
    """Attenuation of what a filter is made of."""
    if filter in DENSITY_G_CM3:
        return DENSITY_G_CM3[filter] * mass_attenuation({filter: 1.0}, energy_kev) / MM_PER_CM
    return attenuation(filter, energy_kev) / MM_PER_CM


@cache
def _by_angle(anode: str, kvp: float) -> CubicSpline:
    """The log of photons at `kvp` over the log of the angle at which they leave.

    Photons of one energy become more as RISE, from none where the voltage just gives it to them.
    """
    voltages = _voltages(anode)
    if not voltages[0] <= kvp <= voltages[-1]:
        would_do = f"{voltages[0]:g} to {voltages[-1]:g} kVp would do"
        raise RecipeError(f"Tube: found {kvp:g} kVp on an anode of {anode}; {would_do}")
    above = max(int(np.searchsorted(voltages, kvp)), 1)
    low, high = voltages[above - 1 : above + 1]
    energy = _energy_kev(anode, kvp)
    after_low, after_kvp, after_high = (np.maximum(kv - energy, 0) ** RISE for kv in (low, kvp, high))
    share = (after_kvp - after_low) / (after_high - after_low)
    photons = [
        (1 - share) * _column(anode, low, angle, len(energy)) + share * _column(anode, high, angle, len(energy))
        for angle in _angles_deg(anode)
    ]
    return CubicSpline(np.log(_angles_deg(anode)), np.log(np.maximum(photons, FEWEST)))


def _column(anode: str, kv: float, angle_deg: float, bins: int) -> Float64[ndarray, " e"]:
    return curve(f"tube_{anode}", f"{kv:g}kv_{angle_deg:g}deg")[:bins]


@cache
def _voltages(anode: str) -> Float64[ndarray, " v"]:
    return np.unique([float(name.partition("kv_")[0]) for name in _columns(anode)])


@cache
def _angles_deg(anode: str) -> Float64[ndarray, " a"]:
    """Between the face of the anode and the photons that leave it."""
    return np.unique([float(name.partition("kv_")[2].removesuffix("deg")) for name in _columns(anode)])


def _columns(anode: str) -> list[str]:
    return [name for name in rows(f"tube_{anode}")[0] if name.endswith("deg")]


def _energy_kev(anode: str, kvp: float) -> Float64[ndarray, " e"]:
    """Middles of the bins below `kvp`."""
    energy = curve(f"tube_{anode}", "energy_kev")
    return energy[energy < kvp]
