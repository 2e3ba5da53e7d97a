"""Grain of a worse sensor, where the noise that physics gives is not known."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.augment.look import Look


@dataclass(frozen=True, kw_only=True)
class Noise(Look):
    """Normal noise, independent in every pixel, of an SD between 0 and `most`."""

    most: Annotated[float, Ge(0), Le(1)] = 0.05

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        sd = np.float32(self.most * rng.random())
        return image + sd * rng.standard_normal(image.shape, np.float32)
