"""Crosstalk of an X-ray detector: part of each element's signal shows up next door, which blurs."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numba import njit, prange
from numpy import float32
from numpy.random import Generator

from render.photons import Photons, photons
from simdata import Effect, Raw

Share = Annotated[float, Ge(0), Le(0.5)]


@dataclass(frozen=True)
class Crosstalk(Effect):
    """Of each element's signal the share `columns` goes to either neighbour along a row, and `rows` along a column.

    What would leave at the rim stays, so that the sum is kept. Where it comes before the quantum noise it is X-rays
    that go astray (characteristic X-rays; 0.025 and 0.02 in XCIST's examples); after it, light, which blurs the noise
    too (0.04 and 0.045). Raises RecipeError if the measurement is not an X-ray scanner's.
    """

    columns: Share = 0.025
    rows: Share = 0.02

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "Crosstalk")
        data = np.ascontiguousarray(measured.data, np.float32)
        out = np.empty_like(data)
        frames = (-1, *data.shape[2:])
        blurred(data.reshape(frames), np.float32(self.columns), np.float32(self.rows), out.reshape(frames))
        return replace(measured, data=out)


@njit(parallel=True, cache=True)
def blurred(frames, along_row, along_column, out):
    """Each frame (columns, rows) convolved with (a, 1 - 2a, a) both ways, its rim repeated, into `out`."""
    count, columns, rows = frames.shape
    for n in prange(count):
        mixed = np.empty(rows, np.float32)
        for i in range(columns):
            before, here, after = frames[n, max(i - 1, 0)], frames[n, i], frames[n, min(i + 1, columns - 1)]
            for j in range(rows):
                mixed[j] = here[j] + along_row * (before[j] - here[j] + after[j] - here[j])
            for j in range(rows):
                change = mixed[max(j - 1, 0)] - mixed[j] + mixed[min(j + 1, rows - 1)] - mixed[j]
                out[n, i, j] = float32(mixed[j] + along_column * change)
