"""Haemorrhages of the retina: blots deep in it, and flames among its nerve fibres."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.nerve_fibres import heading
from phantoms.eye_ground.noise import smooth_noise
from phantoms.eye_ground.spots import Kind, Spot, ground_of, painted, place, reach, size
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("haemorrhage", "blood", "blood", "50960005", "Hemorrhage")
BLOT_MM, BLOT_SPREAD, BLOT_DEEP_MM = 0.2, 0.5, 0.09
"""Median diameter, the deviation of its logarithm, and mm of blood (memory of photographs)."""
FLAME_MM, FLAME_SPREAD, SLENDER, FLAME_DEEP_MM = 0.8, 0.35, 5.0, 0.06
"""Median length, the deviation of its logarithm, length over width, and mm of blood."""
FOVEA_MM, DISC_MM, FLAME_DISC_MM = (0.5, 6.0), (1.3, 99.0), (1.2, 4.0)
FRAYED, FRAYED_MM = 0.35, 0.05
SHOWN = 0.3


@dataclass(frozen=True, kw_only=True)
class Haemorrhages(Growth):
    """So many blots and flames; flames lie near the disc and point along its nerve fibres.

    Raises SceneError if the patient is no eye.
    """

    blots: Annotated[int, Ge(0), Le(200)] = 8
    flames: Annotated[int, Ge(0), Le(100)] = 2

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        ground = ground_of(scene, "Haemorrhages")
        blots = [_blot(ground, rng) for _ in range(self.blots)]
        return painted(scene, KIND, blots + [_flame(ground, rng) for _ in range(self.flames)])


def _blot(ground: Ground, rng: Generator) -> Spot:
    wide = BLOT_MM * float(np.exp(BLOT_SPREAD * rng.normal()))
    stretch = float(np.exp(0.2 * rng.normal()))
    at = place(ground, FOVEA_MM, DISC_MM, rng)
    block, near = ground.around(at, 2 * wide)
    out = reach(near, at, (wide * stretch / 2, wide / stretch / 2), rng.uniform(0, np.pi), 0.25, rng)
    return _spot(block, out, BLOT_DEEP_MM, f"{size(wide)} blot haemorrhage of the retina")


def _flame(ground: Ground, rng: Generator) -> Spot:
    long = FLAME_MM * float(np.exp(FLAME_SPREAD * rng.normal()))
    at = place(ground, FOVEA_MM, FLAME_DISC_MM, rng)
    block, near = ground.around(at, long)
    out = reach(near, at, (long / 2, long / 2 / SLENDER), heading(at, ground.disc_mm), 0.2, rng)
    frayed = FRAYED * smooth_noise(near.shape, near.voxel_mm, FRAYED_MM, rng)
    return _spot(block, out * np.exp(frayed), FLAME_DEEP_MM, f"{size(long)} flame haemorrhage of the retina")


def _spot(block: tuple[slice, slice], out: Float[ndarray, "x y"], deep_mm: float, text: str) -> Spot:
    share = np.clip(1 - out**4, 0, 1).astype(np.float32)
    return Spot(block, np.float32(deep_mm) * share, share > SHOWN, text)
