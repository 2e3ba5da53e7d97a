"""One run, downwards: a patient, what grows in it, its scans, the finish."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from time import perf_counter

from threadpoolctl import ThreadpoolController

from pipelines.recipe import Protocol
from simdata import Image, Sample, Scene, SceneError, Streams
from simdata.parts import given

VERSIONED = ("simdata", "numpy", "scipy", "numba", "h5py")


def make(protocol: Protocol, seed: int, index: int) -> Sample:
    """The sample `index` of a run. An exception carries a note that names the stage."""
    with _one_blas_thread():
        return _make(protocol, seed, index)


def _make(protocol: Protocol, seed: int, index: int) -> Sample:
    streams = Streams(seed, index)
    seconds: dict[str, float] = {}

    with _stage("phantom", seconds):
        scene = given(protocol.phantom(streams["phantom"].generator), Scene, protocol.phantom.label)
    for growth in protocol.grow:
        with _stage(f"grow/{growth.label}", seconds):
            scene = given(growth(scene, streams["grow"][growth.label].generator), Scene, growth.label)

    images = {}
    for scanner in protocol.scan:
        with _stage(f"scan/{scanner.label}", seconds):
            image = given(scanner(scene, streams["scan"][scanner.label]), Image, scanner.label)
            images[scanner.label] = _finite(image, scanner.label)

    sample = Sample(index, seed, images, scene, protocol.describe(), versions(), {})
    for finish in protocol.finish:
        with _stage(f"finish/{finish.label}", seconds):
            sample = given(finish(sample, streams["finish"][finish.label].generator), Sample, finish.label)
    return replace(sample, seconds=seconds)


def _finite(image: Image, name: str) -> Image:
    if not image.finite:
        raise SceneError(f"{name}: its image holds NaN or infinite values; finite numbers would do")
    return image


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
