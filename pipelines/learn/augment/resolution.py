"""An image of larger pixels, or of thicker slices, drawn on the grid of the finer one."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter, map_coordinates

from pipelines.learn.augment.look import Look

SD_OF_A_PIXEL = 12**-0.5
"""Of what lies in a pixel one wide: the blur that such a pixel is taken for."""


@dataclass(frozen=True, kw_only=True)
class Resolution(Look):
    """Along each axis pixels become 1 to `most` times as wide: blurred by as much, sampled there, drawn linearly.

    Partial volume and sampling as in SynthSeg (Billot et al. 2023, Medical Image Analysis 86:102789). The label stays
    as fine as it was, which teaches a network to draw fine edges in coarse images.
    """

    most: Annotated[float, Ge(1), Le(16)] = 3.0

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        shape = np.array(image.shape[1:])
        wide = np.minimum(self.most ** rng.random(len(shape)), np.maximum(shape / 2, 1))
        coarse = np.maximum(np.rint(shape / wide).astype(int), 1)
        ratio = shape / coarse
        soft = [gaussian_filter(channel, SD_OF_A_PIXEL * np.sqrt(ratio**2 - 1)) for channel in image]
        return np.stack([_drawn(_drawn(channel, coarse), shape) for channel in soft])


def _drawn(image: Float32[ndarray, "..."], shape: ndarray) -> Float32[ndarray, "..."]:
    """`image` on a grid of another number of pixels that covers the same field."""
    steps = [(np.arange(new) + 0.5) * old / new - 0.5 for new, old in zip(shape, image.shape, strict=True)]
    return map_coordinates(image, np.meshgrid(*steps, indexing="ij"), order=1, mode="nearest")
