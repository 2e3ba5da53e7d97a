"""An image made of labels alone, as a model of real images would show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Gt
from numpy.random import Generator

from pipelines.diffuse.folder import check_folder
from pipelines.diffuse.kinds import Sampler
from pipelines.learn.kinds import Truth
from pipelines.learn.sources.synthetic import picked
from simdata.parts import Finish
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Synthesise(Finish):
    """Noise that becomes an image of what `truth` says.

    model: a folder of `simdata diffuse train`, with classes. like: the name of an image that lends its grid, its values
    and its truth, if there are several; none of its pixels is seen. sampler, guidance, facts: as `Translate` has them.
    The result is called by the part's name.
    """

    model: str
    truth: Truth
    like: str = ""
    sampler: Sampler | None = None
    guidance: Annotated[float, Gt(0)] = 1.0
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_folder(self.model, self.label)

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        from pipelines.diffuse.draw import Hand
        from pipelines.diffuse.model import kept
        from pipelines.diffuse.shown import labels_of, name_of, origin, shown, standing

        model, image = kept(self.model), picked(sample.images, self.like, self.label)
        labels = labels_of(model, sample, image, self.truth, self.label)
        hand = Hand(model=model, sampler=self.sampler, guidance=self.guidance, facts=self.facts)
        pixels = hand.synthesise(labels[None], rng)[0]
        drawn = shown(model, image, self.label).drawn(pixels, f"made of labels by diffusion, {origin(self.model)}")
        return standing(sample, self.label, drawn, name_of(sample, image), self.label)
