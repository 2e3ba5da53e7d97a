"""Smooth random fields: what tissue is uneven by."""

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter, map_coordinates

KNOTS = 3.0
"""Knots of the lattice on which noise is drawn, within its width."""
SPREAD = 1.2
"""Standard deviation of the Gaussian that smooths the knots, in knots."""


def smooth_noise(shape: tuple[int, int], voxel_mm: float, width_mm: float, rng: Generator) -> Float32[ndarray, "x y"]:
    """Mean 0 and variance 1, alike within about width_mm."""
    step = max(width_mm / KNOTS / voxel_mm, 1.0)
    knots = rng.standard_normal([int(np.ceil(n / step)) + 4 for n in shape])
    knots = gaussian_filter(knots, SPREAD, mode="wrap")
    at = np.meshgrid(*((np.arange(n) / step + 1).astype(np.float32) for n in shape), indexing="ij")
    return map_coordinates((knots / knots.std()).astype(np.float32), at, order=3, mode="grid-wrap")


def sampled(
    table: Float[ndarray, "a b"], first: Float[ndarray, "x y"], second: Float[ndarray, "x y"]
) -> Float32[ndarray, "x y"]:
    """A periodic table of noise read at places in its own lattice."""
    at = [first.astype(np.float32), second.astype(np.float32)]
    return map_coordinates(table.astype(np.float32), at, order=1, mode="grid-wrap")
