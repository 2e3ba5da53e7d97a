"""Smooth random maps of the kind that uneven illumination or a receive coil leaves."""

from math import prod

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator


def smooth(shape: tuple[int, ...], waves: int, rng: Generator) -> Float32[ndarray, "*n"]:
    """A map of mean 0 and SD 1: cosines of up to `waves` half waves across the array, weighted at random.

    A wave of k half waves weighs 1/k, so that what is wide is also strong. An axis of one voxel has none.
    """
    counts = tuple(1 if n == 1 else waves + 1 for n in shape)
    order = sum(np.meshgrid(*(np.arange(count) for count in counts), indexing="ij"))
    weights = rng.standard_normal(counts) / np.maximum(order, 1)
    weights[(0,) * len(shape)] = 0.0
    for axis, (n, count) in enumerate(zip(shape, counts, strict=True)):
        cosines = np.cos(np.pi * np.outer(np.arange(n) + 0.5, np.arange(count)) / n)
        weights = np.moveaxis(np.tensordot(cosines, weights, axes=(1, axis)), 0, axis)
    spread = float(weights.std()) if prod(shape) > 1 else 0.0
    return (weights / spread if spread > 0 else weights).astype(np.float32)
