"""Cotton wool spots: soft white patches where nerve fibres swell because their arteriole is closed."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.nerve_fibres import heading
from phantoms.eye_ground.noise import smooth_noise
from phantoms.eye_ground.spots import Kind, Spot, ground_of, painted, place, reach, size
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("cotton_wool_spot", "swelling", "white_matter", "55641003", "Infarct")
WIDE_MM, SPREAD, DEEP_MM = 0.45, 0.3, 0.02
"""Median diameter, the deviation of its logarithm, and mm of swelling (memory of photographs)."""
FOVEA_MM, DISC_MM = (1.8, 7.0), (1.5, 4.5)
FEATHERED, FEATHERED_MM = 0.25, 0.08
SHOWN = 0.3


@dataclass(frozen=True, kw_only=True)
class CottonWoolSpots(Growth):
    """So many, near the disc. Raises SceneError if the patient is no eye."""

    count: Annotated[int, Ge(0), Le(50)] = 2

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        ground = ground_of(scene, "CottonWoolSpots")
        return painted(scene, KIND, [_spot(ground, rng) for _ in range(self.count)])


def _spot(ground: Ground, rng: Generator) -> Spot:
    wide = WIDE_MM * float(np.exp(SPREAD * rng.normal()))
    at = place(ground, FOVEA_MM, DISC_MM, rng)
    across = heading(at, ground.disc_mm) + np.pi / 2
    block, near = ground.around(at, 2 * wide)
    feathers = FEATHERED * smooth_noise(near.shape, near.voxel_mm, FEATHERED_MM, rng)
    out = reach(near, at, (0.6 * wide, 0.45 * wide), across, 0.2, rng) * np.exp(feathers)
    share = np.exp(-(out**3)).astype(np.float32)
    return Spot(block, np.float32(DEEP_MM) * share, share > SHOWN, f"{size(wide)} cotton wool spot of the retina")
