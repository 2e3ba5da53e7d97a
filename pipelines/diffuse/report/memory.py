"""Does a model repeat what it has learnt from? Every made patch is looked for in all training images."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from scipy.fft import next_fast_len

from pipelines.progress import Progress

ALARM_SD = 3.0
"""Of unseen real patches, in Fisher's z: a copy is so much liker than they; of them 1 in 700 is, if z is normal."""
FLAT = 1e-6
Grey = Float32[ndarray, "..."]


@dataclass(frozen=True)
class Likeness:
    """The highest correlation of a patch with any place of a training image, as it is or mirrored, and which image."""

    correlation: float
    image: int


class Seen:
    """Training images, in which a patch of one size can be looked for."""

    def __init__(self, images: Sequence[Grey], patch: Sequence[int]) -> None:
        """images: of one grey level between 0 and 1, none smaller than `patch`."""
        self.patch = tuple(patch)
        self._images = [self._prepared(image) for image in images]

    def likeness(self, patch: Grey) -> Likeness:
        """Normalised cross-correlation with every place, by Fourier transforms. Lewis 1995, Vision Interface."""
        centred = patch.astype(float) - patch.mean()
        centred /= max(np.sqrt((centred**2).sum()), FLAT)
        turns = [np.flip(centred, axes) for axes in _mirrors(patch.ndim)]
        best = [max(self._highest(turn, image) for turn in turns) for image in self._images]
        number = int(np.argmax(best))
        return Likeness(min(best[number], 1.0), number)

    def _prepared(self, image: Grey):
        """Fourier transform, its shape, and what each place is divided by."""
        shape = tuple(int(next_fast_len(n, real=True) or n) for n in image.shape)
        waves = _waves(image, shape)
        boxes = np.ones(self.patch)
        total = self._valid(waves * np.conj(_waves(boxes, shape)), shape, image.shape)
        squares = self._valid(
            _waves(image.astype(float) ** 2, shape) * np.conj(_waves(boxes, shape)), shape, image.shape
        )
        spread = np.sqrt(np.maximum(squares - total**2 / boxes.size, 0))
        return waves, shape, image.shape, np.where(spread > FLAT * boxes.size, spread, np.inf)

    def _highest(self, centred: Float[ndarray, "..."], image) -> float:
        waves, shape, size, spread = image
        return float((self._valid(waves * np.conj(_waves(centred, shape)), shape, size) / spread).max())

    def _valid(self, waves, shape, size) -> Float[ndarray, "..."]:
        """The places at which a patch lies inside the image."""
        whole = np.fft.irfftn(waves, shape, range(len(shape)))
        return whole[tuple(slice(n - edge + 1) for n, edge in zip(size, self.patch, strict=True))]


def alarms(seen: Seen, asked: Sequence[Grey], unseen: Sequence[Grey], progress: Progress) -> Bool[ndarray, " n"]:
    """Which of the patches that are asked about are copies: much more like a training image than unseen ones are."""
    total = len(asked) + len(unseen)
    found = []
    for patch in [*unseen, *asked]:
        found.append(np.arctanh(min(seen.likeness(patch).correlation, 0.999999)))
        progress(len(found), total)
    usual, of_asked = np.array(found[: len(unseen)]), np.array(found[len(unseen) :])
    return of_asked > usual.mean() + ALARM_SD * usual.std(ddof=1)


def halved(image: Grey) -> Grey:
    """Means of blocks of two along every axis: what a copy with other noise still shares."""
    even = image[tuple(slice(n // 2 * 2) for n in image.shape)]
    shape = [part for n in even.shape for part in (n // 2, 2)]
    return even.reshape(shape).mean(axis=tuple(range(1, 2 * image.ndim, 2)))


def _waves(array: ndarray, shape: tuple[int, ...]) -> ndarray:
    return np.fft.rfftn(array.astype(float), shape, range(len(shape)))


def _mirrors(dimensions: int) -> list[tuple[int, ...]]:
    return [tuple(a for a, on in enumerate(chosen) if on) for chosen in product((False, True), repeat=dimensions)]
