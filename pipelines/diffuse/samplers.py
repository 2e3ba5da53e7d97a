"""Samplers of MONAI as parts: DDPM in a thousand steps; DDIM, PNDM and rectified flow in a few."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import Ge, Le

from pipelines.build import build, describe
from pipelines.diffuse.kinds import TIMES, Process, Sampler
from pipelines.diffuse.processes import Flow, Gaussian
from simdata.errors import RecipeError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor

Steps = Annotated[int, Ge(1), Le(TIMES)]


@dataclass(frozen=True, kw_only=True)
class DDPM(Sampler):
    """All steps, each with noise of its own: the reference. Ho et al. 2020, arXiv:2006.11239, algorithm 2."""

    undoes: ClassVar[type[Process]] = Gaussian

    def scheduler(self, process: Any) -> Any:
        return process.scheduler("DDPMScheduler")

    def times(self, scheduler: Any, level: float) -> Sequence[int]:
        return [*_from(scheduler, level), -1]


@dataclass(frozen=True, kw_only=True)
class DDIM(Sampler):
    """`steps` of equal length without noise, a divisor of 1000. Song et al. 2021, arXiv:2010.02502, eq. 12.

    They begin with the last time, as Lin et al. 2024, arXiv:2305.08891, say they should ("trailing").
    """

    undoes: ClassVar[type[Process]] = Gaussian
    steps: Steps = 50

    def __post_init__(self) -> None:
        if TIMES % self.steps:
            raise RecipeError(f"DDIM: steps is {self.steps}; a divisor of {TIMES}, such as 20, 50 or 100, would do")

    def scheduler(self, process: Any) -> Any:
        made = process.scheduler("DDIMScheduler", steps_offset=TIMES // self.steps - 1)
        made.set_timesteps(self.steps)
        return made

    def times(self, scheduler: Any, level: float) -> Sequence[int]:
        return [*_from(scheduler, level), -1]


@dataclass(frozen=True, kw_only=True)
class PNDM(Sampler):
    """`steps` of a linear multi-step method after a Runge-Kutta start. Liu et al. 2022, arXiv:2202.09778.

    Its start is made for pure noise: it does not translate or inpaint.
    """

    undoes: ClassVar[type[Process]] = Gaussian
    steps: Annotated[int, Ge(5), Le(TIMES)] = 50

    def scheduler(self, process: Any) -> Any:
        made = process.scheduler("PNDMScheduler", set_alpha_to_one=True)
        made.set_timesteps(self.steps)
        made.num_inference_steps = self.steps  # MONAI 1.6 counts the Runge-Kutta calls too, and steps too short then
        return made

    def times(self, scheduler: Any, level: float) -> Sequence[int]:
        if level < 1:
            raise RecipeError(f"PNDM: asked to begin at a level of {level:g}; DDIM would do, or a level of 1")
        return [*scheduler.timesteps.tolist(), -1]


@dataclass(frozen=True, kw_only=True)
class Euler(Sampler):
    """`steps` of equal length along a rectified flow. Liu et al. 2023, arXiv:2209.03003."""

    undoes: ClassVar[type[Process]] = Flow
    steps: Steps = 20

    def scheduler(self, process: Any) -> Any:
        made = process.scheduler()
        made.set_timesteps(self.steps)
        return made

    def times(self, scheduler: Any, level: float) -> Sequence[int]:
        return [*_from(scheduler, level), 0]

    def step(self, scheduler: Any, said: "Tensor", time: int, after: int, image: "Tensor") -> "Tensor":
        return scheduler.step(said, time, image, after)[0]


def _from(scheduler: Any, level: float) -> list[int]:
    """The times up to a level; the lowest one for a level below all of them."""
    times = scheduler.timesteps.tolist()
    return [time for time in times if time < level * TIMES or level == 1] or times[-1:]


def named(name: str, steps: int, own: Sampler) -> Sampler:
    """The sampler that a command asks for: `own` for "", with another number of steps if it is not 0.

    Raises RecipeError for a name that no sampler has, and for steps of one that has none to choose.
    """
    known = {kind.__name__.lower(): kind for kind in (DDPM, DDIM, PNDM, Euler)}
    if name and name not in known:
        raise RecipeError(f"--sampler {name}: there is no such sampler; {did_you_mean(name, known)}")
    chosen = known[name]() if name else own
    if not steps:
        return chosen
    if isinstance(chosen, DDPM) or not isinstance(chosen, (DDIM, PNDM, Euler)):
        raise RecipeError(f"--steps {steps}: {type(chosen).__name__} has no number of steps; --sampler ddim would do")
    return build(describe(chosen) | {"steps": steps}, Sampler, "--steps")
