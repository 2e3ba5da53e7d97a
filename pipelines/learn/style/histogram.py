"""Grey levels as often as in a real image: histogram matching (Gonzalez and Woods, ch. 3)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Augmentation
from pipelines.learn.style.references import reference

LEVELS = 256


@dataclass(frozen=True, kw_only=True)
class Histogram(Augmentation):
    """Each grey level becomes that of the same rank in a real image of the folder `images`, another one each time.

    ids: which of them, all for "". strength: 0 leaves the patch as it was; drawn anew each time, up to this.
    """

    images: str
    ids: str = ""
    strength: Annotated[float, Ge(0), Le(1)] = 1.0

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        real, share = reference(self.images, self.ids, rng), np.float32(self.strength * rng.random())
        matched = np.stack([_matched(own, other) for own, other in zip(image, _like(real, len(image)), strict=True)])
        return (image + share * (matched - image)).astype(np.float32), label


def _matched(own: Float32[ndarray, "..."], other: Float32[ndarray, "..."]) -> Float32[ndarray, "..."]:
    ranks = np.linspace(0, 100, LEVELS)
    levels = np.percentile(own, ranks) + np.arange(LEVELS) * 1e-9  # rising, also where many pixels are alike
    return np.interp(own, levels, np.percentile(other, ranks)).astype(np.float32)


def _like(real: Float32[ndarray, "c ..."], channels: int) -> Float32[ndarray, "channels ..."]:
    """The real image with as many channels; of a grey one each is the same."""
    return real if len(real) == channels else np.repeat(real.mean(axis=0, keepdims=True), channels, axis=0)
