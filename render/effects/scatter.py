"""Scatter of X-rays in the patient: a veil over every view, which greys bones and cups a CT slice."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray
from numpy.random import Generator

from render.anti_scatter_grid import AntiScatterGrid
from render.kernels.spread import added, gathered, veil
from render.materials import WATER, Spectrum
from render.photons import Photons, photons
from render.scatter_body import ellipses
from render.scatter_kernels import hardened, kernels, pencils, water_energy_kev
from simdata import Effect, Raw

CELL_MM = 25.0
CELLS_AWAY = 4
"""Scatter is smooth: it is found on cells of that size, or of a fourth of the way from the patient if that is less."""

FARTHEST = 1.3
"""Tables reach so many times across the detector: a beam aside meets it aslant."""

STEPS = 4
"""In which a cell is taken apart, to average what it spreads."""

THICKNESSES = 1001
AT_ONCE = 16
"""Views treated together, which bounds the memory."""


@dataclass(frozen=True)
class Scatter(Effect):
    """Adds to every element what the patient scatters there, before quantum noise.

    Each ray is a pencil beam in as much water as attenuates it so, and shines from the middle of its way through the
    patient as photons flown one by one through water did (`render.scatter_kernels`). What leaves the patient by a
    longer or shorter way than that of a slab is attenuated more or less; for this he is an ellipse across, as wide as
    his shadow and as deep as that a quarter of a turn away (`render.scatter_body`), or else as the water. Kernel
    superposition: Ohnesorge et al. 1999, Eur Radiol 9:563; Sun and Star-Lack 2010, Phys Med Biol 55:6695.

    Left out: that bone scatters otherwise than water, beyond its larger attenuation; that photons which lose energy
    are counted in a lower channel. grids: between patient and detector; of all that comes straight, also in the blank
    scan, they take the same share. Raises RecipeError if the measurement is not an X-ray scanner's.
    """

    grids: tuple[AntiScatterGrid, ...] = ()

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        return self.veiled(photons(raw, "Scatter"))

    def veiled(self, measured: Photons) -> Photons:
        """What is measured behind the grids, and with scatter; nothing about it is random."""
        data, blank = np.empty_like(measured.data), np.empty_like(measured.blank)
        patient = ellipses(measured)
        for channel, spectrum in enumerate(measured.spectra):
            passing = self._passing(spectrum)
            blank[channel] = measured.blank[channel] * np.float32(passing)
            water = _Water.of(measured, spectrum, self.grids)
            for first in range(0, data.shape[1], AT_ONCE):
                batch = slice(first, first + AT_ONCE)
                straight = np.ascontiguousarray(measured.data[channel, batch], np.float32)
                cells = water.scatter(straight, measured.air(batch)[channel], patient[batch])
                added(straight, passing, cells, water.block, water.element_mm2, data[channel, batch])
        return replace(measured, data=data, blank=blank)

    def _passing(self, spectrum: Spectrum) -> float:
        """Share of the straight signal that passes the grids, of a scan of air."""
        energy_kev = water_energy_kev(spectrum)
        shares = [np.ones_like(energy_kev), *(grid.primary(energy_kev) for grid in self.grids)]
        return float(spectrum.signal @ np.prod(shares, axis=0))


@dataclass(frozen=True, eq=False)
class _Water:
    """Water in front of a detector. block: elements of a cell, across and up. first_mm: the first cell from the foot.

    spread: (t, c, r) what a cell behind each thickness sheds on a mm2, every table_mm. absorption: 1/mm, (t,). Both
    begin with no water. lost, thickness_mm: the attenuation of water, and its thickness.
    """

    block: tuple[int, int]
    element_mm2: float
    first_mm: Float64[ndarray, "2"]
    cell_mm: Float64[ndarray, "2"]
    middle_to_detector_mm: float
    focus_mm: float
    spread: Float32[ndarray, "t c r"]
    table_mm: Float64[ndarray, "2"]
    absorption: Float64[ndarray, " t"]
    lost: Float64[ndarray, " n"]
    thickness_mm: Float64[ndarray, " n"]

    @classmethod
    def of(cls, measured: Photons, spectrum: Spectrum, grids: tuple[AntiScatterGrid, ...]) -> "_Water":
        away, element_mm = measured.middle_to_detector_mm, np.array(measured.element_mm)
        elements = np.array(measured.data.shape[2:])
        block = np.maximum(1, np.rint(min(CELL_MM, away / CELLS_AWAY) / element_mm)).astype(int)
        cell_mm = block * element_mm
        first_mm = cell_mm / 2 - elements * element_mm / 2 - measured.focus_mm[:2]

        cells = -(-elements // block)
        offset_mm = [
            size / STEPS * np.arange(int(FARTHEST * n * STEPS) + 2 * STEPS)
            for n, size in zip(cells, cell_mm, strict=True)
        ]
        point = kernels(spectrum, away, 1 - away / measured.focus_mm[2], grids, offset_mm[0], offset_mm[1])
        spread = _of_cells(_of_cells(point, 1), 2)
        none = np.zeros((1, *spread.shape[1:]), np.float32)
        bare = spectrum.signal @ spectrum.per_mm[WATER]
        absorption = np.concatenate([[bare], hardened(spectrum) @ spectrum.per_mm[WATER]])

        thickness = np.linspace(0.0, pencils().thickness_mm[-1], THICKNESSES)
        path = np.zeros((len(thickness), len(spectrum.per_mm)))
        path[:, WATER] = thickness
        return cls(
            block=(int(block[0]), int(block[1])),
            element_mm2=float(element_mm.prod()),
            first_mm=first_mm,
            cell_mm=cell_mm,
            middle_to_detector_mm=away,
            focus_mm=measured.focus_mm[2],
            spread=np.concatenate([none, spread]),
            table_mm=cell_mm * 2 / STEPS,
            absorption=absorption,
            lost=-np.log(spectrum.transmission(path)),
            thickness_mm=thickness,
        )

    def scatter(
        self,
        straight: Float32[ndarray, "v columns rows"],
        air: Float32[ndarray, "few columns rows"],
        patient: Float64[ndarray, "v 3"],
    ) -> Float32[ndarray, "v c r"]:
        """Scattered signal on a mm2 in the middle of each cell, behind a patient of these ellipses."""
        signal, blank = self._cells(straight), self._cells(np.ascontiguousarray(air))
        lit = blank > 0
        with np.errstate(divide="ignore"):
            lost = np.log(np.where(lit, blank, 1)) - np.log(np.where(lit, np.maximum(signal, 0), 1))
        thickness = np.interp(lost, self.lost, self.thickness_mm)
        nodes = np.concatenate([[0.0], pencils().thickness_mm])
        node = np.interp(thickness, nodes, np.arange(len(nodes)))
        deep = np.where(patient[:, 1] > 0, patient[:, 1], np.maximum(thickness.max(axis=(1, 2)) / 2, 1e-3))
        out = np.empty_like(signal)
        veil(
            signal,
            thickness,
            node,
            np.column_stack([patient[:, 0], deep, patient[:, 2]]),
            self.first_mm,
            self.cell_mm,
            self.middle_to_detector_mm,
            self.focus_mm,
            self.spread,
            self.table_mm,
            self.absorption,
            out,
        )
        return out

    def _cells(self, elements: Float32[ndarray, "v columns rows"]) -> Float32[ndarray, "v c r"]:
        cells = (-(-n // size) for n, size in zip(elements.shape[1:], self.block, strict=True))
        out = np.empty((len(elements), *cells), np.float32)
        gathered(elements, self.block, out)
        return out


def _of_cells(point: Float32[ndarray, "t c r"], axis: int) -> Float32[ndarray, "t c r"]:
    """Every half cell along `axis`, the mean over a cell around, of what is told every STEPS-th of a cell from 0."""
    half = STEPS // 2
    middle = np.arange(0, point.shape[axis] - half, half)
    share = np.ones(STEPS + 1) / STEPS
    share[[0, -1]] /= 2
    parts = [
        part * np.take(point, np.abs(middle + step), axis)
        for part, step in zip(share, range(-half, half + 1), strict=True)
    ]
    return np.stack(parts).sum(axis=0, dtype=np.float32)
