"""A latent space to diffuse in: what an autoencoder makes of images, which is trained before."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge, MinLen

from pipelines.diffuse.lessons import Averaged
from pipelines.learn.extra import check_torch
from pipelines.learn.recipe import Stage
from simdata.errors import RecipeError
from simdata.parts import Part

if TYPE_CHECKING:
    from pipelines.diffuse.space import Latents

Count = Annotated[int, Ge(1)]
FOLDER = "autoencoder"
"""In that of the model: the weights, and the scale of the latents among them."""


@dataclass(frozen=True, kw_only=True)
class Autoencoder(Part):
    """Images as few numbers, and back: AutoencoderKL. Rombach et al. 2022, arXiv:2112.10752.

    channels: features of each level, each half as large as the one above: a latent stands for a block of pixels
    2 ** (levels - 1) long. latents: channels of them. blocks: residual ones a level. groups: of features that are
    normalised together. divergence: weight of the latents' mean divergence from a normal distribution, beside the mean
    absolute error; there is no perceptual loss and no critic. stages: in which it is trained, before the diffusion.
    """

    stages: Annotated[tuple[Stage, ...], MinLen(1)]
    channels: tuple[Count, ...] = (16, 32, 32)
    latents: Count = 3
    blocks: Count = 1
    groups: Count = 8
    divergence: Annotated[float, Ge(0)] = 1e-3

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or any(features % self.groups for features in self.channels):
            found = f"found channels {list(self.channels)} with groups of {self.groups}"
            raise RecipeError(f"Autoencoder: {found}; two multiples of {self.groups} or more would do")

    @property
    def factor(self) -> int:
        """Pixels to a latent, along each edge."""
        return 2 ** (len(self.channels) - 1)

    def __call__(self, channels: int, dimensions: int) -> "Latents":
        """The module, of images of so many channels."""
        check_torch()
        from pipelines.diffuse.space import Latents

        return Latents(
            self.factor,
            self.latents,
            spatial_dims=dimensions,
            in_channels=channels,
            out_channels=channels,
            num_res_blocks=self.blocks,
            channels=self.channels,
            attention_levels=[False] * len(self.channels),
            norm_num_groups=self.groups,
        )


@dataclass(frozen=True, kw_only=True)
class Encoding(Averaged):
    """Lessons of an autoencoder: those of the recipe that it is part of, but for the stages."""

    latent: Autoencoder

    @property
    def step(self) -> int:
        return self.latent.factor
