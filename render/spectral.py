"""Dual-energy and spectral CT: what the patient is made of, from two channels of photons or more.

Alvarez and Macovski 1976, Phys Med Biol 21:733. `decompose` finds the materials along every ray, with the whole
spectrum of each channel, so that beams do not harden; `decompose_images` finds them in two images. What a radiologist
asks of the materials are the parts below: an image as if of one energy, a map of iodine, one without it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32, Float64, Int16
from numpy import ndarray

from render.attenuation import Beam, compositions
from render.illumination import Illumination
from render.kernels.decompose import likeliest
from render.materials import MATERIALS, MG_PER_G, WATER, Spectrum, spectrum
from render.properties import rows
from simdata import Part, RecipeError, SceneError

Material = Literal["water", "bone", "iodine"]
"""Of render.materials, each an amount in g/cm3."""

PLAUSIBLE_G_CM3_MM: Mapping[Material, float] = {"water": 2000.0, "bone": 1000.0, "iodine": 20.0}
"""What rays hardly go through more of, a standard deviation: 2 m of water, a metre of 20 mg/ml. Those that are starved
of photons feel it; they would be endless."""

TISSUES: Mapping[Material, str] = {"water": "water", "bone": "cortical_bone"}
"""Whose elements two of the materials have; the third is an element."""

WATER_MM = 200.0
"""Of a patient, behind which a beam is as hard as it is in the middle of an image."""

HU_LIMITS = (-32768, 32767)


def decompose(
    photons: Float32[ndarray, "channels views columns rows"],
    light: Sequence[Illumination],
    materials: Sequence[Material] = ("water", "iodine"),
    output: Float64[ndarray, " views"] | None = None,
) -> Float32[ndarray, "m views columns rows"]:
    """g/cm3 times mm of each material along every ray: the most likely ones, of as many or fewer than channels.

    light: what each channel receives in air; output: relative to that, by view, where the current is modulated.
    A channel's photons are a Poisson number. Schlomka et al. 2008, Phys Med Biol 53:4031, eq. 8.
    Raises RecipeError if materials are more than channels, unknown or named twice, SceneError if the photons do not
    belong to the channels, or are negative or not finite, or if an element is dark even in air.
    """
    channels, views, columns, height = photons.shape
    found = [(one.across.shape[0], one.along.shape[0]) for one in light]
    if found != [(columns, height)] * channels:
        raise SceneError(
            f"decompose: found {channels} channels of {columns} columns and {height} rows, and light for "
            f"{', '.join(f'{c} x {r}' for c, r in found) or 'none'}; the light of every channel would do"
        )
    if (
        not 1 <= len(materials) <= channels
        or len(set(materials)) < len(materials)
        or not set(materials) <= {*MATERIALS}
    ):
        raise RecipeError(
            f"decompose: found {', '.join(materials) or 'no materials'} for {channels} channels; different ones of "
            f"{', '.join(MATERIALS)}, as many as channels or fewer, would do"
        )
    if not (np.isfinite(photons).all() and (photons >= 0).all()):
        raise SceneError("decompose: found photons that are negative or not finite; counts from 0 on would do")
    even = np.ones(views) if output is None else np.asarray(output, float)
    if not (even > 0).all() or not all((one.blank > 0).all() for one in light):
        raise SceneError("decompose: in some element or view there is no light in air; some in each would do")

    which = [MATERIALS.index(material) for material in materials]
    across, along = (_together([getattr(one, name) for one in light]) for name in ("across", "along"))
    per_mm = _together([one.per_mm[which] for one in light])
    doubt = np.array([PLAUSIBLE_G_CM3_MM[material] ** -2 for material in materials])
    out = np.empty((len(materials), views, columns, height), np.float32)
    likeliest(photons, even, across, along, per_mm, doubt, out)
    return out


def decompose_images(
    low_hu: Float32[ndarray, "x y z"],
    high_hu: Float32[ndarray, "x y z"],
    spectra: tuple[Spectrum, Spectrum],
    materials: tuple[Material, Material] = ("water", "iodine"),
) -> Float32[ndarray, "2 x y z"]:
    """g/cm3 of two materials in every voxel, from the Hounsfield units of two images of the same patient.

    spectra: of the two images, which take water for 0 HU. Each is taken for one energy, that of the beam behind 20 cm
    of water; what is harder or softer than that is off by some percent. Johnson 2012, AJR 199:S3.
    """
    which = [MATERIALS.index(material) for material in materials]
    to_water = np.stack([_behind_water(one)[which] / _behind_water(one)[WATER] for one in spectra])
    per_image = np.linalg.inv(to_water)
    low, high = (1 + np.asarray(hu, np.float32) / np.float32(1000) for hu in (low_hu, high_hu))
    return np.stack([np.float32(a) * low + np.float32(b) * high for a, b in per_image])


@dataclass(frozen=True, kw_only=True)
class SpectralImage(Part, ABC):
    """What is to be seen of the materials. unit: of its numbers."""

    unit: ClassVar[str]

    @abstractmethod
    def __call__(self, grams: Mapping[Material, Float32[ndarray, "x y z"]]) -> ndarray:
        """The image, from g/cm3 of each material that was told apart."""


@dataclass(frozen=True, kw_only=True)
class Monoenergetic(SpectralImage):
    """As if all photons had `kev`: Hounsfield units, in which water is 0 at any energy."""

    unit: ClassVar[str] = "HU"
    kev: Annotated[float, Ge(20), Le(150)] = 70.0

    def __call__(self, grams: Mapping[Material, Float32[ndarray, "x y z"]]) -> Int16[ndarray, "x y z"]:
        """1000 (sum over materials of grams mu/rho / (mu/rho of water) - 1)."""
        per_gram = per_mm(self.kev)
        relative = sum(g * np.float32(per_gram[MATERIALS.index(m)] / per_gram[WATER]) for m, g in grams.items())
        return np.clip(np.rint(1000 * (relative - 1)), *HU_LIMITS).astype(np.int16)


@dataclass(frozen=True, kw_only=True)
class VirtualNonContrast(SpectralImage):
    """As if no iodine had been given: Hounsfield units at `kev` of all but the iodine."""

    unit: ClassVar[str] = "HU"
    kev: Annotated[float, Ge(20), Le(150)] = 70.0

    def __call__(self, grams: Mapping[Material, Float32[ndarray, "x y z"]]) -> Int16[ndarray, "x y z"]:
        return Monoenergetic(kev=self.kev)({m: g for m, g in grams.items() if m != "iodine"})


@dataclass(frozen=True, kw_only=True)
class MaterialMap(SpectralImage):
    """How much of one material is where. Raises RecipeError if it was not told apart."""

    unit: ClassVar[str] = "mg/ml"
    material: Material = "iodine"

    def __call__(self, grams: Mapping[Material, Float32[ndarray, "x y z"]]) -> Float32[ndarray, "x y z"]:
        if self.material not in grams:
            raise RecipeError(f"MaterialMap: found no {self.material}, but {', '.join(grams)}; one of these would do")
        return grams[self.material] * np.float32(MG_PER_G)


@dataclass(frozen=True, kw_only=True)
class EffectiveAtomicNumber(SpectralImage):
    """The atomic number of an element that would absorb as much by the photoelectric effect; 7.42 is water.

    (sum over elements of share of the electrons times Z^2.94)^(1 / 2.94); 0 where there is too little to tell (as in
    air and lung). Spiers 1946, Br J Radiol 19:52.
    """

    unit: ClassVar[str] = "Z"

    POWER: ClassVar[float] = 2.94
    LEAST_G_CM3: ClassVar[float] = 0.1

    def __call__(self, grams: Mapping[Material, Float32[ndarray, "x y z"]]) -> Float32[ndarray, "x y z"]:
        electrons = np.float32(0) + sum(g * np.float32(_electrons(m)[0]) for m, g in grams.items())
        powers = np.float32(0) + sum(g * np.float32(_electrons(m)[1]) for m, g in grams.items())
        enough = (electrons > self.LEAST_G_CM3 * _electrons("water")[0]) & (powers > 0)
        share = np.divide(powers, electrons, out=np.zeros_like(powers), where=enough)
        return share ** np.float32(1 / self.POWER)


def per_mm(kev: float) -> Float64[ndarray, " 3"]:
    """1/mm of 1 g/cm3 of each of the materials at one energy."""
    return spectrum(Beam(np.array([kev], float), np.ones(1))).per_mm[:, 0]


@cache
def _electrons(material: Material) -> tuple[float, float]:
    """Moles of electrons in a gram, and these times Z^2.94."""
    fractions = {"I": 1.0} if material == "iodine" else compositions()[TISSUES[material]]
    atoms = {row["element"]: (int(row["electrons"]), float(row["g_mol"])) for row in rows("atoms")}
    moles = {atoms[e][0]: share * atoms[e][0] / atoms[e][1] for e, share in fractions.items()}
    return sum(moles.values()), sum(n * z**EffectiveAtomicNumber.POWER for z, n in moles.items())


def _behind_water(beam: Spectrum) -> Float64[ndarray, " 3"]:
    """1/mm of each material for the photons that are left behind WATER_MM."""
    left = beam.signal * np.exp(-beam.per_mm[WATER] * WATER_MM)
    return beam.per_mm @ left / left.sum()


def _together(tables: Sequence[Float64[ndarray, "n _"]]) -> Float64[ndarray, "channels n e"]:
    """Side by side; where a channel has fewer energies, nothing arrives at the rest."""
    most = max(table.shape[1] for table in tables)
    return np.stack([np.pad(table, ((0, 0), (0, most - table.shape[1]))) for table in tables])
