"""Changes of what a patch looks like, which leave everything where it is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Augmentation


@dataclass(frozen=True, kw_only=True)
class Look(Augmentation, ABC):
    """A change of the image alone, (c, row, column) or (c, x, y, z), 0 to 1."""

    @abstractmethod
    def look(self, image: Float32[ndarray, "c ..."], rng: Generator) -> Float32[ndarray, "c ..."]:
        """The image as another machine, or another day, could have shown it."""

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        return self.look(image, rng), label
