"""How matter scatters X-rays: its cross-sections, and the angles that they favour, from the form factors of its atoms.

Rayleigh scatter leaves a photon its energy: r_e^2 / 2 (1 + cos^2 a) F(x)^2 per steradian and atom. Compton scatter is
Klein and Nishina's times S(x), which takes the electrons as bound but at rest (no Doppler broadening). In both
x = sin(a / 2) / wavelength; atoms scatter each on its own (no interference between molecules).
Hubbell et al. 1975, J Phys Chem Ref Data 4:471.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from render.attenuation import atoms, mass_attenuation
from render.properties import curve

FIRST_KEV, LAST_KEV = 5.0, 150.0
ENERGY_KEV = np.arange(FIRST_KEV, LAST_KEV + 1)
"""Between which energies scatter is told."""

ELECTRON_KEV = 510.99895
KEV_ANGSTROM = 12.398420
ELECTRON_RADIUS2_MOLE = (2.8179403e-13) ** 2 * 6.02214076e23
"""CODATA 2018: energy of an electron at rest; energy of a photon times its wavelength; r_e^2 of a mole, cm2."""

PER_ANGSTROM = np.concatenate([[0.0], np.geomspace(1e-3, ENERGY_KEV[-1] / KEV_ANGSTROM * 1.001, 399)])
"""x at which the angles are tabulated: from straight on to straight back at the highest energy."""

ANGLES = 2000
"""Steps in which cross-sections are integrated."""


@dataclass(frozen=True, eq=False)
class Matter:
    """Mixtures of elements as X-rays see them. total, rayleigh, compton: cm2/g at each of ENERGY_KEV.

    electrons: moles per gram. At each of PER_ANGSTROM: form: F^2, moles per gram times electrons squared; sampled: its
    integral over x^2; bound: S over what it would be if all electrons were free.
    """

    total: Float64[ndarray, "m e"]
    rayleigh: Float64[ndarray, "m e"]
    compton: Float64[ndarray, "m e"]
    form: Float64[ndarray, "m x"]
    sampled: Float64[ndarray, "m x"]
    bound: Float64[ndarray, "m x"]
    electrons: Float64[ndarray, " m"]

    @classmethod
    def of(cls, mixtures: Sequence[Mapping[str, float]]) -> "Matter":
        """Mixtures by mass fraction of their elements."""
        form, incoherent, electrons, total = (np.array(rows) for rows in zip(*map(_atoms, mixtures), strict=True))
        x2 = PER_ANGSTROM**2
        steps = np.diff(x2) * (form[:, 1:] + form[:, :-1]) / 2
        sampled = np.concatenate([np.zeros((len(form), 1)), np.cumsum(steps, axis=1)], axis=1)
        rayleigh, compton = (
            ELECTRON_RADIUS2_MOLE * np.array([[integral(curve, kev) for kev in ENERGY_KEV] for curve in curves])
            for integral, curves in ((_rayleigh, form), (_compton, incoherent))
        )
        total = np.maximum(total, rayleigh + compton)
        return cls(total, rayleigh, compton, form, sampled, incoherent / electrons[:, None], electrons)


def _atoms(
    fractions: Mapping[str, float],
) -> tuple[Float64[ndarray, " x"], Float64[ndarray, " x"], float, Float64[ndarray, " e"]]:
    """Sums over a mole of atoms a gram: F^2, S, electrons; and attenuation, cm2/g."""
    moles = {element: fraction / atoms()[element][1] for element, fraction in fractions.items()}
    form = np.sum([n * _spread("form_factors", element) ** 2 for element, n in moles.items()], axis=0)
    incoherent = np.sum([n * _spread("incoherent_scattering", element) for element, n in moles.items()], axis=0)
    electrons = sum(n * atoms()[element][0] for element, n in moles.items())
    return form, incoherent, electrons, mass_attenuation(fractions, ENERGY_KEV)


def _spread(table: str, element: str) -> Float64[ndarray, " x"]:
    """A column of a table of x at PER_ANGSTROM: as x^2 near 0, then log-log."""
    x, values = curve(table, "x_per_angstrom"), curve(table, element)
    far = np.exp(np.interp(np.log(np.maximum(PER_ANGSTROM, x[1])), np.log(x[1:]), np.log(values[1:])))
    near = values[0] + (values[1] - values[0]) * (PER_ANGSTROM / x[1]) ** 2
    return np.where(x[1] > PER_ANGSTROM, near, far)


def _angles(kev: float) -> tuple[Float64[ndarray, " n"], Float64[ndarray, " n"], float]:
    """Middles of steps from straight on to straight back, fine where straight on: x, cos a, and 1/A straight back."""
    back = kev / KEV_ANGSTROM
    x = back * ((np.arange(ANGLES) + 0.5) / ANGLES) ** 2
    return x, 1 - 2 * (x / back) ** 2, back


def _solid_angle(x: Float64[ndarray, " n"], back: float) -> Float64[ndarray, " n"]:
    """Steradians of each step: 2 pi d(cos a) = 8 pi x dx / back^2, with dx = 2 sqrt(x back) / n."""
    return 8 * np.pi * x / back**2 * 2 * np.sqrt(x * back) / ANGLES


def _rayleigh(form: Float64[ndarray, " x"], kev: float) -> float:
    """Cross-section over r_e^2."""
    x, cosine, back = _angles(kev)
    return float((np.interp(x, PER_ANGSTROM, form) * (1 + cosine**2) / 2 * _solid_angle(x, back)).sum())


def _compton(incoherent: Float64[ndarray, " x"], kev: float) -> float:
    """Cross-section over r_e^2. Klein and Nishina 1929: r_e^2 / 2 e^2 (e + 1/e - sin^2 a) per steradian."""
    x, cosine, back = _angles(kev)
    left = 1 / (1 + kev / ELECTRON_KEV * (1 - cosine))
    free = left**2 * (left + 1 / left - 1 + cosine**2) / 2
    return float((np.interp(x, PER_ANGSTROM, incoherent) * free * _solid_angle(x, back)).sum())
