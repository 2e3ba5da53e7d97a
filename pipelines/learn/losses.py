"""Losses: overlap, cross-entropy and centrelines, by MONAI where it has them; what is unknown costs nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Ge

from pipelines.learn.extra import extra
from pipelines.learn.kinds import Loss

if TYPE_CHECKING:
    from torch import Tensor

Weight = Annotated[float, Ge(0)]


@dataclass(frozen=True, kw_only=True)
class DiceCE(Loss):
    """1 - Dice of the classes over the whole batch, and cross-entropy of each pixel (Isensee 2021)."""

    dice: Weight = 1.0
    cross_entropy: Weight = 1.0

    def __call__(self, logits: "Tensor", target: "Tensor") -> "Tensor":
        overlap = extra("monai.losses").DiceLoss(include_background=False, batch=True)
        known = target.sum(1, keepdim=True)
        entropy = -(target * logits.log_softmax(1)).sum() / known.sum().clamp(min=1)
        return self.dice * overlap(logits.softmax(1) * known, target) + self.cross_entropy * entropy


@dataclass(frozen=True, kw_only=True)
class ClDice(Loss):
    """1 - clDice: how much of each skeleton lies in the other's mask (Shit 2021, arXiv:2003.07311).

    thinnings: steps of soft erosion, about half the width of the widest vessel in pixels.
    """

    thinnings: Annotated[int, Ge(1)] = 5

    def __call__(self, logits: "Tensor", target: "Tensor") -> "Tensor":
        centrelines = extra("monai.losses").SoftclDiceLoss(iter_=self.thinnings, include_background=False)
        return centrelines(logits.softmax(1) * target.sum(1, keepdim=True), target)


@dataclass(frozen=True, kw_only=True)
class DiceCEClDice(Loss):
    """Both of them, each by its weight."""

    area: DiceCE = DiceCE()
    centreline: ClDice = ClDice()
    area_weight: Weight = 1.0
    centreline_weight: Weight = 0.5

    def __call__(self, logits: "Tensor", target: "Tensor") -> "Tensor":
        return self.area_weight * self.area(logits, target) + self.centreline_weight * self.centreline(logits, target)
