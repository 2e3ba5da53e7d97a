"""What the finishes share in which a model draws: what it is asked with, and where its image goes."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt
from numpy.random import Generator

from pipelines.diffuse.folder import check_folder
from pipelines.diffuse.kinds import Sampler
from pipelines.learn.kinds import Truth
from simdata.image import Image
from simdata.parts import Finish
from simdata.sample import Sample

if TYPE_CHECKING:
    from pipelines.diffuse.asked import Asked


@dataclass(frozen=True, kw_only=True)
class Drawing(Finish):
    """A further image of a sample, called by the part's name, that a model makes; the truth is untouched.

    model: a folder of `simdata diffuse train`. sampler: None for the model's own. guidance: more than 1 insists on the
    truth. facts: what a model with facts is told.
    """

    model: str
    sampler: Sampler | None = None
    guidance: Annotated[float, Gt(0)] = 1.0
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_folder(self.model, self.label)

    @abstractmethod
    def looks_at(self) -> tuple[str, Truth | None]:
        """The name of the image that it begins with, "" for the only one, and what the model is told of it."""

    @abstractmethod
    def drawn(self, asked: "Asked", rng: Generator) -> Image:
        """The image that it makes."""

    def __call__(self, sample: Sample, rng: Generator) -> Sample:
        from pipelines.diffuse.asked import asked, one_thread
        from pipelines.diffuse.shown import standing

        image, truth = self.looks_at()
        with one_thread():
            of = asked(self, sample, image, truth)
            return standing(sample, self.label, self.drawn(of, rng), of.name, self.label)
