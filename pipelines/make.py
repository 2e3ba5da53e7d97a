"""One run, downwards: a patient, what grows in it, its scans, the finish."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from time import perf_counter

from threadpoolctl import ThreadpoolController

from pipelines.recipe import Protocol
from simdata import Sample, Streams

VERSIONED = ("simdata", "numpy", "scipy", "numba", "h5py")


def make(protocol: Protocol, seed: int, index: int) -> Sample:
    """The sample `index` of a run. An exception carries a note that names the stage."""
    with _one_blas_thread():
        return _make(protocol, seed, index)


def _make(protocol: Protocol, seed: int, index: int) -> Sample:
    streams = Streams(seed, index)
    seconds: dict[str, float] = {}

    with _stage("phantom", seconds):
        scene = protocol.phantom(streams["phantom"].generator)
    for growth in protocol.grow:
        with _stage(f"grow/{growth.label}", seconds):
            scene = growth(scene, streams["grow"][growth.label].generator)

    images = {}
    for scanner in protocol.scan:
        with _stage(f"scan/{scanner.label}", seconds):
            images[scanner.label] = scanner(scene, streams["scan"][scanner.label])

    sample = Sample(index, seed, images, scene, protocol.describe(), versions(), {})
    for finish in protocol.finish:
        with _stage(f"finish/{finish.label}", seconds):
            sample = finish(sample, streams["finish"][finish.label].generator)
    return replace(sample, seconds=seconds)


@cache
def versions() -> dict[str, str]:
    """The versions that decide the bytes of a sample."""
    return {package: version(package) for package in VERSIONED}


def _one_blas_thread():
    """BLAS adds in an order that follows its number of threads, and the last bits with it: so there is one."""
    return _thread_pools().limit(limits=1, user_api="blas")


@cache
def _thread_pools() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401 - brings its BLAS in, to be found with numpy's

    return ThreadpoolController()


@contextmanager
def _stage(name: str, seconds: dict[str, float]) -> Iterator[None]:
    start = perf_counter()
    try:
        yield
    except Exception as error:
        error.add_note(f"in stage {name}")
        raise
    seconds[name] = perf_counter() - start
