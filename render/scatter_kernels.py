"""How a pencil beam of X-rays scatters in water: how much of it, and how wide it arrives behind an air gap.

Behind a slab of water, scatter is as if from three lamps within it: each has a depth, and its light falls off as
(1 + (r / h)^2)^-(steepness + 1), h being gap and depth together. All is fitted to photons flown one by one
(render/tables/scatter_kernels.csv). A lamp that shines evenly all around has a steepness of 1/2. The idea of an
effective source of scatter: Sorenson and Floch 1985, Med Phys 12:308.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.anti_scatter_grid import AntiScatterGrid, walls
from render.attenuation import attenuation
from render.kernels.lamellae import accepted
from render.kernels.spread import fall
from render.materials import WATER, Spectrum
from render.properties import curve
from render.scatter_matter import ENERGY_KEV
from render.units import MM_PER_CM

PARTS = 3
UNREST = 0.06
"""What lamps leave out: light at one place comes from around them, by so much of the slab's thickness (counted)."""

STEEPEST, SLOPES = 3.0, 64
"""Up to which slope to the lamellae of a grid its shadow is told, and in how many steps."""

LEAST_GAP_MM = 5.0
"""A detector is no nearer to the patient than this: its cover, and the grid's."""


@dataclass(frozen=True, eq=False)
class Pencils:
    """Scatter of pencil beams in water, of each energy (e,) and thickness (t,).

    ratio: of scattered and straight energy. energy_left: share of its energy that a scattered photon has. share,
    depth_mm, steep: of the three lamps.
    """

    energy_kev: Float64[ndarray, " e"]
    thickness_mm: Float64[ndarray, " t"]
    ratio: Float64[ndarray, "e t"]
    energy_left: Float64[ndarray, "e t"]
    share: Float64[ndarray, "e t 3"]
    depth_mm: Float64[ndarray, "e t 3"]
    steep: Float64[ndarray, "e t 3"]


@cache
def pencils() -> Pencils:
    """All of the table; where a beam is too soft to get through, the thickest slab that it gets through stands.

    Only the ratio goes on to grow, as steeply as it does at most before.
    """
    energy, thickness = curve("scatter_kernels", "energy_kev"), curve("scatter_kernels", "thickness_mm")
    energies, thicknesses = np.unique(energy), np.unique(thickness)
    row = np.empty((len(energies), len(thicknesses)), int)
    for i, kev in enumerate(energies):
        there = np.flatnonzero(energy == kev)
        row[i] = there[np.minimum(np.searchsorted(thickness[there], thicknesses), len(there) - 1)]

    def lamps(name: str) -> Float64[ndarray, "e t 3"]:
        return np.stack([curve("scatter_kernels", f"{name}_{part + 1}")[row] for part in range(PARTS)], axis=-1)

    ratio = curve("scatter_kernels", "ratio")[row]
    steeper = np.where(row[:, 1:] == row[:, :-1], 0.0, np.diff(ratio) / np.diff(thicknesses))
    beyond = thicknesses - thickness[row]
    ratio += beyond * steeper.max(axis=1, keepdims=True)
    left = curve("scatter_kernels", "energy_left")[row]
    return Pencils(energies, thicknesses, ratio, left, lamps("share"), lamps("depth_mm"), lamps("steep"))


def water_energy_kev(spectrum: Spectrum) -> Float64[ndarray, " e"]:
    """The energy of each bin: at which water attenuates so."""
    water = attenuation("water", ENERGY_KEV) / MM_PER_CM
    falling = slice(int(np.argmax(water)), None)
    return np.interp(-np.log(spectrum.per_mm[WATER]), -np.log(water[falling]), ENERGY_KEV[falling])


def hardened(spectrum: Spectrum) -> Float64[ndarray, "t e"]:
    """Share of each bin in what comes straight through each thickness of water."""
    left = spectrum.signal * np.exp(-pencils().thickness_mm[:, None] * spectrum.per_mm[WATER])
    return left / left.sum(axis=1, keepdims=True)


def ratios(spectrum: Spectrum) -> Float64[ndarray, "t e"]:
    """Scattered over straight signal behind each thickness of water, by the energy of the pencils that brought it."""
    table = pencils()
    place = np.interp(np.log(water_energy_kev(spectrum)), np.log(table.energy_kev), np.arange(len(table.energy_kev)))
    near = np.maximum(1 - np.abs(place[:, None] - np.arange(len(table.energy_kev))), 0)
    return hardened(spectrum) @ near * table.ratio.T


def kernels(
    spectrum: Spectrum,
    middle_to_detector_mm: float,
    nearer: float,
    grids: Sequence[AntiScatterGrid],
    across_mm: Float64[ndarray, " c"],
    up_mm: Float64[ndarray, " r"],
) -> Float32[ndarray, "t c r"]:
    """Scattered signal per mm2 of the detector, for one unit of straight signal behind each thickness of water.

    across_mm, up_mm: away from the pencil beam, along the axis of the detector's columns and of its rows. Behind the
    middle of the patient he is half as thick as the water. Grids take from scatter; they look at the focus, from where
    the patient's middle is `nearer` times as far as the detector.
    """
    table = pencils()
    gap = np.maximum(middle_to_detector_mm - table.thickness_mm / 2, LEAST_GAP_MM)
    height = gap[:, None, None] + table.depth_mm.transpose(1, 0, 2)
    weight = ratios(spectrum)[:, :, None] * table.share.transpose(1, 0, 2)
    steep = np.ascontiguousarray(table.steep.transpose(1, 0, 2))

    width = 1 / np.sqrt(2 * steep)
    noise = np.minimum(table.thickness_mm[:, None, None] * UNREST / height, width)
    slope_per_mm = nearer * np.sqrt(1 - (noise / width) ** 2) / height
    passed = np.ones((2, *weight.shape, SLOPES))
    numbers, along_columns = walls(grids, (table.energy_kev * table.energy_left.T).ravel())
    numbers = numbers.reshape(len(grids), *noise.shape[:2], 5)
    accepted(numbers, along_columns, noise, width, STEEPEST * np.linspace(0, 1, SLOPES) ** 2, passed)
    out = np.zeros((len(gap), len(across_mm), len(up_mm)), np.float32)
    fall(across_mm, up_mm, weight, height, steep, passed, slope_per_mm, STEEPEST, out)
    return out
