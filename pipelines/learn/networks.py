"""Networks of MONAI as parts: what they are called there, with sizes that suit a machine without a GPU."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Lt

from pipelines.learn.extra import extra
from pipelines.learn.kinds import Network
from simdata.errors import RecipeError

if TYPE_CHECKING:
    from torch.nn import Module

Share = Annotated[float, Ge(0), Lt(1)]
Count = Annotated[int, Ge(1)]
SWIN_STEP = 32
"""Patches of a Swin transformer are halved five times."""


@dataclass(frozen=True, kw_only=True)
class UNet(Network):
    """U-Net, as it stands of 0.2 million weights in two dimensions (Ronneberger 2015; Kerfoot 2018).

    channels: features of each level. strides: by which each level is smaller than the one above. residual_units:
    convolutions of a level with a way around them; 0 for one plain convolution. norm: of features; "batch" can be
    adapted to images without labels.
    """

    channels: tuple[Count, ...] = (16, 32, 64, 128)
    strides: tuple[Count, ...] = (2, 2, 2)
    residual_units: Annotated[int, Ge(0)] = 1
    norm: Literal["instance", "batch"] = "instance"
    dropout: Share = 0.0

    def __post_init__(self) -> None:
        _check_levels(self.channels, self.strides, "UNet")

    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        return _nets().UNet(
            dimensions,
            channels,
            classes,
            self.channels,
            self.strides,
            num_res_units=self.residual_units,
            norm=self.norm,
            dropout=self.dropout,
        )

    @property
    def step(self) -> int:
        return math.prod(self.strides)


@dataclass(frozen=True, kw_only=True)
class AttentionUNet(Network):
    """U-Net whose upper levels look where the lower ones tell them to (Oktay 2018). channels, strides: of UNet."""

    channels: tuple[Count, ...] = (16, 32, 64, 128)
    strides: tuple[Count, ...] = (2, 2, 2)
    dropout: Share = 0.0

    def __post_init__(self) -> None:
        _check_levels(self.channels, self.strides, "AttentionUNet")

    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        return _nets().AttentionUnet(dimensions, channels, classes, self.channels, self.strides, dropout=self.dropout)

    @property
    def step(self) -> int:
        return math.prod(self.strides)


@dataclass(frozen=True, kw_only=True)
class DynUNet(Network):
    """The U-Net of nnU-Net: two convolutions a level, every level half as large (Isensee 2021).

    filters: features of each level, from the whole patch down.
    """

    filters: tuple[Count, ...] = (16, 32, 64, 128)
    norm: Literal["instance", "batch"] = "instance"
    residual: bool = False
    dropout: Share = 0.0

    def __post_init__(self) -> None:
        if len(self.filters) < 3:
            raise RecipeError(f"DynUNet: filters is {self.filters}; three levels or more would do")

    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        levels = len(self.filters)
        return _nets().DynUNet(
            dimensions,
            channels,
            classes,
            kernel_size=[3] * levels,
            strides=[1] + [2] * (levels - 1),
            upsample_kernel_size=[2] * (levels - 1),
            filters=self.filters,
            norm_name=(self.norm, {"affine": True}),
            res_block=self.residual,
            dropout=self.dropout or None,
        )

    @property
    def step(self) -> int:
        return 2 ** (len(self.filters) - 1)


@dataclass(frozen=True, kw_only=True)
class SegResNet(Network):
    """Residual encoder with a light decoder (Myronenko 2018). filters: of the first level, a multiple of 8."""

    filters: Annotated[int, Ge(8)] = 8
    down: tuple[Count, ...] = (1, 2, 2, 4)
    up: tuple[Count, ...] = (1, 1, 1)
    dropout: Share = 0.0

    def __post_init__(self) -> None:
        if self.filters % 8 or len(self.up) != len(self.down) - 1:
            found = f"filters {self.filters}, {len(self.down)} levels down and {len(self.up)} up"
            raise RecipeError(f"SegResNet: found {found}; a multiple of 8 and one level less up would do")

    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        return _nets().SegResNet(
            dimensions,
            self.filters,
            channels,
            classes,
            self.dropout or None,
            blocks_down=self.down,
            blocks_up=self.up,
        )

    @property
    def step(self) -> int:
        return 2 ** len(self.up)


@dataclass(frozen=True, kw_only=True)
class SwinUNETR(Network):
    """Transformer of shifted windows with a convolutional decoder (Hatamizadeh 2022). features: a multiple of 12."""

    features: Annotated[int, Gt(0)] = 24
    window: Annotated[int, Ge(2)] = 7
    dropout: Share = 0.0

    def __post_init__(self) -> None:
        if self.features % 12:
            raise RecipeError(f"SwinUNETR: features is {self.features}; a multiple of 12 would do")

    def __call__(self, channels: int, classes: int, dimensions: int) -> "Module":
        return _nets().SwinUNETR(
            channels,
            classes,
            window_size=self.window,
            feature_size=self.features,
            drop_rate=self.dropout,
            spatial_dims=dimensions,
        )

    @property
    def step(self) -> int:
        return SWIN_STEP


def _nets() -> Any:
    return extra("monai.networks.nets")


def _check_levels(channels: Sequence[int], strides: Sequence[int], name: str) -> None:
    if len(channels) < 2 or len(strides) != len(channels) - 1:
        found = f"{len(channels)} channels and {len(strides)} strides"
        raise RecipeError(f"{name}: found {found}; two levels or more, and a stride between any two, would do")
