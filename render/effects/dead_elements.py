"""Dead elements of an X-ray detector: they read nothing, whatever shines on them."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator

from render.photons import Photons, photons
from simdata import Effect, Raw, RecipeError

Place = tuple[Annotated[int, Ge(0)], Annotated[int, Ge(0)]]


@dataclass(frozen=True)
class DeadElements(Effect):
    """A random `share` of the elements is dead, and those listed in `elements`, (column, row), are so too.

    All channels and views of them read 0. What a machine does about it is an effect of its own, `DefectCorrection`.
    Raises RecipeError if an element lies beyond the detector or the measurement is not an X-ray scanner's.
    """

    share: Annotated[float, Ge(0), Le(1)] = 1e-4
    elements: tuple[Place, ...] = ()

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "DeadElements")
        return replace(measured, data=measured.data * ~self._dead(measured.data.shape[2:], rng))

    def _dead(self, shape: tuple[int, int], rng: Generator) -> Bool[ndarray, "columns rows"]:
        dead = np.zeros(shape, bool)
        many = rng.binomial(dead.size, self.share)
        dead.flat[rng.choice(dead.size, many, replace=False)] = True
        for column, row in self.elements:
            if column >= shape[0] or row >= shape[1]:
                raise RecipeError(
                    f"DeadElements: found element ({column}, {row}) on a detector of {shape[0]} columns and {shape[1]} "
                    "rows; one of its own would do"
                )
            dead[column, row] = True
        return dead
