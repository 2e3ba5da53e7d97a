"""Uneven brightness across a patch: a receive coil, a lamp or an eye that lets less light in on one side."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.augment.look import Look
from render.shading import smooth


@dataclass(frozen=True, kw_only=True)
class BiasField(Look):
    """Times exp(s n), s between 0 and `most`, n a smooth random map of mean 0 and SD 1 with up to `waves` half waves.

    The bias field of SynthSeg (Billot et al. 2023, Medical Image Analysis 86:102789), by cosines instead of a coarse
    grid of random numbers.
    """

    most: Annotated[float, Ge(0), Le(2)] = 0.3
    waves: Annotated[int, Ge(1), Le(8)] = 3

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        strength = np.float32(self.most * rng.random())
        return image * np.exp(strength * smooth(image.shape[1:], self.waves, rng))
