"""A harder image: edges lifted as the software of many machines does it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from pipelines.learn.augment.look import Look


@dataclass(frozen=True, kw_only=True)
class Sharpen(Look):
    """v + a (v - blurred v), a between 0 and `most`: an unsharp mask. width: SD of the blur, pixels."""

    most: Annotated[float, Ge(0), Le(8)] = 1.0
    width: Annotated[float, Gt(0), Le(16)] = 1.0

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        soft = np.stack([gaussian_filter(channel, self.width) for channel in image])
        return image + np.float32(self.most * rng.random()) * (image - soft)
