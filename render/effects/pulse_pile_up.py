"""Pulse pile-up of a photon-counting detector: photons that come too close together count as one, of more energy."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, ndarray
from numpy.random import Generator

from render.photons import Photons, photons
from simdata import Effect, Raw, RecipeError

NS_PER_S = 1e9
SUBDIVISIONS = 24
"""Pulse heights within a bin, and overlaps of two pulses, that stand for all of them."""


@dataclass(frozen=True)
class PulsePileUp(Effect):
    """Counts m = n exp(-n tp) / (1 + n tn) of n photons per second and pixel, tn + tp the dead time.

    nonparalysable_ns: tn, the counter is busy and misses what comes. paralysable_ns: tp, what comes keeps it busy. Lee
    and Gardner 2000, Appl Radiat Isot 53:731. 12.6 ns are estimated of a clinical scanner (Dong et al., AAPM 2025).
    pixel_mm: width and height of what counts on its own; an element adds up as many as it holds.
    Of the pulses that are counted, the share 1 - exp(-n (tn + tp)) is two photons, whose height is the first's energy
    and a part of the second's as large as they overlap; third photons are left out, so rates well beyond
    1 / (tn + tp) come out too soft. bins_kev: the edges of the detector's bins, the last the voltage of the tube, which
    only says how high the highest pulses are; heights spread evenly over a bin.
    The scan of air is taken with the same pile-up, as a calibration at the tube's mean output is. To be put before the
    quantum noise.
    Raises RecipeError if the bins are not those of the measurement, or this is not an X-ray scanner's.
    """

    nonparalysable_ns: Annotated[float, Ge(0)] = 12.6
    paralysable_ns: Annotated[float, Ge(0)] = 0.0
    pixel_mm: tuple[Annotated[float, Gt(0)], Annotated[float, Gt(0)]] = (0.275, 0.322)
    bins_kev: tuple[Annotated[float, Gt(0)], ...] = (20.0, 35.0, 65.0, 70.0, 120.0)

    def __post_init__(self) -> None:
        if len(self.bins_kev) < 2 or not (np.diff(self.bins_kev) > 0).all():
            raise RecipeError(
                f"PulsePileUp: found bins_kev {list(self.bins_kev)}; two edges or more, ascending, would do"
            )

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "PulsePileUp")
        if len(measured.data) != len(self.bins_kev) - 1:
            raise RecipeError(
                f"PulsePileUp: found {len(measured.data)} channels and {len(self.bins_kev)} bins_kev; "
                "one edge more than channels would do"
            )
        if len(measured.view_s) < 2:
            raise RecipeError("PulsePileUp: found one view, which tells no time and so no rate; two or more would do")
        lasts_s = np.diff(measured.view_s, append=2 * measured.view_s[-1] - measured.view_s[-2])
        return replace(
            measured,
            data=self._counted(measured, measured.data, lasts_s),
            blank=self._counted(measured, measured.blank, np.array([lasts_s.mean()])),
        )

    def _counted(
        self, measured: Photons, data: Float32[ndarray, "c v w h"], lasts_s: Float64[ndarray, " v"]
    ) -> Float32[ndarray, "c v w h"]:
        pixels = np.prod(np.divide(measured.element_mm, self.pixel_mm))
        rate = 1 / (lasts_s * pixels)
        out = np.empty(data.shape, np.float32)
        busy, prolonged = self.nonparalysable_ns / NS_PER_S, self.paralysable_ns / NS_PER_S
        pile_up(np.ascontiguousarray(data, np.float32), rate, busy, prolonged, _heights(self.bins_kev), out)
        return out


def _heights(bins_kev: tuple[float, ...]) -> Float64[ndarray, "bins bins bins"]:
    """Share in which a photon of bin i, and one of bin j while it lasts, make a pulse of bin k: (i, j, k)."""
    edges = np.array(bins_kev)
    middle = (np.arange(SUBDIVISIONS) + 0.5) / SUBDIVISIONS
    energy = edges[:-1, None] + np.diff(edges)[:, None] * middle
    height = energy[:, None, :, None, None] + energy[None, :, None, :, None] * middle
    bin = np.minimum(np.searchsorted(edges, height, side="right"), len(edges) - 1) - 1
    return np.stack([(bin == k).mean(axis=(2, 3, 4)) for k in range(len(edges) - 1)], axis=-1)


@njit(parallel=True, cache=True)
def pile_up(data, rate, busy, prolonged, heights, out):
    """What is counted of `data`, (channels, views, columns, rows) photons; rate: (views,) of one photon, 1/s."""
    channels, views, columns, rows = data.shape
    for line in prange(views * columns):
        v, i = line // columns, line % columns
        for j in range(rows):
            came = 0.0
            for a in range(channels):
                came += max(data[a, v, i, j], float32(0))
            n = came * rate[v]
            counted = np.exp(-n * prolonged) / (1 + n * busy)
            double = -np.expm1(-n * (busy + prolonged))
            for k in range(channels):
                pairs = 0.0
                for a in range(channels):
                    for b in range(channels):
                        pairs += (
                            max(data[a, v, i, j], float32(0)) * max(data[b, v, i, j], float32(0)) * heights[a, b, k]
                        )
                pairs = pairs / came if came > 0 else 0.0
                alone = max(data[k, v, i, j], float32(0))
                out[k, v, i, j] = float32(counted * (alone + double * (pairs - alone)))
