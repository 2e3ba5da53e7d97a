"""Gain errors that calibration left: each makes a ring in a CT slice, and a fixed pattern in a radiograph."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from numba import njit, prange
from numpy import float32
from numpy.random import Generator

from render.kernels.noise import gaussian_pair
from render.photons import Photons, photons
from simdata import Effect, Raw


@dataclass(frozen=True)
class GainError(Effect):
    """Every element's gain is off by a normal number of SD `sigma`, which drifts in the time `drift_s`.

    g(t) = 1 + sigma (n1 cos(t / drift_s) + n2 sin(t / drift_s)), n1 and n2 the element's own: its SD is sigma at all
    times, and its correlation over a time t is cos(t / drift_s). 0.1 % and a minute are assumed; they make rings of
    some HU. Raises RecipeError if the measurement is not an X-ray scanner's.
    """

    sigma: Annotated[float, Ge(0)] = 0.001
    drift_s: Annotated[float, Gt(0)] = 60.0

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "GainError")
        data = np.ascontiguousarray(measured.data, np.float32)
        out = np.empty_like(data)
        phase = measured.view_s / self.drift_s
        waves = self.sigma * np.column_stack([np.cos(phase), np.sin(phase)])
        for views, shown in zip(data, out, strict=True):
            scaled(views, waves, rng.integers(0, 2**32, 2, dtype=np.uint32), shown)
        return replace(measured, data=out)


@njit(parallel=True, cache=True)
def scaled(views, waves, key, out):
    """`views` (views, columns, rows) times 1 + waves[view] . (n1, n2), with an element's own pair, into `out`."""
    count, columns, rows = views.shape
    for i in prange(columns):
        first, second = np.empty(rows), np.empty(rows)
        for j in range(rows):
            first[j], second[j] = gaussian_pair(i * rows + j, key[0], key[1])
        for v in range(count):
            for j in range(rows):
                gain = 1 + waves[v, 0] * first[j] + waves[v, 1] * second[j]
                out[v, i, j] = float32(views[v, i, j] * gain)
