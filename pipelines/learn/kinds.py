"""The kinds of part that a recipe of training is made of, beside the six of the ground floor."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from pipelines.learn.opened import Opened
from simdata.image import Image
from simdata.parts import Part
from simdata.sample import Sample

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

Through = Callable[[Callable[["Tensor"], "Tensor"], "Tensor"], "Tensor"]


@dataclass(frozen=True, kw_only=True)
class Network(Part, ABC):
    """What learns: images in, a number for each class out."""

    @abstractmethod
    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        """The network of (batch, channels, *space) to (batch, classes, *space). dimensions: 2 or 3, of space.

        One that learns and answers by `cost` and `opinions` of its own may take what it likes.
        """

    @property
    def step(self) -> int:
        """Edges of a patch are multiples of this."""
        return 1

    def cost(self, module: "Module", images: "Tensor", target: "Tensor", loss: "Loss") -> "Tensor":
        """What is learnt from: one number. images: (b, channels, *space), 0 to 1. target: as `Loss` has it."""
        return loss(module(images).float(), target)

    def opinions(self, module: "Module", images: "Tensor", classes: int, through: "Through") -> "Tensor":
        """How likely each class is, (samples, b, classes, *space), for each time that the network is asked: once.

        through: see, inputs to what `see` makes of inputs of any size, through windows as large as a patch.
        """
        return through(module, images).softmax(1)[None]


@dataclass(frozen=True, kw_only=True)
class Loss(Part, ABC):
    """What a prediction costs."""

    @abstractmethod
    def __call__(self, logits: "Tensor", target: "Tensor") -> "Tensor":
        """One number. logits: (b, classes, *space). target: the same, shares of each class, all 0 where unknown."""


@dataclass(frozen=True, kw_only=True)
class Intensity(Part, ABC):
    """Puts the values of an image between 0 and 1, so that images of several machines are alike."""

    @abstractmethod
    def __call__(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "c ..."]: ...


@dataclass(frozen=True, kw_only=True)
class Augmentation(Part, ABC):
    """Changes a patch as another image could have shown it.

    image: (c, row, column) or (c, x, y, z), 0 to 1. label: the same without the channel. Neither is written into, and
    both keep their shapes.
    """

    @abstractmethod
    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]: ...


@dataclass(frozen=True, kw_only=True)
class Mixing(Part, ABC):
    """Mixes the patches of a batch. images: (b, c, *space). targets: (b, classes, *space), shares of each class."""

    @abstractmethod
    def __call__(
        self, images: Float32[ndarray, "b c ..."], targets: Float32[ndarray, "b classes ..."], rng: Generator
    ) -> tuple[Float32[ndarray, "b c ..."], Float32[ndarray, "b classes ..."]]: ...


@dataclass(frozen=True, kw_only=True)
class Truth(Part, ABC):
    """What of a synthetic sample is to be learnt, as the labels of a real image would have it."""

    @abstractmethod
    def __call__(self, sample: Sample, image: Image) -> UInt8[ndarray, "x y z"]:
        """0 for the rest, 1.. for the classes, on the grid of `image`."""

    @abstractmethod
    def check(self, classes: int) -> None:
        """Raises RecipeError if it tells apart another number of classes."""


@dataclass(frozen=True, kw_only=True)
class Source(Part, ABC):
    """Where examples come from. augment: changes of its patches alone, before those of all."""

    augment: tuple[Augmentation, ...] = ()

    @abstractmethod
    def open(self, classes: int) -> Opened:
        """Its examples, in an order that every run has. classes: how many there are beside the rest."""

    def pick(self, count: int, step: int, slot: int, batch: int, rng: Generator) -> int:
        """Which of its `count` examples a patch is of, in place `slot` of the batch of a step: any."""
        return int(rng.integers(count))
