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
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Float64, Int16
from numpy import ndarray

from render.attenuation import atoms, compositions
from render.illumination import Illumination
from render.kernels.decompose import likeliest
from render.materials import HEAVY, MATERIALS, WATER, Spectrum, per_mm
from render.three_materials import contrast_agent
from render.units import MG_PER_G
from simdata import Part, RecipeError, SceneError

Material = Literal[
    "water",
    "bone",
    "iodine",
    "barium",
    "gadolinium",
    "silver",
    "tin",
    "tantalum",
    "tungsten",
    "platinum",
    "gold",
    "mercury",
    "lead",
]
"""Of render.materials, each an amount in g/cm3. Elements with a K edge within the beam need channels around it."""

CONTRAST_AGENTS: tuple[Material, ...] = ("iodine", "barium", "gadolinium")

ENDLESS = 40.0
"""Rays hardly go through more of one material than leaves e^-40 (2 m of water), a standard deviation. Those that are
starved of photons feel it; they would be endless."""

TISSUES: Mapping[Material, str] = {"water": "water", "bone": "cortical_bone"}
"""Whose elements two of the materials have; the others are elements."""

WATER_MM = 200.0
"""Of a patient, behind which a beam is as hard as it is in the middle of an image."""

HU_LIMITS = (-32768, 32767)


def decompose(
    photons: Float32[ndarray, "channels views columns rows"],
    light: Sequence[Illumination],
    output: Float64[ndarray, " views"] | None = None,
) -> Float32[ndarray, "m views columns rows"]:
    """g/cm3 times mm of each material along every ray: the most likely ones, in the order in which `light` has them.

    light: what each channel receives in air, and how the materials attenuate it; as many of them as channels, or fewer.
    output: relative to that, by view, where the current is modulated. A channel's photons are a Poisson number.
    Schlomka et al. 2008, Phys Med Biol 53:4031, eq. 8. Where noise hardly lets materials be told apart, as three at a
    clinical dose, the most likely amounts are biased by some part of their deviation.
    Raises RecipeError if materials are more than channels, SceneError if the photons do not belong to the channels or
    are not finite, or if an element is dark even in air.
    """
    channels, views, columns, height = photons.shape
    found = [(one.across.shape[0], one.along.shape[0]) for one in light]
    if found != [(columns, height)] * channels:
        raise SceneError(
            f"decompose: found {channels} channels of {columns} columns and {height} rows, and light for "
            f"{', '.join(f'{c} x {r}' for c, r in found) or 'none'}; the light of every channel would do"
        )
    materials = {one.per_mm.shape[0] for one in light}
    if len(materials) != 1 or not 1 <= max(materials) <= channels:
        raise RecipeError(
            f"decompose: found {' and '.join(map(str, sorted(materials)))} materials for {channels} channels; as many "
            "as channels or fewer, the same in each, would do"
        )
    if not np.isfinite(photons).all():
        raise SceneError("decompose: found photons that are not finite; counts would do")
    even = np.ones(views) if output is None else np.asarray(output, float)
    if not (even > 0).all() or not all((one.blank > 0).all() for one in light):
        raise SceneError("decompose: in some element or view there is no light in air; some in each would do")

    across, along, per_mm = (_together([getattr(one, n) for one in light]) for n in ("across", "along", "per_mm"))
    out = np.empty((max(materials), views, columns, height), np.float32)
    likeliest(photons, even, across, along, per_mm, doubt(light), out)
    return out


def doubt(light: Sequence[Illumination]) -> Float64[ndarray, " m"]:
    """1 / variance of each material's amount before anything is measured: that of ENDLESS attenuation."""
    bright = [one.across.sum(axis=0) * one.along.sum(axis=0) for one in light]
    mean = np.sum([one.per_mm @ b for one, b in zip(light, bright, strict=True)], axis=0) / np.sum(
        np.concatenate(bright)
    )
    return (mean / ENDLESS) ** 2


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


Grams = Mapping[Material, Float32[ndarray, "x y z"]]
Spacing = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class SpectralImage(Part, ABC):
    """What is to be seen of the materials. unit: of its numbers."""

    unit: ClassVar[str]

    @abstractmethod
    def __call__(self, grams: Grams, spacing_mm: Spacing) -> ndarray:
        """The image, from g/cm3 of each material that was told apart, in voxels of that size."""


@dataclass(frozen=True, kw_only=True)
class Monoenergetic(SpectralImage):
    """As if all photons had `kev`: Hounsfield units, in which water is 0 at any energy."""

    unit: ClassVar[str] = "HU"
    kev: Annotated[float, Ge(20), Le(150)] = 70.0

    def __call__(self, grams: Grams, spacing_mm: Spacing) -> Int16[ndarray, "x y z"]:
        """1000 (sum over materials of grams mu/rho / (mu/rho of water) - 1)."""
        energy_kev = np.array([self.kev], float)
        to_water = per_mm([MATERIALS.index(m) for m in grams], energy_kev) / per_mm([WATER], energy_kev)
        relative = sum(g * np.float32(share) for g, share in zip(grams.values(), to_water[:, 0], strict=True))
        return np.clip(np.rint(1000 * (relative - 1)), *HU_LIMITS).astype(np.int16)


