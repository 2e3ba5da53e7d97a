"""MONAI's diffusion U-Net, ControlNet and SPADE as parts, of sizes that suit a machine without a GPU."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from pipelines.diffuse.kinds import Denoiser
from pipelines.learn.extra import check_torch
from simdata.errors import RecipeError

if TYPE_CHECKING:
    from torch.nn import Module

Count = Annotated[int, Ge(1)]


def _check_multiples(channels: Sequence[int], of: int, name: str) -> None:
    if any(features % of for features in channels):
        raise RecipeError(f"UNet: channels {list(channels)} with {name} of {of}; multiples of {of} would do")


def _check_told(conditions: int, name: str) -> None:
    if not conditions:
        raise RecipeError(f"{name}: the recipe has no classes to tell of; some, or a UNet, would do")


@dataclass(frozen=True, kw_only=True)
class UNet(Denoiser):
    """U-Net with the time in every block (Ho 2020; Rombach 2022); labels come as further channels of its input.

    channels: features of each level, each half as large as the one above. blocks: residual ones a level.
    attention: of the lowest levels, so many look everywhere in the patch; the very bottom always does. groups: of
    features that are normalised together. heads: features of each head of attention.
    """

    channels: tuple[Count, ...] = (32, 64, 64)
    blocks: Count = 1
    attention: Annotated[int, Ge(0)] = 0
    groups: Count = 8
    heads: Count = 32

    def __post_init__(self) -> None:
        if len(self.channels) < 2 or self.attention > len(self.channels):
            found = f"{len(self.channels)} channels and attention on {self.attention} levels"
            raise RecipeError(f"UNet: found {found}; two channels or more, and no more levels than that, would do")
        _check_multiples(self.channels, self.groups, "groups")
        _check_multiples(self.channels[-max(self.attention, 1) :], self.heads, "heads")

    def __call__(self, channels: int, conditions: int, dimensions: int) -> "Module":
        check_torch()
        from pipelines.diffuse.conditioned import Concatenated

        return Concatenated(**self.settings(channels + conditions, channels, dimensions))

    def settings(self, into: int, out: int, dimensions: int) -> dict[str, Any]:
        """What MONAI's network is made with. into, out: channels."""
        levels = len(self.channels)
        return {
            "spatial_dims": dimensions,
            "in_channels": into,
            "out_channels": out,
            "num_res_blocks": self.blocks,
            "channels": self.channels,
            "attention_levels": [level >= levels - self.attention for level in range(levels)],
            "norm_num_groups": self.groups,
            "num_head_channels": self.heads,
        }

    @property
    def step(self) -> int:
        return 2 ** (len(self.channels) - 1)


@dataclass(frozen=True, kw_only=True)
class ControlNet(Denoiser):
    """A U-Net that is told nothing, and a copy of its upper half that tells it of labels. Zhang 2023, arXiv:2302.05543.

    base: the U-Net. learns: "control" leaves the U-Net as it is, which makes sense with the recipe's `start`: a model
    of many images without labels learns to obey a few with them. features: of the first look at the labels.
    """

    base: UNet = UNet()
    learns: Literal["all", "control"] = "all"
    features: Count = 16

    def __call__(self, channels: int, conditions: int, dimensions: int) -> "Module":
        _check_told(conditions, "ControlNet")
        check_torch()
        from pipelines.diffuse.conditioned import Controlled

        settings = self.base.settings(channels, channels, dimensions)
        return Controlled(settings, conditions, self.features, self.learns == "control")

    @property
    def step(self) -> int:
        return self.base.step


@dataclass(frozen=True, kw_only=True)
class SPADE(Denoiser):
    """A U-Net whose way up is normalised by what the labels say there (Park 2019, arXiv:1903.07291; Wang 2022,
    arXiv:2207.00050): they are told anew at every size, and normalisation cannot wash them out.

    base: the U-Net. features: of what is looked up in the labels.
    """

    base: UNet = UNet()
    features: Count = 32

    def __call__(self, channels: int, conditions: int, dimensions: int) -> "Module":
        _check_told(conditions, "SPADE")
        check_torch()
        from pipelines.diffuse.conditioned import Modulated

        return Modulated(self.base.settings(channels, channels, dimensions), conditions, self.features)

    @property
    def step(self) -> int:
        return self.base.step
