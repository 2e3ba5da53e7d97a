"""Quantum noise: X-rays arrive one by one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from render.kernels.noise import poisson
from simdata import Effect, Raw


@dataclass(frozen=True)
class QuantumNoise(Effect):
    """Every detector element counts a Poisson number of photons, whose variance is its mean."""

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        mean = np.ascontiguousarray(raw.data, np.float32)
        counts = np.empty_like(mean)
        poisson(mean.reshape(-1), rng.integers(0, 2**32, 2, dtype=np.uint32), counts.reshape(-1))
        return replace(raw, data=counts)