@dataclass(frozen=True, kw_only=True)
class ContrastImage(SpectralImage, ABC):
    """What is agent and what is tissue, by `render.three_materials`, where water and one agent were told apart.

    channels_kev: mean energies of the two channels behind a patient; 50 and 80 are those of a photon-counting detector
    that parts 120 kVp at 65 keV, 55 and 88 those of 80 kVp and 140 kVp behind tin. smooth_mm: over which it is asked
    which tissues there are. Where bone was told apart, too, every agent is taken as it was found.
    Raises RecipeError if no agent was told apart.
    """

    channels_kev: tuple[Annotated[float, Ge(30), Le(150)], Annotated[float, Ge(30), Le(150)]] = (50.0, 80.0)
    smooth_mm: Annotated[float, Gt(0)] = 2.5

    def __post_init__(self) -> None:
        if self.channels_kev[0] >= self.channels_kev[1]:
            raise RecipeError(
                f"{self.label}: found channels_kev {list(self.channels_kev)}; the lower, then the higher, would do"
            )

    def agents(self, grams: Grams, spacing_mm: Spacing) -> Grams:
        """g/cm3 of every agent that was given."""
        found: list[Material] = [agent for agent in CONTRAST_AGENTS if agent in grams]
        if not found:
            would_do = "one of these that is told apart would do"
            raise RecipeError(
                f"{self.label}: found no {', '.join(CONTRAST_AGENTS)}, but {', '.join(grams)}; {would_do}"
            )
        if set(grams) != {"water", *found[:1]}:
            return {agent: grams[agent] for agent in found}
        only = found[0]
        return {only: contrast_agent(grams["water"], grams[only], only, spacing_mm, self.channels_kev, self.smooth_mm)}


@dataclass(frozen=True, kw_only=True)
class VirtualNonContrast(ContrastImage):
    """As if no contrast agent had been given: Hounsfield units at `kev`, in which bone stays what it is."""

    unit: ClassVar[str] = "HU"
    kev: Annotated[float, Ge(20), Le(150)] = 70.0

    def __call__(self, grams: Grams, spacing_mm: Spacing) -> Int16[ndarray, "x y z"]:
        agents = self.agents(grams, spacing_mm)
        tissue: Grams = {material: grams[material] - agents.get(material, np.float32(0)) for material in grams}
        return Monoenergetic(kev=self.kev)(tissue, spacing_mm)


@dataclass(frozen=True, kw_only=True)
class ContrastMap(ContrastImage):
    """How much contrast agent is where, without what bone and fat would count as; noise goes below 0, too."""

    unit: ClassVar[str] = "mg/ml"

    def __call__(self, grams: Grams, spacing_mm: Spacing) -> Float32[ndarray, "x y z"]:
        return np.sum(list(self.agents(grams, spacing_mm).values()), axis=0) * np.float32(MG_PER_G)


@dataclass(frozen=True, kw_only=True)
class MaterialMap(SpectralImage):
    """How much of one material is where, as it was told apart: with water alone, bone counts as some of it.

    Raises RecipeError if it was not told apart.
    """

    unit: ClassVar[str] = "mg/ml"
    material: Material = "iodine"

    def __call__(self, grams: Grams, spacing_mm: Spacing) -> Float32[ndarray, "x y z"]:
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

    def __call__(self, grams: Grams, spacing_mm: Spacing) -> Float32[ndarray, "x y z"]:
        electrons = np.float32(0) + sum(g * np.float32(_electrons(m)[0]) for m, g in grams.items())
        powers = np.float32(0) + sum(g * np.float32(_electrons(m)[1]) for m, g in grams.items())
        enough = (electrons > self.LEAST_G_CM3 * _electrons("water")[0]) & (powers > 0)
        share = np.divide(powers, electrons, out=np.zeros_like(powers), where=enough)
        return share ** np.float32(1 / self.POWER)


@cache
def _electrons(material: Material) -> tuple[float, float]:
    """Moles of electrons in a gram, and these times Z^2.94."""
    fractions = {HEAVY[material]: 1.0} if material in HEAVY else compositions()[TISSUES[material]]
    known = [(share, *atoms()[element]) for element, share in fractions.items()]
    moles = {z: share * z / g_mol for share, z, g_mol in known}
    return sum(moles.values()), sum(n * z**EffectiveAtomicNumber.POWER for z, n in moles.items())


def _behind_water(beam: Spectrum) -> Float64[ndarray, " m"]:
    """1/mm of each material for the photons that are left behind WATER_MM."""
    left = beam.signal * np.exp(-beam.per_mm[WATER] * WATER_MM)
    return beam.per_mm @ left / left.sum()


def _together(tables: Sequence[Float64[ndarray, "n _"]]) -> Float64[ndarray, "channels n e"]:
    """Side by side; where a channel has fewer energies, nothing arrives at the rest."""
    most = max(table.shape[1] for table in tables)
    return np.stack([np.pad(table, ((0, 0), (0, most - table.shape[1]))) for table in tables])
