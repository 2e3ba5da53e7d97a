"""The kinds of part that a recipe of diffusion is made of: what denoises, how noise comes in, how it is taken out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from simdata.errors import RecipeError
from simdata.parts import Part

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

TIMES = 1000
"""Steps from an image to noise. Ho et al. 2020, arXiv:2006.11239."""


@dataclass(frozen=True, kw_only=True)
class Denoiser(Part, ABC):
    """What learns: a noisy image, how noisy it is and what it shows, to what a `Process` asks for."""

    @abstractmethod
    def __call__(self, channels: int, conditions: int, dimensions: int) -> "Module":
        """A module of forward(noisy, times, condition) to (b, channels, *space).

        noisy: (b, channels, *space). times: (b,), 0 to TIMES. condition: (b, conditions, *space), shares of the rest
        and of each class, all 0 where nothing is told; conditions is 0 for a model that is told nothing.
        """

    @property
    @abstractmethod
    def step(self) -> int:
        """Edges of a patch are multiples of this."""


@dataclass(frozen=True, kw_only=True)
class Process(Part, ABC):
    """How an image becomes noise in TIMES steps, and what the network is asked for. Images lie between -1 and 1."""

    @abstractmethod
    def times(self, images: "Tensor") -> "Tensor":
        """How noisy each image of a batch is to be, (b,), by torch's random numbers."""

    @abstractmethod
    def noisy(self, images: "Tensor", noise: "Tensor", times: "Tensor") -> "Tensor":
        """The images at these times. noise: of their shape, normal."""

    @abstractmethod
    def target(self, images: "Tensor", noise: "Tensor", times: "Tensor") -> "Tensor":
        """What the network should say of them."""


@dataclass(frozen=True, kw_only=True)
class Sampler(Part, ABC):
    """How noise is taken out again: in how many steps, and by which formula. undoes: the kind of process."""

    undoes: ClassVar[type[Process]]

    @abstractmethod
    def scheduler(self, process: Any) -> Any:
        """MONAI's scheduler, a fresh one, for a process that it undoes."""

    @abstractmethod
    def times(self, scheduler: Any, level: float) -> Sequence[int]:
        """Falling times of its steps, from the share `level` of TIMES on, and the one that the last step ends at."""

    def step(self, scheduler: Any, said: "Tensor", time: int, after: int, image: "Tensor") -> "Tensor":
        """The image at time `after`, from that at `time` and what the network said of it."""
        return scheduler.step(said, time, image)[0]

    def check(self, process: Process) -> None:
        """Raises RecipeError for a process that it does not undo."""
        if not isinstance(process, self.undoes):
            found = f"{type(self).__name__} undoes {self.undoes.__name__}, and the process is {type(process).__name__}"
            raise RecipeError(f"sampler: {found}; a sampler of {type(process).__name__} would do")
