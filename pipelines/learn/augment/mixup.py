"""Mixup: every patch of a batch with another shining through, and their labels by the same shares."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Mixing


@dataclass(frozen=True, kw_only=True)
class Mixup(Mixing):
    """share x + (1 - share) x', share of a Beta(alpha, alpha) distribution. Zhang et al. 2018, ICLR.

    alpha: 0.2 leaves most patches nearly alone; 1 mixes by any share alike.
    """

    alpha: Annotated[float, Gt(0)] = 0.2

    def __call__(
        self, images: Float32[ndarray, "b c ..."], targets: Float32[ndarray, "b classes ..."], rng: Generator
    ) -> tuple[Float32[ndarray, "b c ..."], Float32[ndarray, "b classes ..."]]:
        other = rng.permutation(len(images))
        share = rng.beta(self.alpha, self.alpha, (len(images), *[1] * (images.ndim - 1))).astype(np.float32)
        return share * images + (1 - share) * images[other], share * targets + (1 - share) * targets[other]
