"""Images whose looks are lent: a folder of real ones, of which no label is ever read."""

from dataclasses import replace
from functools import cache

from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.folders import source_of
from pipelines.learn.intensity import Percentiles
from pipelines.learn.opened import Opened

ROOM_BYTES = 10**9


def reference(images: str, ids: str, rng: Generator) -> Float32[ndarray, "c ..."]:
    """One of the images, any, with values between 0 and 1. Raises DatasetError if there is none."""
    there = _opened(images, ids)
    return there[int(rng.integers(len(there)))].image


@cache
def _opened(images: str, ids: str) -> Opened:
    there = source_of(images, ids=ids).open(1)
    as_seen = Percentiles()
    return Opened(there.names, lambda n: replace(there[n], image=as_seen(there[n].image)), ROOM_BYTES)
