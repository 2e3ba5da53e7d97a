"""Speckle: echoes of many scatterers add up at random phases, in OCT as in ultrasound."""

from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float, Int32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from render.kernels.speckle import speckle
from render.oct.beam import Beam
from render.oct.echoes import echoes
from simdata import Effect, Raw

LEAST_TAP = 0.02
"""Neighbours that weigh less than this share of a voxel itself are left out."""

Taps = tuple[Float[ndarray, " taps"], ...]


@dataclass(frozen=True)
class Speckle(Effect):
    """Every echo is a circular Gaussian number (Goodman 2007): of `visits` visits the means of |E|^2 and |E - E'|^2.

    Of one visit |E|^2 has a contrast (SD over mean) of 1; of M that have nothing in common, 1 / sqrt(M). Neighbours
    share as much as the beam is wide. Beside the slab, which nobody sees, the means stay as they were: an effect that
    moves the slab comes before.
    """

    visits: Annotated[int, Ge(2), Le(100)] = 2

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        raw = echoes(raw, type(self).__name__)
        taps = tuple(gaussian(spread / step) for spread, step in zip(spreads_mm(raw.beam), raw.step_mm, strict=True))
        seen = raw.data.copy()
        key = rng.integers(0, 2**32, 2, dtype=np.uint32)
        speckle(raw.power, raw.change, *asked(raw.slab, taps), taps, self.visits, key, seen[0], seen[1])
        return replace(raw, data=seen)


def spreads_mm(beam: Beam) -> tuple[float, float, float]:
    """Standard deviations of the field that one scatterer makes, across, up and along."""
    return beam.radius_mm / 2, beam.radius_mm / 2, beam.axial_mm / sqrt(4 * log(2))


def asked(slab: Bool[ndarray, "x y z"], taps: Taps) -> tuple[Int32[ndarray, "3 x y"], Int32[ndarray, "3 x y"]]:
    """First and last z of each row in the slab, then with its neighbours along x, then with those along y too."""
    deep, some = slab.shape[2], slab.any(axis=2)
    first = np.where(some, slab.argmax(axis=2), deep).astype(np.int32)
    last = np.where(some, deep - slab[..., ::-1].argmax(axis=2), 0).astype(np.int32)
    firsts, lasts = np.stack([first] * 3), np.stack([last] * 3)
    for axis in range(2):
        firsts[axis + 1] = minimum_filter1d(firsts[axis], len(taps[axis]), axis, mode="nearest")
        lasts[axis + 1] = maximum_filter1d(lasts[axis], len(taps[axis]), axis, mode="nearest")
    return firsts, lasts


def gaussian(spread: float) -> Float[ndarray, " taps"]:
    """exp(-(i / spread)^2 / 2) at whole numbers i, as far out as it matters. spread: SD in voxels."""
    reach = int(spread * sqrt(-2 * log(LEAST_TAP)))
    return np.exp(-np.square(np.arange(-reach, reach + 1) / max(spread, 1e-6)) / 2)
