"""Lesions as a model of real images would show them, where the truth has them; all else stays to the bit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, MinLen
from numpy.random import Generator

from pipelines.diffuse.folder import check_folder
from pipelines.diffuse.kinds import Sampler
from pipelines.learn.kinds import Truth
from pipelines.learn.sources.synthetic import picked
from simdata.errors import RecipeError, did_you_mean
from simdata.parts import Finish
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Inpaint(Finish):
    """What `truth` says is one of `classes`, and `margin_px` around it, drawn anew so that it fits (RePaint).

    Lugmayr et al. 2022, arXiv:2201.09865. A lesion is asked for by growing it (phantoms.lesions): its kind, place and
    size are the truth then. classes: of the model's. again: times that each step is done. model, image, truth, sampler,
    guidance, facts: as `Translate` has them. A sample without such a class stays as it is.
    """

    model: str
    truth: Truth
    classes: Annotated[tuple[str, ...], MinLen(1)]
    image: str = ""
    margin_px: Annotated[int, Ge(0)] = 2
    again: Annotated[int, Ge(1)] = 3
    sampler: Sampler | None = None
    guidance: Annotated[float, Gt(0)] = 1.0
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_folder(self.model, self.label)

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        from scipy.ndimage import binary_dilation

        from pipelines.diffuse.draw import Hand
        from pipelines.diffuse.model import kept
        from pipelines.diffuse.shown import labels_of, name_of, origin, shown, standing

        model, image = kept(self.model), picked(sample.images, self.image, self.label)
        known = model.recipe.classes
        for name in self.classes:
            if name not in known:
                raise RecipeError(f"{self.label}: the model knows no '{name}'; {did_you_mean(name, known)}")
        labels = labels_of(model, sample, image, self.truth, self.label)
        where = np.isin(labels, [known.index(name) + 1 for name in self.classes])
        if not where.any():
            return standing(sample, self.label, image, name_of(sample, image), self.label)
        if self.margin_px:
            where = binary_dilation(where, iterations=self.margin_px)
        seen = shown(model, image, self.label)
        hand = Hand(model=model, sampler=self.sampler, guidance=self.guidance, facts=self.facts)
        pixels = hand.inpaint(seen.pixels[None], labels[None], where[None], rng, self.again)[0]
        drawn = seen.drawn(pixels, f"{', '.join(self.classes)} drawn by diffusion, {origin(self.model)}", where)
        return standing(sample, self.label, drawn, name_of(sample, image), self.label)
