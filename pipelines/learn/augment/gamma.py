"""Another curve from signal to grey: darker or brighter middles, black and white kept."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.augment.look import Look


@dataclass(frozen=True, kw_only=True)
class Gamma(Look):
    """v ** g, g between 1 / (1 + most) and 1 + most, as often above as below 1."""

    most: Annotated[float, Ge(0), Le(4)] = 0.5

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        return np.maximum(image, np.float32(0)) ** np.float32((1 + self.most) ** rng.uniform(-1, 1))
