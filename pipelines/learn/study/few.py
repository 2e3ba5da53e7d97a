"""A few examples of a source: the k real images of an arm, or so many synthetic ones."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge
from numpy.random import Generator

from pipelines.learn.kinds import Source
from pipelines.learn.opened import Opened
from simdata.errors import RecipeError
from simdata.streams import Streams


@dataclass(frozen=True, kw_only=True)
class Few(Source):
    """The first `count` examples of `of`, in an order that the seed shuffles: those of 5 are among those of 10.

    The order follows the seed and how many there are, so all arms of a seed learn from the same images.
    """

    of: Source
    count: Annotated[int, Ge(1)] = 1
    seed: Annotated[int, Ge(0)] = 0

    def open(self, classes: int) -> Opened:
        examples = self.of.open(classes)
        if self.count > len(examples):
            found = f"{self.of.label} holds {len(examples)} images, and {self.count} are asked for"
            raise RecipeError(f"{found}; at most as many as there are would do")
        order = Streams(self.seed)["few"].generator.permutation(len(examples))[: self.count].tolist()
        return Opened([examples.names[place] for place in order], lambda number: examples[order[number]])

    def pick(self, count: int, step: int, slot: int, batch: int, rng: Generator) -> int:
        return self.of.pick(count, step, slot, batch, rng)


def few(source: Source, count: int, seed: int) -> Few:
    """So many examples of the source, under its name and with its augmentation."""
    return Few(name=source.label, augment=source.augment, of=source, count=count, seed=seed)
