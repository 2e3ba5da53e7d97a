"""Where noise comes in and goes out: the pixels of images, or the latents of an autoencoder."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from pipelines.learn.extra import extra

EXTENT_SD = 3.0
"""Of latents, that lies at 1, where samplers cut off what they expect: as many hold 99.7 % of a normal distribution."""


class Pixels(Module):
    """Images between 0 and 1 as they are, between -1 and 1."""

    factor = 1

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def encode(self, images: Tensor) -> Tensor:
        """(b, c, *space) to the same."""
        return 2 * images - 1

    def decode(self, clean: Tensor) -> Tensor:
        """The way back, cut off at 0 and 1."""
        return (clean.clamp(-1, 1) + 1) / 2


class Latents(Module):
    """The means that MONAI's AutoencoderKL makes of images, in units of three of their SD (Rombach 2022)."""

    scale: Tensor

    def __init__(self, factor: int, latents: int, **settings: Any) -> None:
        """factor: pixels to a latent, along each edge. latents: channels of them."""
        super().__init__()
        self.factor, self.channels = factor, latents
        self.coder = extra("monai.networks.nets").AutoencoderKL(
            latent_channels=latents,
            with_encoder_nonlocal_attn=False,  # an image may be larger than a patch, and is seen at once
            with_decoder_nonlocal_attn=False,
            **settings,
        )
        self.register_buffer("scale", torch.ones(()))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images made of latents that are drawn about their mean, by torch's random numbers; mean and SD of those."""
        mean, spread = self.coder.encode(2 * images - 1)
        latents = mean + spread * torch.randn(mean.shape).to(mean.device)
        return (self.coder.decode(latents) + 1) / 2, mean, spread

    def encode(self, images: Tensor) -> Tensor:
        """(b, c, *space), 0 to 1, to (b, channels, *space / factor)."""
        return self.scale * self.coder.encode(2 * images - 1)[0]

    def decode(self, clean: Tensor) -> Tensor:
        """The way back, cut off at 0 and 1."""
        return (self.coder.decode(clean / self.scale).clamp(-1, 1) + 1) / 2

    def measure(self, images: Tensor) -> None:
        """Sets the scale by the latents of these."""
        self.scale.fill_(1 / (EXTENT_SD * float(self.coder.encode(2 * images - 1)[0].detach().std())))


def coarse(shares: Tensor, factor: int) -> Tensor:
    """The mean of each block of pixels, (b, c, *space / factor): what a latent is told."""
    return _blocks(shares, factor).mean(-1)


def touched(hole: Tensor, factor: int) -> Tensor:
    """The latents with any pixel of a hole in their block."""
    return _blocks(hole, factor).any(-1)


def _blocks(array: Tensor, factor: int) -> Tensor:
    """(b, c, *space) as (b, c, *space / factor, pixels of a block)."""
    for axis in range(2, array.ndim):
        array = array.unflatten(axis, (-1, factor)).movedim(axis + 1, -1)
    return array.flatten(2 + (array.ndim - 2) // 2)
