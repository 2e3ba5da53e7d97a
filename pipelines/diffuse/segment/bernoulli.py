"""Masks whose pixels are flipped: Bernoulli noise, and of several classes its like with as many outcomes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.diffuse.segment.masks import MaskDiffusion
from pipelines.learn.extra import extra

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, kw_only=True)
class BernoulliMasks(MaskDiffusion):
    """q(y_t | y_0) = B(a_t y_0 + (1 - a_t) / 2). Chen et al. 2023 (BerDiff), arXiv:2304.04429.

    With k classes and the rest, each of k + 1 outcomes: a_t y_0 + (1 - a_t) / (k + 1) (Hoogeboom et al. 2021,
    arXiv:2102.05379), which is the same for one class. The network says the mask, not which pixels were
    flipped, and learns by the recipe's loss of it alone, where BerDiff adds the divergence of the steps.
    """

    def noisy(self, shares: "Tensor", signal: "Tensor", random: "Generator | None" = None) -> "Tensor":
        return _drawn(signal * shares + (1 - signal) / shares.shape[1], random)

    def earlier(self, noisy: "Tensor", shares: "Tensor", signal: float, before: float, random: "Generator") -> "Tensor":
        return _drawn(posterior(noisy, shares, signal, before), random)


def posterior(noisy: "Tensor", shares: "Tensor", signal: float, before: float) -> "Tensor":
    """p(y_s | y_t) = sum over y_0 of q(y_t | y_s) q(y_s | y_0) / q(y_t | y_0) p(y_0): how likely each outcome was.

    By Bayes, for any two times s < t, so that steps may be left out (BerDiff has it of neighbours and of one
    y_0). noisy: (b, classes, ...), y_t as 0 and 1. shares: p(y_0). signal, before: a_t and a_s.
    """
    outcomes, since = noisy.shape[1], signal / before
    weights = shares / (signal * noisy + (1 - signal) / outcomes)
    clean = before * weights + (1 - before) / outcomes * weights.sum(1, keepdim=True)
    return (since * noisy + (1 - since) / outcomes) * clean


def _drawn(shares: "Tensor", random: "Generator | None") -> "Tensor":
    """1 for an outcome of each pixel that is drawn by its share, 0 for the others: the first of waits that are its."""
    torch = extra("torch")
    waits = -torch.log1p(-torch.rand(shares.shape, generator=random)).to(shares.device)
    first = (waits / shares.clamp(min=torch.finfo(shares.dtype).tiny)).argmin(1)
    return torch.nn.functional.one_hot(first, shares.shape[1]).movedim(-1, 1).to(shares.dtype)
