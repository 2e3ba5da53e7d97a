"""CutMix: a box of every patch of a batch comes from another patch, label and all."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Mixing


@dataclass(frozen=True, kw_only=True)
class CutMix(Mixing):
    """A box anywhere that holds a share 1 - s of the patch, s of a Beta(alpha, alpha). Yun et al. 2019, ICCV.

    What of the box would reach over the rim is cut off. Labels stay whole classes: of each pixel that of its patch.
    """

    alpha: Annotated[float, Gt(0)] = 1.0

    def __call__(
        self, images: Float32[ndarray, "b c ..."], targets: Float32[ndarray, "b classes ..."], rng: Generator
    ) -> tuple[Float32[ndarray, "b c ..."], Float32[ndarray, "b classes ..."]]:
        other = rng.permutation(len(images))
        mixed, along = images.copy(), targets.copy()
        for number, partner in enumerate(other):
            box = (number, slice(None), *self._box(images.shape[2:], rng))
            mixed[box], along[box] = images[partner, *box[1:]], targets[partner, *box[1:]]
        return mixed, along

    def _box(self, shape: tuple[int, ...], rng: Generator) -> tuple[slice, ...]:
        edge = (1 - rng.beta(self.alpha, self.alpha)) ** (1 / len(shape))
        size, middle = edge * np.array(shape), rng.random(len(shape)) * shape
        first, last = np.rint(middle - size / 2), np.rint(middle + size / 2)
        return tuple(slice(max(int(a), 0), int(b)) for a, b in zip(first, last, strict=True))
