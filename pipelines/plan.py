"""Planning: what a run would make, measured on its first sample; nothing is written."""

import sys
from dataclasses import dataclass
from io import BytesIO
from time import perf_counter

import h5py

from pipelines.make import make
from pipelines.recipe import Recipe
from simdata.hdf5 import write_sample

WARM_UP_LIMIT_S = 60.0
"""A first sample slower than this is not made a second time to take the compiler out of its time."""


@dataclass(frozen=True)
class Estimate:
    """count: samples. bytes and seconds: of one sample on the disk and in one process. peak_bytes: memory of that
    process, None where the system does not tell. arrays: name to shape and type."""

    count: int
    bytes: int
    seconds: float
    peak_bytes: int | None
    arrays: dict[str, str]
    stages: dict[str, float]

    def total_seconds(self, workers: int) -> float:
        """Time for the whole run when `workers` processes share it evenly."""
        return self.count * self.seconds / workers


def plan(recipe: Recipe) -> Estimate:
    """Makes the first sample (twice if it is quick, so that compiling is not counted) and measures it."""
    seconds, size, sample = _timed(recipe)
    if seconds < WARM_UP_LIMIT_S:
        seconds, size, sample = _timed(recipe)
    arrays = {name: f"{image.array.shape} {image.array.dtype} {image.unit}" for name, image in sample.images.items()}
    labels = sample.scene.labels
    return Estimate(
        count=recipe.count,
        bytes=size,
        seconds=seconds,
        peak_bytes=_peak_bytes(),
        arrays=arrays | {"labels": f"{labels.shape} {labels.dtype}"},
        stages={stage: round(s, 3) for stage, s in sample.seconds.items()},
    )


def _timed(recipe: Recipe):
    start = perf_counter()
    sample = make(recipe.draw(0), recipe.seed, 0)
    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        write_sample(file, sample)
    return perf_counter() - start, len(memory.getvalue()), sample


def _peak_bytes() -> int | None:
    if sys.platform == "win32":
        return None
    from resource import RUSAGE_SELF, getrusage

    peak = getrusage(RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
