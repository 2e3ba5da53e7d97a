"""Training of a denoiser: noise is put into patches, or their latents, and the network says what it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import mse_loss

from pipelines.diffuse.recipe import Diffusion
from pipelines.diffuse.run import Task
from pipelines.diffuse.space import Latents, Pixels, coarse
from pipelines.learn.train import seed
from simdata.streams import Streams


@dataclass(frozen=True, kw_only=True)
class Denoising(Task):
    """Mean squared error of what the process asks for. space: where. facts: of each source, those of each example."""

    recipe: Diffusion
    space: Pixels | Latents
    facts: Mapping[str, Sequence[ndarray]]

    def loss(
        self, network: Module, step: int, images: Tensor, labels: Tensor, chosen: Sequence[tuple[str, int]]
    ) -> Tensor:
        process, place = self.recipe.process, self.place
        slots = list(place.slots(self.recipe.batch))
        with torch.no_grad():
            clean = self.space.encode(images.to(place.device))
        seed(Streams(self.recipe.seed, step)["torch"])
        whole = torch.empty(self.recipe.batch, *clean.shape[1:])
        times, noise = process.times(whole)[slots], torch.randn_like(whole)[slots]
        facts = torch.from_numpy(np.stack([self.facts[name][number] for name, number in chosen]))
        condition = coarse(self._told(labels, facts), self.space.factor).to(place.device)

        noise, times = noise.to(place.device), times.to(place.device)
        with place.half():
            found = network(process.noisy(clean, noise, times), times, condition)
        return mse_loss(found.float(), process.target(clean, noise, times))

    def _told(self, labels: Tensor, facts: Tensor) -> Tensor:
        """The condition, but for what is not told: of a share of patches nothing; of as many not the labels, and not
        one of the facts, drawn anew for each. Random numbers are those of the whole batch."""
        recipe = self.recipe
        kinds = [recipe.labels, *(fact.width for fact in recipe.facts)]
        slots = list(self.place.slots(recipe.batch))
        each = torch.rand(recipe.batch, 1 + len(kinds))[slots] >= recipe.dropped
        told = (each[:, :1] & each[:, 1:] if recipe.facts else each[:, :1]).repeat_interleave(
            torch.tensor(kinds), dim=1
        )
        flat = [1] * (labels.ndim - 2)
        everywhere = facts.reshape(*facts.shape, *flat).expand(-1, -1, *labels.shape[2:])
        return torch.cat([labels[:, : recipe.labels], everywhere], dim=1) * told.reshape(*told.shape, *flat)
