"""Another gain and offset: a flat, a harsh, a dark or a bright image."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.augment.look import Look


@dataclass(frozen=True, kw_only=True)
class Levels(Look):
    """Each channel v becomes m + c (v - m) + b, m its mean.

    contrast: c lies between 1 / (1 + contrast) and 1 + contrast. brightness: b lies within that, either way.
    """

    contrast: Annotated[float, Ge(0), Le(4)] = 0.25
    brightness: Annotated[float, Ge(0), Le(1)] = 0.1

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        middle = image.mean(axis=tuple(range(1, image.ndim)), keepdims=True)
        gain = np.float32((1 + self.contrast) ** rng.uniform(-1, 1))
        return middle + gain * (image - middle) + np.float32(self.brightness * rng.uniform(-1, 1))
