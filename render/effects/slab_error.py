"""Surfaces found in the wrong place: an OCT angiograph that shows parts of the layers above or below its own."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from render.oct.echoes import echoes
from simdata import Effect, Raw

TRUNCATE = 3.0
"""Standard deviations at which a Gaussian ends."""


@dataclass(frozen=True)
class SlabError(Effect):
    """Both surfaces of the slab lie too deep by a smooth random field, in whole voxels.

    error_mm: its SD; patch_mm: how wide its patches are; shift_mm: its mean. The truth stays that of the right slab.
    """

    error_mm: Annotated[float, Ge(0)] = 0.008
    patch_mm: Annotated[float, Gt(0)] = 0.6
    shift_mm: float = 0.0

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        raw = echoes(raw, type(self).__name__)
        x, y, z = raw.slab.shape
        spread = np.array([self.patch_mm / 2 / step for step in raw.step_mm[:2]])
        beyond = np.ceil(TRUNCATE * spread).astype(int)
        noise = gaussian_filter(rng.standard_normal((x, y) + 2 * beyond), spread, truncate=TRUNCATE)
        noise = noise[beyond[0] :, beyond[1] :][:x, :y] * np.sqrt(4 * np.pi * spread.prod())
        deeper = np.rint((self.shift_mm + self.error_mm * noise) / raw.step_mm[2]).astype(int)
        found = np.arange(z) - deeper[..., None]
        slab = np.take_along_axis(raw.slab, np.clip(found, 0, z - 1), axis=2) & (found >= 0) & (found < z)
        return replace(raw, slab=slab)
