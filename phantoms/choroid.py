"""The vessels of the choroid, behind the retina: fine ones at its inner side, wide ones outside."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Gt, Lt
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from simdata import Growth, Scene, SceneError
from simdata.eye_wall import laterality
from simdata.structures import structure


class Tier(NamedTuple):
    """Vessels from `begins` to `ends` of the choroid's depth, whose curves are about apart_mm across and deep."""

    begins: float
    ends: float
    apart_mm: tuple[float, float, float]


TIERS = (
    Tier(0.12, 0.4, (0.035, 0.035, 0.012)),
    Tier(0.4, 1.0, (0.1, 0.1, 0.03)),
)
"""Sattler's and Haller's layer; choriocapillaris, above them, is too fine to be seen (figures from memory)."""
STEP_MM = 0.02
"""Of the fields, along x and y and, half of it, in depth."""


@dataclass(frozen=True, kw_only=True)
class Choroid(Growth):
    """Paints the lumina of vessels, `share` of the layers that hold them, into the choroid.

    A vessel runs where two smooth random fields are both about 0: g^2 + h^2 < -2 ln(1 - share). Raises SceneError if
    the scene has no choroid.
    """

    share: Annotated[float, Gt(0), Lt(1)] = 0.5

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        side = laterality(scene)
        inside = scene.labels == structure(f"choroid_{side}").id
        if not inside.any():
            raise SceneError("Choroid: found no choroid; a wall of depth_mm of 0.8, phantoms.retina.Retina, would do")
        first, last = np.flatnonzero(inside.any(axis=(0, 1)))[[0, -1]]
        block = np.s_[:, :, first : last + 1]
        deep = _share_of_depth(inside[block])
        lumen = np.zeros(deep.shape, bool)
        for tier in TIERS:
            here = (deep >= tier.begins) & (deep < tier.ends)
            lumen |= here & self._lumen(deep.shape, tier, scene.grid.spacing_mm, rng)
        mask = np.zeros(inside.shape, bool)
        mask[block] = lumen & inside[block]
        return scene.paint(mask, structure(f"choroid_vessel_{side}"))

    def _lumen(self, shape: tuple[int, int, int], tier: Tier, edges_mm, rng: Generator) -> Bool[ndarray, "x y z"]:
        g, h = (_field(shape, tier.apart_mm, edges_mm, rng) for _ in range(2))
        return g**2 + h**2 < -2 * np.log(1 - self.share)


def _share_of_depth(inside: Bool[ndarray, "x y z"]) -> Float[ndarray, "x y z"]:
    """Of every voxel: how much of the choroid lies above it."""
    passed = np.cumsum(inside, axis=2, dtype=np.float32)
    return np.where(inside, passed / np.maximum(passed[..., -1:], 1), np.float32(2))


def _field(shape: tuple[int, int, int], apart_mm, edges_mm, rng: Generator) -> Float[ndarray, "x y z"]:
    """Normal numbers of mean 0 and variance 1 that are alike over apart_mm, drawn coarsely and interpolated."""
    steps = np.array([STEP_MM, STEP_MM, STEP_MM / 2])
    ratio = np.array(edges_mm) / steps
    coarse = [int(np.ceil((n - 1) * r)) + 2 for n, r in zip(shape, ratio, strict=True)]
    smooth = gaussian_filter(rng.standard_normal(coarse), np.array(apart_mm) / steps, mode="wrap")
    smooth = (smooth / smooth.std()).astype(np.float32)
    for axis, (n, r) in enumerate(zip(shape, ratio, strict=True)):
        at = np.arange(n) * r
        low = at.astype(int)
        weight = (at - low).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        smooth = (1 - weight) * smooth.take(low, axis) + weight * smooth.take(low + 1, axis)
    return smooth
