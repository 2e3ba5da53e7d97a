"""The six kinds of part. A part is a final frozen dataclass: its fields are its parameters, and it has one verb.

A recipe names a part by its dotted path (`kind: render.ct.CT`), so a new part is one new file.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from numpy.random import Generator

from simdata.errors import SceneError
from simdata.image import Image, Raw
from simdata.sample import Sample
from simdata.scene import Scene
from simdata.streams import Streams

T = TypeVar("T")


def given(what: object, wanted: type[T], by: str) -> T:
    """`what` a part gave, if it is of the type that its kind gives. Raises SceneError, which says so of `by`."""
    if not isinstance(what, wanted):
        raise SceneError(f"{by} gave {type(what).__name__}; a {wanted.__name__} would do")
    return what


@dataclass(frozen=True, kw_only=True)
class Part:
    """Anything a recipe can build. name: tells apart two parts of one kind."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    name: str = ""

    @property
    def label(self) -> str:
        """What its images and random stream are called: its name, or its class in lower case."""
        return self.name or type(self).__name__.lower()


@dataclass(frozen=True, kw_only=True)
class Phantom(Part, ABC):
    """Makes a patient."""

    @abstractmethod
    def __call__(self, rng: Generator) -> Scene: ...


@dataclass(frozen=True, kw_only=True)
class Growth(Part, ABC):
    """Grows something in a patient: vessels, a lesion, a motion."""

    @abstractmethod
    def __call__(self, scene: Scene, rng: Generator) -> Scene: ...


@dataclass(frozen=True, kw_only=True)
class Effect(Part, ABC):
    """Spoils a measurement as the real machine does: noise, a ring, a spike."""

    @abstractmethod
    def __call__(self, raw: Raw, rng: Generator) -> Raw: ...


@dataclass(frozen=True, kw_only=True)
class Scanner(Part, ABC):
    """Scans a patient: measure, then each effect on the raw data, then reconstruct, and the truth goes along."""

    effects: tuple[Effect, ...] = ()

    @abstractmethod
    def measure(self, scene: Scene) -> Raw:
        """The noiseless measurement."""

    @abstractmethod
    def reconstruct(self, raw: Raw) -> Image:
        """The image of a measurement."""

    def truth(self, scene: Scene, image: Image) -> Image:
        """`image` with what is true of the patient in its own geometry, where that is not the scene's."""
        return image

    def __call__(self, scene: Scene, streams: Streams) -> Image:
        raw = given(self.measure(scene), Raw, f"{self.label}.measure")
        for effect in self.effects:
            raw = given(effect(raw, streams[effect.label].generator), Raw, f"{self.label}.effects.{effect.label}")
        return self.truth(scene, given(self.reconstruct(raw), Image, f"{self.label}.reconstruct"))


@dataclass(frozen=True, kw_only=True)
class Finish(Part, ABC):
    """Changes a finished sample: augmentation."""

    @abstractmethod
    def __call__(self, sample: Sample, rng: Generator) -> Sample: ...


@dataclass(frozen=True, kw_only=True)
class Sink(Part, ABC):
    """Writes samples somewhere: each by itself, then what is said of all of them."""

    @abstractmethod
    def write(self, index: int, sample: Sample) -> Any:
        """Writes one sample; gives what `finish` needs to know of it, a few words and numbers."""

    def finish(self, written: Sequence[Any]) -> None:
        """Writes what is said of all samples, such as their list, from what `write` gave of each, in order."""
