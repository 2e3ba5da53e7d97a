"""A test image as a worse machine, a worse day or another protocol would give it: parts, each with one strength.

What a real scanner does to a measurement is in `render.effects`; these spoil images that were measured long ago. They
are augmentations that are never drawn but named, so any augmentation may stand beside them in a study.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import affine_transform, gaussian_filter

from pipelines.learn.augment.look import Look
from pipelines.learn.example import Example
from pipelines.learn.kinds import Augmentation
from simdata.streams import Streams

SEED = 2025
"""One for all studies: every model is tested on the same degraded images."""


@dataclass(frozen=True, kw_only=True)
class MotionLines(Augmentation):
    """An eye that jerks: about `jerks` times some rows are white, and all below lies aside by a few columns.

    aside: SD of that, as a share of the width. rows: that are white, on average.
    """

    jerks: Annotated[float, Ge(0)] = 6.0
    aside: Annotated[float, Ge(0), Le(0.2)] = 0.01
    rows: Annotated[float, Ge(1)] = 2.0

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        image, label = image.copy(), label.copy()
        high, wide = label.shape[0], label.shape[-1]
        for row in np.sort(rng.integers(0, high, rng.poisson(self.jerks))):
            step = round(rng.normal(0, self.aside * wide))
            image[:, row:], label[row:] = np.roll(image[:, row:], step, -1), np.roll(label[row:], step, -1)
            white = slice(row, row + rng.geometric(1 / self.rows))
            image[:, white] += rng.uniform(0.3, 1.0) * (1 - image[:, white])
        return image, label


@dataclass(frozen=True, kw_only=True)
class GreyNoise(Look):
    """Grey levels that scatter by `sigma` of the whole scale."""

    sigma: Annotated[float, Ge(0), Le(1)] = 0.15

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        noise = rng.normal(0, self.sigma, image.shape).astype(np.float32)
        return np.clip(image + noise, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Defocus(Look):
    """A Gaussian blur of `sigma_px`."""

    sigma_px: Annotated[float, Ge(0)] = 2.0

    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        return gaussian_filter(image, (0, *[self.sigma_px] * (image.ndim - 1)), mode="nearest")


@dataclass(frozen=True, kw_only=True)
class FieldOfView(Augmentation):
    """The middle `share` of every edge fills the image: a scan of 3 mm of what was scanned with 6 mm."""

    share: Annotated[float, Gt(0.1), Le(1)] = 0.5

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        seen = np.stack([self._middle(channel, 1) for channel in image])
        return np.clip(seen, 0, 1).astype(np.float32), self._middle(label, 0)

    def _middle(self, plane: ndarray, order: int) -> ndarray:
        start: Any = [(n - 1) / 2 * (1 - self.share) for n in plane.shape]
        return affine_transform(plane, [self.share] * plane.ndim, start, order=order, mode="nearest")


def degraded(examples: Sequence[Example], how: Augmentation) -> list[Example]:
    """The examples under a degradation, each in its own range of values, spoilt in the same way in every study."""
    return [_degraded(example, how) for example in examples]


def _degraded(example: Example, how: Augmentation) -> Example:
    low, high = example.image.min(), example.image.max()
    scale = max(high - low, np.float32(1e-6))
    rng = Streams(SEED)[how.label][PurePath(example.name).name].generator
    image, label = how((example.image - low) / scale, example.known(), rng)
    return replace(example, image=low + scale * image, label=label)
