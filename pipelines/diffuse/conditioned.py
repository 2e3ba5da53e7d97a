"""How what is asked for gets into MONAI's networks."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from pipelines.learn.extra import extra


class Concatenated(Module):
    """A diffusion U-Net that sees the labels beside the noisy image, as further channels."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.unet = extra("monai.networks.nets").DiffusionModelUNet(**settings)

    def forward(self, noisy: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        return self.unet(torch.cat([noisy, condition], dim=1), timesteps=times)
