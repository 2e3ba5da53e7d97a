"""How many samples make a file of some megabytes: measured on one sample, so that every run finds the same number."""

from io import BytesIO

import h5py

from pipelines.make import make
from pipelines.recipe import Recipe
from simdata.hdf5 import write_sample

TRIES = 10
"""Samples that may fail before no size is known, and each is a file of its own."""


def samples_per_shard(recipe: Recipe, megabytes: float) -> int:
    """Samples for files of about `megabytes`, at least one."""
    size = next(filter(None, (_bytes(recipe, index) for index in range(min(TRIES, recipe.count)))), None)
    return max(1, int(megabytes * 1e6 / size)) if size else 1


def _bytes(recipe: Recipe, index: int) -> int | None:
    """Of a sample in a file; None if it cannot be made, of which the run itself will tell."""
    try:
        sample = make(recipe.draw(index), recipe.seed, index)
    except Exception:
        return None
    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        write_sample(file, sample)
    return len(memory.getvalue())
