"""Mirror images: an eye or a brain has no preferred side, and a vessel no preferred direction."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.kinds import Augmentation
from simdata.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Flip(Augmentation):
    """Each of `axes` is turned round in half of the patches; no pixel is interpolated.

    axes: of (row, column) or (x, y, z), counted from 0; none named are all. Volumes whose classes are left and right
    are not to be flipped along x.
    """

    axes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if any(not 0 <= axis <= 2 for axis in self.axes):
            raise RecipeError(f"Flip: found axes {list(self.axes)}; 0, 1 and 2 would do")

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        turned = [axis for axis in range(label.ndim) if rng.random() < 0.5 and axis in (self.axes or range(3))]
        turned_image = np.flip(image, tuple(axis + 1 for axis in turned))
        return np.ascontiguousarray(turned_image), np.ascontiguousarray(np.flip(label, tuple(turned)))
