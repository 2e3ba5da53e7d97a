"""Parts as newcomers write them: in each one thing is missing or wrong."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from simdata import Effect, Growth, Image, Phantom, Raw, Scanner

if TYPE_CHECKING:
    from numpy.random import Generator as Dice


class NoDecorator(Growth):
    width_mm: float = 3.0

    def __call__(self, scene, rng):
        return scene


@dataclass(frozen=True)
class NoVerb(Growth):
    width_mm: float = 3.0


@dataclass(frozen=True)
class NoReconstruct(Scanner):
    def measure(self, scene):
        return Raw(scene.labels, scene.grid, "a.u.")


@dataclass(frozen=True)
class ListField(Growth):
    at_mm: list[float] = field(default_factory=list)

    def __call__(self, scene, rng):
        return scene


@dataclass(frozen=True)
class ArrayField(Growth):
    at_mm: np.ndarray = field(default_factory=lambda: np.zeros(3))

    def __call__(self, scene, rng):
        return scene


@dataclass(frozen=True)
class NoType(Growth):
    width_mm = 3.0

    def __call__(self, scene, rng):
        return scene


@dataclass(frozen=True)
class UnknownType(Growth):
    dice: "Dice | None" = None

    def __call__(self, scene, rng):
        return scene


@dataclass(frozen=True)
class Refuses(Growth):
    def __post_init__(self):
        raise ValueError("never")

    def __call__(self, scene, rng):
        return scene


@dataclass(frozen=True)
class GivesNoPatient(Phantom):
    def __call__(self, rng):
        pass


@dataclass(frozen=True)
class GivesNothing(Growth):
    def __call__(self, scene, rng):
        pass


@dataclass(frozen=True)
class SpoilsInPlace(Effect):
    def __call__(self, raw, rng):
        raw.data[:] = 0


@dataclass(frozen=True)
class GivesArray(Scanner):
    def measure(self, scene):
        return scene.labels

    def reconstruct(self, raw):
        return raw


@dataclass(frozen=True)
class GivesComplex(Scanner):
    def measure(self, scene):
        return Raw(np.fft.fftn(scene.labels), scene.grid, "a.u.")

    def reconstruct(self, raw):
        return Image(raw.data, "a.u.", raw.grid)


@dataclass(frozen=True)
class GivesNaN(Scanner):
    def measure(self, scene):
        return Raw(np.full(scene.grid.shape, np.nan), scene.grid, "a.u.")

    def reconstruct(self, raw):
        return Image(raw.data, "a.u.", raw.grid)


@dataclass(frozen=True)
class WideLabels(Growth):
    def __call__(self, scene, rng):
        return replace(scene, labels=scene.labels.astype(int))
