"""Electronic noise of an X-ray detector: the amplifier's own unrest, which shows where few photons arrive."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from numpy.random import Generator

from render.kernels.noise import add_gaussian
from simdata import Effect, Raw


@dataclass(frozen=True)
class ElectronicNoise(Effect):
    """Normal noise of SD `electrons` at each element, where one photon frees `electrons_per_photon`.

    3500 electrons, and 17 electrons per keV at a mean of 60 keV: XCIST, evaluation/cfg/Scanner_Default.cfg.
    """

    electrons: Annotated[float, Ge(0)] = 3500.0
    electrons_per_photon: Annotated[float, Gt(0)] = 17.0 * 60.0

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        photons = np.ascontiguousarray(raw.data, np.float32)
        read = np.empty_like(photons)
        sigma = self.electrons / self.electrons_per_photon
        add_gaussian(photons.reshape(-1), sigma, rng.integers(0, 2**32, 2, dtype=np.uint32), read.reshape(-1))
        return replace(raw, data=read)
