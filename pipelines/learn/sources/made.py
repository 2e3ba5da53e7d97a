"""Samples that are made while the network learns, by a recipe of ours; no files."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge
from numpy.random import Generator

from pipelines.learn.example import Example
from pipelines.learn.kinds import Source, Truth
from pipelines.learn.opened import Opened
from pipelines.learn.sources.synthetic import example
from pipelines.make import make
from pipelines.recipe import load


@dataclass(frozen=True, kw_only=True)
class Made(Source):
    """recipe: a file, as `simdata generate` takes it, changed by `changes` such as "scan.ct.mas=50".

    truth, image: of Simulated. count: so many samples, over and over. reuse: steps for which a place in the batch keeps
    its sample, since a sample takes longer to make than a step.
    """

    recipe: str
    truth: Truth
    image: str = ""
    changes: tuple[str, ...] = ()
    count: Annotated[int, Ge(1)] = 1000
    reuse: Annotated[int, Ge(1)] = 20

    def open(self, classes: int) -> Opened:
        made = load(self.recipe, self.changes)
        self.truth.check(classes)

        names = [f"{self.recipe}[{index}]" for index in range(self.count)]

        def read(index: int) -> Example:
            return example(make(made.draw(index), made.seed, index), self.image, self.truth, names[index])

        return Opened(names, read)

    def pick(self, count: int, step: int, slot: int, batch: int, rng: Generator) -> int:
        """Every place of the batch changes its sample every `reuse` steps, one place after the other."""
        turn = (step + slot * self.reuse // batch) // self.reuse
        return (turn * batch + slot) % count
