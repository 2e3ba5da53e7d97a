"""Every tissue as a little water, bone and heavy elements, so that one projection serves all energies.

Between its K edges, the attenuation of matter is a sum of two functions of energy, photoelectric and Compton
(Alvarez and Macovski 1976, Phys Med Biol 21:733), so water and bone span every tissue; with iron they span the metals
from titanium to zinc. An element whose K edge lies within the beam stands for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64, Int64, UInt8
from numpy import ndarray

from render.attenuation import FAINT, Beam, compositions, elements, mass_attenuation
from render.kernels.mix import mix
from render.orientation import Orientation
from render.properties import column
from render.units import MM_PER_CM
from simdata import Scene, SceneError
from simdata.scene import DENSITY, WHOLE
from simdata.tissues import tissues

HEAVY = {
    "iodine": "I",
    "barium": "Ba",
    "gadolinium": "Gd",
    "silver": "Ag",
    "tin": "Sn",
    "tantalum": "Ta",
    "tungsten": "W",
    "platinum": "Pt",
    "gold": "Au",
    "mercury": "Hg",
    "lead": "Pb",
}
"""Materials that are one element, for their K edges at 25 to 88 keV."""

MATERIALS = ("water", "bone", *HEAVY, "iron")
WATER, BONE, IODINE = range(3)
IRON = MATERIALS.index("iron")

METALS = ("Ti", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn")
METAL = 0.1
"""Mass of METALS in a tissue, from which on there is iron in what stands for it."""

CONTRAST = "iodine_mg_ml"
"""The scene field of mg of iodine per ml."""

NANOGRAMS = 9
"""Decimals of a gram, so that water is water alone."""

ENERGY_BINS = 14
"""Bins that stand for a whole spectrum: within 0.25 % of its attenuation by water and bone, 0.7 % of that by iodine."""

EDGE = 1.05
"""A material that attenuates a bin by so much more than the bin below has a K edge there."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A beam as the detector weighs it. signal: share of each bin. per_mm: 1/mm for 1 g/cm3 of each material."""

    signal: Float64[ndarray, " e"]
    per_mm: Float64[ndarray, "m e"]

    def transmission(self, path: Float64[ndarray, "*n m"]) -> Float64[ndarray, "*n"]:
        """Share of the signal left behind `path`, g/cm3 times mm of each material (Beer-Lambert)."""
        return np.exp(-np.asarray(path, float) @ self.per_mm) @ self.signal


def per_mm(materials: Sequence[int], energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, "m e"]:
    """Attenuation of 1 g/cm3 of each material, 1/mm."""
    mixed = {WATER: compositions()["water"], BONE: compositions()["cortical_bone"], IRON: {"Fe": 1.0}}
    fractions = [mixed[m] if m in mixed else {HEAVY[MATERIALS[m]]: 1.0} for m in materials]
    return np.array([mass_attenuation(f, energy_kev) for f in fractions]) / MM_PER_CM


def spectrum(beam: Beam) -> Spectrum:
    """`beam` with each of its energies a bin of its own, through all materials."""
    return Spectrum(beam.signal, per_mm(range(len(MATERIALS)), beam.energy_kev))


def bins_of(
    signal: Float64[ndarray, " e"], per_mm: Float64[ndarray, "m e"], bins: int = ENERGY_BINS
) -> Int64[ndarray, " e"]:
    """The bin of each energy, of at most `bins`, none of which has a K edge of the materials within.

    Between the edges, bins are as dense as the cube root of the signal, which errs least (Panter and Dite 1951, Proc
    IRE 39:44). Each stretch has one, and whichever has the widest bins one more, until all are given away.
    Energies that hold no photons go with the next ones.
    """
    lit = np.flatnonzero(signal > FAINT * signal.sum())
    dense = np.cbrt(signal[lit])
    edge = (per_mm[:, lit[1:]] > EDGE * per_mm[:, lit[:-1]]).any(axis=0)
    stretch = np.concatenate([[0], np.cumsum(edge)])
    size = np.bincount(stretch, dense)
    count = np.ones(len(size), int)
    while count.sum() < bins:
        count[np.argmax(size / count)] += 1
    before = np.cumsum(size) - size
    place = (np.cumsum(dense) - dense / 2 - before[stretch]) / size[stretch]
    within = np.minimum((place * count[stretch]).astype(int), count[stretch] - 1)
    bin = np.unique((np.cumsum(count) - count)[stretch] + within, return_inverse=True)[1]
    return bin[np.minimum(np.searchsorted(lit, np.arange(len(signal))), len(lit) - 1)]


