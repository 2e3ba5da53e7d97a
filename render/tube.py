"""X-ray sources: the beam of a tube by voltage, anode and filter, all over its field; and one of a single energy."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float64
from numpy import ndarray

from render.attenuation import Beam, mass_attenuation
from render.properties import curve, rows
from simdata import Part, RecipeError

MM_PER_CM = 10
MM2_PER_CM2 = 100

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

SYMBOLS = {"tungsten": "W", "molybdenum": "Mo", "rhodium": "Rh"}
MAMMOGRAPHY_KVP = 40
"""Up to this voltage the spectra have bins of 0.5 keV, above of 1 keV."""

LEAST_DEG = 0.5
"""Less than so much above its face, an anode lets nothing out."""

FEWEST = 1e-12
"""Photons that stand for none, where a logarithm is taken."""


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
    """anode: its metal, and anode_deg the angle between its face and the middle ray. filters_mm: element to mm.

    Spectra by SpekPy 2.5.4 (Bujila et al. 2020, Phys Med 75:44) for some voltages and angles at which photons leave the
    anode, linear between them (over the angle in its 1/sin, the way out of the metal).
    """

    anode: Literal["tungsten", "molybdenum", "rhodium"] = "tungsten"
    anode_deg: Annotated[float, Ge(5), Le(24)] = 12.0
    filters_mm: Mapping[str, Annotated[float, Ge(0)]] = field(default_factory=lambda: MappingProxyType({"Al": 7.0}))

    def __post_init__(self) -> None:
        for element in self.filters_mm:
            if element not in DENSITY_G_CM3:
                raise RecipeError(
                    f"Tube: found a filter of '{element}'; one of {', '.join(DENSITY_G_CM3)}, by symbol, would do"
                )

    def beam(self, kvp: float) -> Beam:
        leaving = self._leaving(kvp, np.array([self.anode_deg]))[0]
        energy = _energy_kev(kvp)[: len(leaving)]
        per_cm = sum(
            (mm * DENSITY_G_CM3[element] * mass_attenuation({element: 1.0}, energy) / MM_PER_CM)
            for element, mm in self.filters_mm.items()
        )
        return Beam(energy, leaving * np.exp(-per_cm) / MM2_PER_CM2)

    def heel(self, kvp: float, towards_anode_rad: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        angles = self.anode_deg - np.degrees(towards_anode_rad)
        return self._leaving(kvp, angles) / self._leaving(kvp, np.array([self.anode_deg]))

    def _leaving(self, kvp: float, take_off_deg: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        """Photons per cm2 and mAs in each bin below `kvp` that leave the anode at those angles; none along its face."""
        tables = _spectra(SYMBOLS[self.anode], kvp <= MAMMOGRAPHY_KVP)
        voltages = sorted(tables)
        if not voltages or not voltages[0] <= kvp <= voltages[-1]:
            raise RecipeError(f"Tube: found {kvp:g} kVp on an anode of {self.anode}; {_range(self.anode)} would do")
        above = min(max(int(np.searchsorted(voltages, kvp)), 1), len(voltages) - 1)
        low, high = voltages[above - 1 : above + 1]
        share = (kvp - low) / (high - low)
        inside = _energy_kev(kvp) < kvp
        way = 1 / np.sin(np.radians(np.maximum(take_off_deg, LEAST_DEG)))
        out = sum(
            weight * np.exp(_between(way, tables[voltage][:, inside]))
            for weight, voltage in ((1 - share, low), (share, high))
        )
        return np.where((take_off_deg > LEAST_DEG)[:, None], out, 0.0)


@dataclass(frozen=True, kw_only=True)
class Monochromatic(XRaySource):
    """Photons of one energy, as a synchrotron has them: no beam hardening. The voltage is of no account.

    photons_mm2_mas: per mm2 and mAs at 1 m; as many as a tube's at 120 kVp behind 7 mm of aluminium.
    """

    kev: Annotated[float, Ge(5), Le(150)] = 70.0
    photons_mm2_mas: Annotated[float, Gt(0)] = 1.3e6

    def beam(self, kvp: float) -> Beam:
        return Beam(np.array([self.kev]), np.array([self.photons_mm2_mas]))

    def heel(self, kvp: float, towards_anode_rad: Float64[ndarray, " n"]) -> Float64[ndarray, "n e"]:
        return np.ones((len(towards_anode_rad), 1))


@cache
def _spectra(symbol: str, mammography: bool) -> Mapping[float, Float64[ndarray, "angles e"]]:
    """Voltage to the log of photons per cm2 and mAs in each bin, a row for each of `_angles_deg`."""
    table = _table(mammography)
    columns = [name for name in rows(table)[0] if name.startswith(f"{symbol}_")]
    voltages = sorted({int(name.split("_")[1]) for name in columns})
    return {
        float(kvp): np.log([np.maximum(curve(table, f"{symbol}_{kvp}_{deg:g}"), FEWEST) for deg in _angles_deg()])
        for kvp in voltages
    }


@cache
def _angles_deg() -> tuple[float, ...]:
    """At which the tables know what leaves the anode."""
    return tuple(sorted({float(name.split("_")[2]) for name in rows("spectra_general")[0] if name.startswith("W_")}))


def _between(way: Float64[ndarray, " n"], logs: Float64[ndarray, "angles e"]) -> Float64[ndarray, "n e"]:
    """The log of photons after such a way through the anode, in its own depth; linear, and on beyond the table."""
    known = 1 / np.sin(np.radians(_angles_deg()))[::-1]
    above = np.clip(np.searchsorted(known, way), 1, len(known) - 1)
    share = ((way - known[above - 1]) / (known[above] - known[above - 1]))[:, None]
    turned = logs[::-1]
    return (1 - share) * turned[above - 1] + share * turned[above]


def _energy_kev(kvp: float) -> Float64[ndarray, " e"]:
    return curve(_table(kvp <= MAMMOGRAPHY_KVP), "energy_kev")


def _table(mammography: bool) -> str:
    return "spectra_mammography" if mammography else "spectra_general"


def _range(anode: str) -> str:
    voltages = sorted({*_spectra(SYMBOLS[anode], True), *_spectra(SYMBOLS[anode], False)})
    return f"{voltages[0]:g} to {voltages[-1]:g} kVp"
