"""Planning: what a run would make, measured on its first sample; nothing is written."""

import math
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from time import perf_counter

import h5py

from pipelines.machine import free_bytes, memory_bytes
from pipelines.make import make
from pipelines.progress import size
from pipelines.recipe import Recipe
from simdata.errors import RecipeError
from simdata.hdf5 import write_sample

WARM_UP_LIMIT_S = 5.0
"""A first sample slower than this is not made a second time to take the compiler out of its time."""


LEAST_BYTES = 3
"""Of a voxel: its label (2) and its tissue (1)."""
SMALLER = "a coarser voxel_mm, a smaller shape, or a machine with more memory would do"


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
    """Makes the first sample (twice if it is quick, so that compiling is not counted) and measures it.

    Raises RecipeError if one sample is more than the memory of this machine, before anything is made where its grid
    is written in the recipe.
    """
    _check_grid(recipe)
    try:
        seconds, bytes, sample = _timed(recipe)
        if seconds < WARM_UP_LIMIT_S:
            seconds, bytes, sample = _timed(recipe)
    except MemoryError as reason:
        raise RecipeError(f"one sample does not fit into the memory of this machine ({reason}); {SMALLER}") from reason
    arrays = {name: f"{image.array.shape} {image.array.dtype} {image.unit}" for name, image in sample.images.items()}
    labels = sample.scene.labels
    return Estimate(
        count=recipe.count,
        bytes=bytes,
        seconds=seconds,
        peak_bytes=_peak_bytes(),
        arrays=arrays | {"labels": f"{labels.shape} {labels.dtype}"},
        stages={stage: round(s, 3) for stage, s in sample.seconds.items()},
    )


def check_fits(estimate: Estimate, workers: int, folder: Path) -> None:
    """Raises RecipeError, with what would fit, if the run is more than this machine's memory or the folder's disk."""
    memory, free = memory_bytes(), free_bytes(folder)
    if memory and estimate.peak_bytes and workers * estimate.peak_bytes > memory:
        fit = memory // estimate.peak_bytes
        raise RecipeError(
            f"{workers} workers of {size(estimate.peak_bytes)} do not fit into the {size(memory)} of this machine; "
            + (f"--workers {fit} would do" if fit else SMALLER)
        )
    if estimate.count * estimate.bytes > free:
        fit = free // estimate.bytes
        raise RecipeError(
            f"{estimate.count} samples of {size(estimate.bytes)} do not fit into the {size(free)} that are free at "
            f"{folder}; "
            + (f"--count {fit}, or an --out on another disk, would do" if fit else "another disk would do")
        )


def _check_grid(recipe: Recipe) -> None:
    """A phantom that says its shape needs labels and tissues of it at least."""
    shape = getattr(recipe.draw(0).phantom, "shape", None)
    memory = memory_bytes()
    if memory and isinstance(shape, tuple) and (least := math.prod(shape) * LEAST_BYTES) > memory:
        raise RecipeError(
            f"phantom: a shape of {shape} needs {size(least)} at least, and this machine has {size(memory)}; {SMALLER}"
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
