"""Samples for training as they are made: no files, no end, and the same samples in every run."""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from pipelines.make import make
from pipelines.recipe import Recipe, load, with_seed_and_count
from pipelines.recipe import recipe as checked
from simdata.sample import Sample


def generate(
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *,
    seed: int | None = None,
    start: int = 0,
    step: int = 1,
    plugins: tuple[str, ...] = (),
) -> Iterator[Sample]:
    """The samples start, start + step, ... of a recipe, without end: `for sample in simdata.generate("ct.yaml")`.

    recipe: a file, the tree in it, or what `pipelines.recipe.load` gave. seed: instead of the recipe's. A sample is
    byte for byte the one that `simdata generate` stores under its index. The recipe is checked here, before the first
    sample; raises RecipeError. A sample that cannot be made raises what its part raises, with a note that says where
    one goes on.
    """
    made = with_seed_and_count(_recipe(recipe, plugins), seed, None)
    return _samples(made, start, step)


def _recipe(recipe: Recipe | Mapping[str, Any] | str | Path, plugins: tuple[str, ...]) -> Recipe:
    if isinstance(recipe, Recipe):
        return recipe
    return load(recipe, (), plugins) if isinstance(recipe, str | Path) else checked(recipe, plugins)


def _samples(recipe: Recipe, start: int, step: int) -> Iterator[Sample]:
    for index in count(start, step):
        try:
            sample = make(recipe.draw(index), recipe.seed, index)
        except Exception as error:
            error.add_note(f"sample {index} of seed {recipe.seed} failed; start={index + step} goes on after it")
            raise
        yield sample
