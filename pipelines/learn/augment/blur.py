"""A softer image: out of focus, or of a detector that spreads."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from pipelines.learn.augment.look import Look


@dataclass(frozen=True, kw_only=True)
class Blur(Look):
    """A Gaussian of an SD between 0 and `most` pixels."""

    most: Annotated[float, Ge(0), Le(16)] = 1.0

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        sd = self.most * rng.random()
        return np.stack([gaussian_filter(channel, sd) for channel in image])
