"""Looks that a network would see while it learns, given to a finished sample once and for all."""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32, Shaped
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.augment.look import Look
from simdata.errors import RecipeError, did_you_mean
from simdata.image import Image
from simdata.parts import Finish
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Looks(Finish):
    """`looks`, one after the other, on `images` by name, or on all. Where things lie stays the same, and so the truth.

    A look is made for values from 0 to 1: those of an image are put there from its least to its greatest, and back.
    What moves things is not for a finished sample, whose vessels, findings and organs would have to move too; a
    phantom's own dice and `Deformation` make another anatomy.
    """

    images: tuple[str, ...] = ()
    looks: tuple[Look, ...] = ()

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        for name in self.images:
            if name not in sample.images:
                raise RecipeError(f"Looks: there is no image '{name}'; {did_you_mean(name, sample.images)}")
        changed = {name: self._changed(sample.images[name], rng) for name in self.images or sample.images}
        return replace(sample, images=MappingProxyType({**sample.images, **changed}))

    def _changed(self, image: Image, rng: Generator) -> Image:
        seen = _channels(image.array)
        low, width = seen.min(), np.ptp(seen) or np.float32(1)
        seen = (seen - low) / width
        for look in self.looks:
            seen = look.look(seen, rng)
        back = (seen * width + low).reshape(image.array.shape)
        return replace(image, array=back.astype(np.float32))


def _channels(array: Shaped[ndarray, "..."]) -> Float32[ndarray, "c x y z"]:
    """An image with its channels first, and one where it has none; a picture is a volume of one slice."""
    return np.asarray(array, np.float32).reshape(-1, *array.shape[-3:])
