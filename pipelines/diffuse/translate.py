"""A simulated image with the appearance of the images that a model has learnt; what it shows stays where it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Gt, Le
from numpy.random import Generator

from pipelines.diffuse.drawing import Drawing
from pipelines.learn.kinds import Truth
from pipelines.learn.sources.synthetic import turned
from simdata.image import Image

if TYPE_CHECKING:
    from pipelines.diffuse.asked import Asked


@dataclass(frozen=True, kw_only=True)
class Translate(Drawing):
    """Noise up to `level`, taken out by a model of real images (SDEdit). Meng et al. 2022, arXiv:2108.01073.

    image: its name, if there are several; the part may be called the same, and takes its place. level: more looks more
    real and keeps less; docs/diffusion.md has a table. truth: what a model with classes is told. keep: what of the
    truth stays as it was simulated, so that a higher level loses none of it. Others: as `Drawing` has them.
    """

    image: str = ""
    level: Annotated[float, Gt(0), Le(1)] = 0.3
    truth: Truth | None = None
    keep: Truth | None = None

    def looks_at(self) -> tuple[str, Truth | None]:
        return self.image, self.truth

    def drawn(self, asked: "Asked", rng: Generator) -> Image:
        seen, image = asked.seen(), asked.image
        kept = turned(image)(self.keep(asked.sample, image))[None] > 0 if self.keep else None
        pixels = asked.hand.translate(seen.pixels[None], asked.labels[None], self.level, rng, kept)[0]
        return seen.drawn(pixels, f"looks by diffusion up to level {self.level:g}, {asked.weights}")
