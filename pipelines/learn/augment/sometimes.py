"""Changes that happen to some patches only."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Augmentation


@dataclass(frozen=True, kw_only=True)
class Sometimes(Augmentation):
    """All of `parts`, one after the other, in a `share` of the patches; the others stay as they are."""

    share: Annotated[float, Ge(0), Le(1)] = 0.5
    parts: tuple[Augmentation, ...] = ()

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        if rng.random() < self.share:
            for part in self.parts:
                image, label = part(image, label, rng)
        return image, label
