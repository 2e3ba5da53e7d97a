"""A simulated image with the appearance of the images that a model has learnt; what it shows stays where it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Gt, Le
from numpy.random import Generator

from pipelines.diffuse.folder import check_folder
from pipelines.diffuse.kinds import Sampler
from pipelines.learn.kinds import Truth
from pipelines.learn.sources.synthetic import picked, turned
from simdata.parts import Finish
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Translate(Finish):
    """Noise up to `level`, taken out by a model of real images (SDEdit). Meng et al. 2022, arXiv:2108.01073.

    model: a folder of `simdata diffuse train`. image: its name, if there are several. level: more looks more real and
    keeps less; docs/diffusion.md has a table. truth: what a model with classes is told. keep: what of the truth
    stays as it was simulated, so that a higher level loses none of it. sampler: None for the model's
    own. guidance: more than 1 insists on the truth. facts: what
    a model with facts is told. The result is called by the part's name, which may be that of the
    image itself; the truth is untouched.
    """

    model: str
    image: str = ""
    level: Annotated[float, Gt(0), Le(1)] = 0.3
    truth: Truth | None = None
    keep: Truth | None = None
    sampler: Sampler | None = None
    guidance: Annotated[float, Gt(0)] = 1.0
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_folder(self.model, self.label)

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        from pipelines.diffuse.draw import Hand
        from pipelines.diffuse.model import kept
        from pipelines.diffuse.shown import labels_of, name_of, origin, shown, standing

        model, image = kept(self.model), picked(sample.images, self.image, self.label)
        labels = labels_of(model, sample, image, self.truth, self.label)
        seen = shown(model, image, self.label)
        hand = Hand(model=model, sampler=self.sampler, guidance=self.guidance, facts=self.facts)
        kept = turned(image)(self.keep(sample, image))[None] > 0 if self.keep else None
        pixels = hand.translate(seen.pixels[None], labels[None], self.level, rng, kept)[0]
        drawn = seen.drawn(pixels, f"looks by diffusion up to level {self.level:g}, {origin(self.model)}")
        return standing(sample, self.label, drawn, name_of(sample, image), self.label)
