"""A part of the patient: the box around one structure, as images of an organ are cut out."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from simdata import Growth, Scene, SceneError


@dataclass(frozen=True, kw_only=True)
class Around(Growth):
    """The patient cut to the box of `structure` and `margin_mm` more on every side, where he reaches as far.

    A margin is one of the whole scan too, so what follows in a recipe costs as little as the box is small.
    """

    structure: str = "hippocampus_left"
    margin_mm: Annotated[float, Ge(0), Le(500)] = 10.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        places = np.nonzero(scene.mask(self.structure))
        if not places[0].size:
            raise SceneError(f"Around: there is no {self.structure} in this patient; a structure that he has would do")
        first, last = [], []
        for at, n, spacing_mm in zip(places, scene.grid.shape, scene.grid.spacing_mm, strict=True):
            margin = round(self.margin_mm / spacing_mm)
            first.append(max(int(at.min()) - margin, 0))
            last.append(min(int(at.max()) + 1 + margin, n))
        x, y, z = (b - a for a, b in zip(first, last, strict=True))
        return scene.crop((first[0], first[1], first[2]), (x, y, z))
