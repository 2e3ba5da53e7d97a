"""An image made of labels alone, as a model of real images would show them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numpy.random import Generator

from pipelines.diffuse.drawing import Drawing
from pipelines.learn.kinds import Truth
from simdata.image import Image

if TYPE_CHECKING:
    from pipelines.diffuse.asked import Asked


@dataclass(frozen=True, kw_only=True)
class Synthesise(Drawing):
    """Noise that becomes an image of what `truth` says, by a model with classes.

    like: the name of an image that lends its grid, its values and its truth, if there are several; none of its pixels
    is seen. Others: as `Drawing` has them.
    """

    truth: Truth
    like: str = ""

    def looks_at(self) -> tuple[str, Truth | None]:
        return self.like, self.truth

    def drawn(self, asked: "Asked", rng: Generator) -> Image:
        pixels = asked.hand.synthesise(asked.labels[None], rng)[0]
        return asked.seen().drawn(pixels, f"made of labels by diffusion, {asked.weights}")
