"""Lesions as a model of real images would show them, where the truth has them; all else stays to the bit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import Ge, MinLen
from numpy.random import Generator

from pipelines.diffuse.drawing import Drawing
from pipelines.learn.kinds import Truth
from simdata.errors import RecipeError, did_you_mean
from simdata.image import Image

if TYPE_CHECKING:
    from pipelines.diffuse.asked import Asked


@dataclass(frozen=True, kw_only=True)
class Inpaint(Drawing):
    """What `truth` says is one of `classes`, and `margin_px` around it, drawn anew so that it fits (RePaint).

    Lugmayr et al. 2022, arXiv:2201.09865. A lesion is asked for by growing it (phantoms.lesions): its kind, place and
    size are the truth then. classes: of the model's. image: its name, if there are several. again: times that each step
    is done. Others: as `Drawing` has them. A sample without such a class stays as it is.
    """

    truth: Truth
    classes: Annotated[tuple[str, ...], MinLen(1)]
    image: str = ""
    margin_px: Annotated[int, Ge(0)] = 2
    again: Annotated[int, Ge(1)] = 3

    def looks_at(self) -> tuple[str, Truth | None]:
        return self.image, self.truth

    def drawn(self, asked: "Asked", rng: Generator) -> Image:
        from scipy.ndimage import binary_dilation

        known = asked.hand.model.recipe.classes
        for name in self.classes:
            if name not in known:
                raise RecipeError(f"{self.label}: the model knows no '{name}'; {did_you_mean(name, known)}")
        where = np.isin(asked.labels, [known.index(name) + 1 for name in self.classes])
        if not where.any():
            return asked.image
        if self.margin_px:
            where = binary_dilation(where, iterations=self.margin_px)
        seen = asked.seen()
        pixels = asked.hand.inpaint(seen.pixels[None], asked.labels[None], where[None], rng, self.again)[0]
        return seen.drawn(pixels, f"{', '.join(self.classes)} drawn by diffusion, {asked.weights}", where)
