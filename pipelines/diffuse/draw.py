"""What a model makes: images of noise, of other images, and within a mask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8
from numpy import ndarray
from numpy.random import Generator
from torch import Tensor

from pipelines.diffuse.facts import Facts
from pipelines.diffuse.kinds import Sampler
from pipelines.diffuse.model import Diffuser
from pipelines.diffuse.space import touched
from pipelines.learn.example import UNKNOWN
from simdata.errors import DatasetError, RecipeError

Images = Float32[ndarray, "b c ..."]
Labels = UInt8[ndarray, "b ..."]


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A model, and how it draws. sampler: None for that of its recipe. guidance: as `Diffuser.says` has it.

    facts: what the model is told of every image, beside labels. Raises RecipeError for a sampler of another process,
    and for guidance of a model that is told nothing.
    """

    model: Diffuser
    sampler: Sampler | None = None
    guidance: float = 1.0
    facts: Facts = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chosen.check(self.model.recipe.process)
        if self.guidance != 1 and not (self.model.recipe.conditions and self.model.recipe.dropped):
            raise RecipeError(
                f"guidance is {self.guidance:g}, and the model was never told anything, or always; 1 would do"
            )

    @property
    def chosen(self) -> Sampler:
        """The sampler."""
        return self.sampler or self.model.recipe.sampler

    def synthesise(self, labels: Labels, rng: Generator) -> Images:
        """Images of these labels, 0 to 1; of anything where they are unknown (255)."""
        with _random(rng):
            return self._drawn(self._noise(labels), labels, 1.0)

    def translate(
        self, images: Images, labels: Labels, level: float, rng: Generator, kept: Bool[ndarray, "b ..."] | None = None
    ) -> Images:
        """These images as the model would show them: noise up to `level`, and out again (SDEdit).

        level: 0 leaves them nearly as they are, 1 forgets them. Meng et al. 2022, arXiv:2108.01073. kept: where they
        stay as they are, and what is drawn has to fit; nowhere if it is None.
        """
        self._check(images, labels)
        with _random(rng):
            clean, scheduler = self._clean(images), self.chosen.scheduler(self.model.recipe.process)
            begin = self.chosen.times(scheduler, level)[0]
            rest = None if kept is None else self._rest(clean, ~kept, 1)
            drawn = self._drawn(self._at(clean, begin), labels, level, rest)
        return drawn if kept is None else np.where(kept[:, None], images, drawn)

    def inpaint(
        self, images: Images, labels: Labels, where: Bool[ndarray, "b ..."], rng: Generator, again: int = 1
    ) -> Images:
        """These images, drawn anew where `where` is true so that it fits what is around it, which stays to the bit.

        again: times that each step is done, noise put back in between; more fit better. Lugmayr et al. 2022 (RePaint),
        arXiv:2201.09865, algorithm 1.
        """
        self._check(images, labels)
        with _random(rng):
            rest = self._rest(self._clean(images), where, again)
            drawn = self._drawn(self._noise(labels), labels, 1.0, rest)
        return np.where(where[:, None], drawn, images)

    def _drawn(self, begun: Tensor, labels: Labels, level: float, rest: "_Rest | None" = None) -> Images:
        """begun: images at the first time of a level."""
        model, sampler = self.model, self.chosen
        scheduler = sampler.scheduler(model.recipe.process)
        times = sampler.times(scheduler, level)
        says, image = model.says(model.condition(labels, self.facts), self.guidance), begun.to(model.device)
        with torch.no_grad():
            for time, after in pairwise(times):
                for turn in range(rest.again if rest and after > 0 else 1):
                    image = self._again(image, after, time) if turn else image
                    image = sampler.step(scheduler, says(image, time), time, after, image)
                    if rest:
                        image = torch.where(rest.hole, image, self._at(rest.clean, after))
            return model.space.decode(image).cpu().numpy()

    def _noise(self, labels: Labels) -> Tensor:
        space = self.model.space
        return torch.randn(len(labels), space.channels, *(edge // space.factor for edge in labels.shape[1:]))

    def _clean(self, images: Images) -> Tensor:
        with torch.no_grad():
            return self.model.space.encode(torch.from_numpy(images).to(self.model.device))

    def _rest(self, clean: Tensor, where: Bool[ndarray, "b ..."], again: int) -> "_Rest":
        hole = torch.from_numpy(where[:, None]).to(clean.device)
        return _Rest(clean, touched(hole, self.model.space.factor), again)

    def _at(self, clean: Tensor, time: int) -> Tensor:
        """Clean images with the noise of a time; with none at the end, 0 of a flow and -1 else."""
        if time < 0:
            return clean
        times = torch.full((len(clean),), time, device=clean.device)
        return self.model.recipe.process.noisy(clean, torch.randn(clean.shape).to(clean.device), times)

    def _again(self, image: Tensor, time: int, later: int) -> Tensor:
        """Images at a time as they are at a later one: x s + n r, so that signal and noise are those of that time."""
        (signal, noise), (signal_later, noise_later) = self._levels(time), self._levels(later)
        share = signal_later / signal
        more = max(noise_later**2 - (share * noise) ** 2, 0.0) ** 0.5
        return share * image + more * torch.randn(image.shape).to(image.device)

    def _levels(self, time: int) -> tuple[float, float]:
        """How much of the image and of the noise there is at a time."""
        one, none = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1)
        times, noisy = torch.tensor([time]), self.model.recipe.process.noisy
        return float(noisy(one, none, times)), float(noisy(none, one, times))

    def _check(self, images: Images, labels: Labels) -> None:
        wanted = (len(labels), self.model.channels, *labels.shape[1:])
        if images.shape != wanted:
            raise DatasetError(f"found images of {images.shape}; {wanted}, as the model and the labels are, would do")


@dataclass(frozen=True, eq=False)
class _Rest:
    """What is not drawn. clean: as the space has it. hole: (b, 1, *space), where it is drawn."""

    clean: Tensor
    hole: Tensor
    again: int


def untold(count: int, shape: tuple[int, ...]) -> Labels:
    """Labels that say nothing of any pixel."""
    return np.full((count, *shape), UNKNOWN, np.uint8)


@contextmanager
def _random(rng: Generator) -> Iterator[None]:
    """Within, torch's random numbers are those of `rng`."""
    with torch.random.fork_rng():
        torch.manual_seed(int(rng.integers(2**63)))
        yield
