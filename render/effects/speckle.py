"""Speckle: echoes of many scatterers add up at random phases, in OCT as in ultrasound."""

from dataclasses import dataclass, replace
from math import log, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from render.kernels.speckle import blend, fields, visits
from render.oct.echoes import Echoes, changed, echoes
from simdata import Effect, Raw

LEAST_TAP = 0.02
"""Neighbours that weigh less than this share of a voxel itself are left out."""


@dataclass(frozen=True)
class Speckle(Effect):
    """Every echo is a circular Gaussian number (Goodman 2007): of `visits` visits the means of |E|^2 and |E - E'|^2.

    Of one visit |E|^2 has a contrast (SD over mean) of 1; of M that have nothing in common, 1 / sqrt(M). Neighbours
    share as much as the beam is wide.
    """

    visits: Annotated[int, Ge(2), Le(16)] = 2

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        raw = echoes(raw, type(self).__name__)
        noise = self._noise(raw, rng)
        seen = np.empty((2, raw.power.size), np.float32)
        visits(raw.power.reshape(-1), raw.change.reshape(-1), noise, *seen)
        return replace(raw, data=changed(*seen.reshape(2, *raw.power.shape)))

    def _noise(self, raw: Echoes, rng: Generator) -> Float[ndarray, "visits n 2"]:
        x, y, z = raw.power.shape
        noise = np.empty((self.visits, x, y, z, 2), np.float32)
        fields((x, y, z), self.visits, rng.integers(0, 2**32, 2, dtype=np.uint32), noise)
        across = raw.beam.radius_mm / 2
        along = raw.beam.axial_mm / sqrt(4 * log(2))
        shapes = ((-1, x, y * z * 2), (-1, y, z * 2), (-1, z, 2))
        for shape, step, spread in zip(shapes, raw.step_mm, (across, across, along), strict=True):
            taps = gaussian(spread / step)
            if len(taps) > 1:
                blurred = np.empty_like(noise)
                blend(noise.reshape(shape), taps, blurred.reshape(shape))
                noise = blurred
        return noise.reshape(self.visits, -1, 2)


def gaussian(spread: float) -> Float[ndarray, " taps"]:
    """exp(-(i / spread)^2 / 2) at whole numbers i, as far out as it matters. spread: SD in voxels."""
    reach = int(spread * sqrt(-2 * log(LEAST_TAP)))
    return np.exp(-np.square(np.arange(-reach, reach + 1) / max(spread, 1e-6)) / 2)
