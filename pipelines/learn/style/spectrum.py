"""Coarse texture as strong as in a real image: the lowest frequencies take its amplitudes."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Augmentation
from pipelines.learn.style.references import reference


@dataclass(frozen=True, kw_only=True)
class Spectrum(Augmentation):
    """|F| of the frequencies below a share of the highest becomes that of a real image of `images`; phases stay.

    Yang and Soatto 2020, CVPR (Fourier domain adaptation).
    ids: which of them, all for "". share: up to which it is drawn.
    """

    images: str
    ids: str = ""
    share: Annotated[float, Gt(0), Le(1)] = 0.05

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        real = _piece(reference(self.images, self.ids, rng).mean(axis=0), label.shape, rng)
        amplitude, share = np.abs(np.fft.fftn(real)), self.share * rng.random()
        low = _radius(label.shape) <= share / 2
        return np.stack([_lent(channel, amplitude, low) for channel in image]), label


def _lent(own: Float32[ndarray, "..."], amplitude: ndarray, low: ndarray) -> Float32[ndarray, "..."]:
    waves = np.fft.fftn(own)
    lent = np.where(low, amplitude * np.exp(1j * np.angle(waves)), waves)
    return np.clip(np.fft.ifftn(lent).real, 0, 1).astype(np.float32)


def _radius(shape: tuple[int, ...]) -> ndarray:
    """Of every frequency, cycles per pixel; 0.5 is the highest along an axis."""
    return np.sqrt(sum(np.square(axis) for axis in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")))


def _piece(real: Float32[ndarray, "..."], shape: tuple[int, ...], rng: Generator) -> Float32[ndarray, "..."]:
    """A piece of the real image as large as a patch; a smaller one is mirrored at its edges."""
    lacking = [max(wanted - there, 0) for wanted, there in zip(shape, real.shape, strict=True)]
    room = np.pad(real, [(0, lack) for lack in lacking], "symmetric")
    start = [int(rng.integers(0, n - wanted, endpoint=True)) for n, wanted in zip(room.shape, shape, strict=True)]
    return room[tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))]
