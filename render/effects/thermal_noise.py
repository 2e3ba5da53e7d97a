"""Thermal noise of a magnetic resonance scan: coil and patient radiate into every sample of k-space."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.random import Generator

from render.kernels.noise import add_complex_gaussian
from simdata import Effect, Raw


@dataclass(frozen=True)
class ThermalNoise(Effect):
    """Normal noise of SD `sigma` in the real and in the imaginary part of every sample.

    sigma: a.u., where fully relaxed water gives 1. As k-space is orthonormal, the image's two parts have the same SD;
    its magnitude in air has the Rayleigh mean sigma sqrt(pi / 2). Gudbjartsson and Patz 1995, Magn Reson Med 34:910.
    """

    sigma: Annotated[float, Ge(0)] = 0.01

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        samples = np.ascontiguousarray(raw.data, np.complex64)
        noisy = np.empty_like(samples)
        key = rng.integers(0, 2**32, 2, dtype=np.uint32)
        add_complex_gaussian(samples.reshape(-1), self.sigma, key, noisy.reshape(-1))
        return replace(raw, data=noisy)
