"""Masks as images between -1 and 1, in Gaussian noise."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.diffuse.segment.masks import MaskDiffusion
from pipelines.learn.extra import extra

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True, kw_only=True)
class GaussianMasks(MaskDiffusion):
    """y_t = sqrt(a_t) (2 y_0 - 1) + sqrt(1 - a_t) n. Wu et al. 2022 (MedSegDiff), arXiv:2211.00611.

    The network says the mask instead of the noise (Xing et al. 2023, Diff-UNet, arXiv:2303.10326), by the
    recipe's loss; it sees the image beside the mask and has none of MedSegDiff's further encoders. Steps are those of
    DDIM (Song et al. 2021, arXiv:2010.02502, eq. 12): samples differ by the noise that they begin with.
    """

    def noisy(self, shares: "Tensor", signal: "Tensor", random: "Generator | None" = None) -> "Tensor":
        noise = extra("torch").randn(shares.shape, generator=random).to(shares.device)
        return signal.sqrt() * (2 * shares - 1) + (1 - signal).sqrt() * noise

    def earlier(self, noisy: "Tensor", shares: "Tensor", signal: float, before: float, random: "Generator") -> "Tensor":
        clean = 2 * shares - 1
        noise = (noisy - signal**0.5 * clean) / (1 - signal) ** 0.5
        return before**0.5 * clean + (1 - before) ** 0.5 * noise
