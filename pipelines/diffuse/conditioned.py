"""How what is asked for gets into MONAI's networks."""

from collections.abc import Mapping
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


class Controlled(Module):
    """A diffusion U-Net that sees the noisy image alone, and a ControlNet that whispers to its layers what is there.

    The whispers begin as zeros: so long as nothing was learnt the images are those of the U-Net alone.
    """

    def __init__(self, settings: Mapping[str, Any], conditions: int, features: int, alone: bool) -> None:
        """features: of the first look at the labels. alone: the U-Net's weights stay as they are."""
        super().__init__()
        nets = extra("monai.networks.nets")
        self.unet = nets.DiffusionModelUNet(**settings)
        self.unet.requires_grad_(not alone)
        shared = {name: value for name, value in settings.items() if name != "out_channels"}
        self.control = nets.ControlNet(
            **shared,
            conditioning_embedding_in_channels=conditions,
            conditioning_embedding_num_channels=(features,),
        )

    def forward(self, noisy: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        down, middle = self.control(noisy, times, condition)
        return self.unet(
            noisy, timesteps=times, down_block_additional_residuals=down, mid_block_additional_residual=middle
        )


class Modulated(Module):
    """A diffusion U-Net whose upward path is told in every block, at its own size, what is where: by scale and shift
    of normalised features, which are looked up in the labels (SPADE)."""

    def __init__(self, settings: Mapping[str, Any], conditions: int, features: int) -> None:
        """features: of what is looked up."""
        super().__init__()
        self.unet = extra("monai.networks.nets").SPADEDiffusionModelUNet(
            **settings, label_nc=conditions, spade_intermediate_channels=features
        )

    def forward(self, noisy: Tensor, times: Tensor, condition: Tensor) -> Tensor:
        return self.unet(noisy, timesteps=times, seg=condition)