def binned(full: Spectrum, bins: int = ENERGY_BINS) -> Spectrum:
    """`full` in at most `bins` bins, each with its mean attenuation; K edges lie between bins for iodine alone."""
    bin = bins_of(full.signal, full.per_mm[: IODINE + 1], bins)
    signal = np.bincount(bin, full.signal)
    per_mm = np.array([np.bincount(bin, full.signal * mu) for mu in full.per_mm]) / signal
    return Spectrum(signal, per_mm)


def amounts(beam: Beam) -> Mapping[str, Float64[ndarray, " m"]]:
    """Tissue name to g/cm3 of each material that attenuate `beam` as it does.

    Heavy elements are what the composition holds; water and bone, and iron in metals, fit the rest by least squares of
    the relative error, weighted by the signal: what hardly passes may be as wrong as what passes easily.
    Air is nothing at all: the blank scan that every measurement is divided by went through it.
    """
    names = elements()
    heavy, metals = ([names.index(symbol) for symbol in symbols] for symbols in (HEAVY.values(), METALS))
    by_element = np.array([mass_attenuation({element: 1.0}, beam.energy_kev) for element in names]) / MM_PER_CM
    by_material = per_mm(range(len(MATERIALS)), beam.energy_kev)
    density = column("tissue_composition", "density_g_cm3")

    table = {}
    for tissue, fractions in compositions().items():
        contents = density[tissue] * np.array([fractions.get(element, 0.0) for element in names])
        exact, rest = contents @ by_element, np.delete(contents, heavy) @ np.delete(by_element, heavy, axis=0)
        fitted = [WATER, BONE, IRON] if contents[metals].sum() > METAL * contents.sum() else [WATER, BONE]
        weight = np.sqrt(beam.signal) / exact
        grams = np.zeros(len(MATERIALS))
        grams[BONE + 1 : IRON] = contents[heavy]
        grams[fitted] = np.linalg.lstsq((by_material[fitted] * weight).T, rest * weight, rcond=None)[0]
        table[tissue] = grams.round(NANOGRAMS)
    return {**table, "air": np.zeros(len(MATERIALS))}


@dataclass(frozen=True, eq=False)
class Body:
    """A patient as a beam sees him: tissue and fields along (x, y, z), and what materials each tissue is made of.

    second, share: as in the Scene, or None where voxels are pure.
    materials: those that occur, water at least. grams: (tissue id, material) g/cm3.
    """

    tissue: UInt8[ndarray, "x y z"]
    second: UInt8[ndarray, "x y z"] | None
    share: UInt8[ndarray, "x y z"] | None
    fields: Mapping[str, Float32[ndarray, "x y z"]]
    materials: list[int]
    grams: Float32[ndarray, "256 m"]

    @classmethod
    def of(cls, scene: Scene, turned: Orientation, beam: Beam) -> "Body":
        """`scene` along the patient's axes, in the materials that stand for its tissues in `beam`.

        Raises SceneError if a tissue that occurs has no composition, or a field holds numbers that are not finite.
        """
        table = amounts(beam)
        if missing := [name for name in scene.tissue_names() if name not in table]:
            raise SceneError(f"X-rays: nothing is known of {', '.join(missing)}; a row in tissue_composition would do")
        for name in (DENSITY, CONTRAST):
            if name in scene.fields and not np.isfinite([scene.fields[name].min(), scene.fields[name].max()]).all():
                raise SceneError(f"X-rays: field '{name}' holds numbers that are not finite; one without NaN would do")
        grams = np.zeros((256, len(MATERIALS)), np.float32)
        for name, material in table.items():
            grams[tissues()[name]] = material
        occurring = grams[[tissues()[name] for name in scene.tissue_names()]].any(axis=0)
        contrast = [IODINE] if CONTRAST in scene.fields else []
        fields = {name: turned.turn(scene.fields[name]) for name in (DENSITY, CONTRAST) if name in scene.fields}
        materials = sorted({WATER, *np.flatnonzero(occurring).tolist(), *contrast})
        second, share = (turned.turn(a) if scene.mixed else None for a in (scene.second, scene.share))
        return cls(turned.turn(scene.tissue), second, share, fields, materials, grams)

    def volume(self) -> Float32[ndarray, "x y z m"]:
        """g/cm3 of each material, side by side; a voxel of two tissues has its share of both."""
        none = np.zeros((0, 0, 0), np.uint8)
        second, share = (none if array is None else array for array in (self.second, self.share))
        density, contrast = (self.fields.get(name, none.astype(np.float32)) for name in (DENSITY, CONTRAST))
        arrays = (np.ascontiguousarray(array) for array in (self.tissue, second, share, density, contrast))
        tissue, second, share, density, contrast = arrays
        lane = self.materials.index(IODINE) if IODINE in self.materials else 0
        out = np.empty((*self.tissue.shape, len(self.materials)), np.float32)
        grams = np.ascontiguousarray(self.grams[:, self.materials])
        mix(tissue, second, share, density, contrast, grams, WHOLE, lane, out)
        return out
