"""Patches bent as soft tissue is: no two of a kind have the same shape."""

from dataclasses import dataclass
from math import pi
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.augment.geometry import places, pulled
from pipelines.learn.kinds import Augmentation
from render.shading import smooth
from simdata.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Elastic(Augmentation):
    """Every pixel moves along a smooth random map: by `amplitude` (SD, of the patch's width) along each axis.

    waves: half waves across the patch, at most. Raises RecipeError where the two together would fold it over.
    """

    amplitude: Annotated[float, Ge(0), Le(0.2)] = 0.02
    waves: Annotated[int, Gt(0), Le(16)] = 4

    def __post_init__(self) -> None:
        if self.amplitude * pi * self.waves > FOLDS:
            raise RecipeError(
                f"Elastic: an amplitude of {self.amplitude:g} in {self.waves} half waves folds a patch over; "
                f"at most {FOLDS / pi / self.waves:.2g} would do"
            )

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        moves = np.stack([n * self.amplitude * smooth(label.shape, self.waves, rng) for n in label.shape])
        return pulled(image, label, places(label.shape) + moves)


FOLDS = 0.5
"""Slope of a wave of one SD beyond which its crests overtake its troughs: 1 over two SD."""
