"""Networks of `simdata learn` that diffuse the mask: it becomes noise, and is made of noise again beside the image."""

from abc import abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, Le

from pipelines.diffuse.kinds import TIMES, Denoiser
from pipelines.diffuse.networks import UNet
from pipelines.learn.extra import extra
from pipelines.learn.kinds import Loss, Network, Through
from simdata.streams import Streams

if TYPE_CHECKING:
    from torch import Generator, Tensor
    from torch.nn import Module

OFFSET = 0.008
"""Of the cosine schedule: the first steps add some noise, too. Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17."""


@dataclass(frozen=True, kw_only=True)
class MaskDiffusion(Network):
    """A denoiser that is told the image and asked for the mask, whose shares of each class, the rest first, are noisy.

    base: the denoiser. steps: in which a mask is made of noise. samples: masks that are made of an image; their mean
    is the answer. What it says of a noisy mask is paid for by the loss of the recipe, as with any other network.
    """

    base: Denoiser = UNet()
    steps: Annotated[int, Ge(1), Le(TIMES)] = 10
    samples: Annotated[int, Ge(1)] = 4

    @abstractmethod
    def noisy(self, shares: "Tensor", signal: "Tensor", random: "Generator | None" = None) -> "Tensor":
        """Masks of which `signal`, (b, 1, ...), is left, 0 to 1, as the network sees them."""

    @abstractmethod
    def earlier(self, noisy: "Tensor", shares: "Tensor", signal: float, before: float, random: "Generator") -> "Tensor":
        """Masks with `before` of the signal, from those with `signal` of it, whose clean ones are likely `shares`."""

    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        return self.base(classes, channels, dimensions)

    @property
    def step(self) -> int:
        return self.base.step

    def cost(self, module: "Module", images: "Tensor", target: "Tensor", loss: Loss) -> "Tensor":
        torch = extra("torch")
        times = torch.randint(1, TIMES + 1, (len(images),))
        left = torch.tensor([signal(int(time)) for time in times]).reshape(-1, *[1] * (images.ndim - 1))
        unknown = (1 - target.sum(1, keepdim=True)) / target.shape[1]
        noisy = self.noisy(target + unknown, left.to(images.device))
        return loss(module(noisy, times.to(images.device), images).float(), target)

    def opinions(self, module: "Module", images: "Tensor", classes: int, through: Through) -> "Tensor":
        torch = extra("torch")
        random = torch.Generator().manual_seed(int(Streams(0)["opinions"].generator.integers(2**63)))
        seen = images.repeat(self.samples, *[1] * (images.ndim - 1))
        shares = torch.full((len(seen), classes, *images.shape[2:]), 1 / classes, device=images.device)
        noisy = self.noisy(shares, torch.zeros_like(shares[:, :1]), random)
        times = [round(TIMES * (1 - step / self.steps)) for step in range(self.steps + 1)]
        for time, after in pairwise(times):
            shares = through(_at(module, classes, time), torch.cat([noisy, seen], dim=1)).softmax(1)
            if after:
                noisy = self.earlier(noisy, shares, signal(time), signal(after), random)
        return shares.reshape(self.samples, len(images), *shares.shape[1:])


def signal(time: int) -> float:
    """How much of a mask is left at a time: 1 at 0, 0 at TIMES. Nichol and Dhariwal 2021, arXiv:2102.09672, eq. 17."""
    from math import cos, pi

    def falling(share: float) -> float:
        return cos((share + OFFSET) / (1 + OFFSET) * pi / 2) ** 2

    return max(falling(time / TIMES) / falling(0), 0.0) if time < TIMES else 0.0


def _at(module: "Module", classes: int, time: int):
    """What the network says at a time of masks and images behind each other in the channels."""

    def see(both: "Tensor") -> "Tensor":
        return module(both[:, :classes], both.new_full((len(both),), time), both[:, classes:]).float()

    return see
