"""Training of an autoencoder: images become latents and images again, and latents nearly normal."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import l1_loss

from pipelines.diffuse.latent import Encoding
from pipelines.diffuse.run import Task
from pipelines.diffuse.space import Latents
from pipelines.learn.train import seed
from simdata.streams import Streams


@dataclass(frozen=True, kw_only=True)
class Autoencoding(Task):
    """Mean absolute error, and the divergence from a normal distribution.

    Kingma and Welling 2014, arXiv:1312.6114, appendix B.
    """

    recipe: Encoding
    network: Latents

    def loss(
        self, network: Module, step: int, images: Tensor, labels: Tensor, chosen: Sequence[tuple[str, int]]
    ) -> Tensor:
        seed(Streams(self.recipe.seed, step)["torch"])
        seen = images.to(self.place.device)
        with self.place.half():
            again, mean, spread = (found.float() for found in network(seen))
        apart = 0.5 * (mean**2 + spread**2 - 2 * spread.log() - 1).mean()
        return l1_loss(again, seen) + self.recipe.latent.divergence * apart

    def finish(self, images: Tensor) -> None:
        self.network.eval()
        with torch.no_grad():
            self.network.measure(images)
