"""The optic disc: where the nerve leaves the eye, with a pink rim, a pale cup, and a crescent beside it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground

DISC_MM, DISC_SD_MM = (4.6, 0.6), (0.15, 0.12)
"""Its middle: 4.5-4.8 mm nasal of the fovea and 0.5-0.8 mm above it (memory)."""
RADII_MM, RADIUS_SD = (0.88, 0.96), 0.08
"""Half its width and height: 1.76 by 1.92 mm. Quigley 1990, Arch Ophthalmol 108: 51 (memory)."""
WAVES, ROUGHNESS = range(2, 5), 0.015
"""Waves of its outline, and the deviation of ln(radius) of each."""
EDGE_MM, NASAL_EDGE_MM = 0.05, 0.16
"""The rim ends within this; at the nose, where fibres are heaped up, more softly."""
CUP_TEMPORAL_MM, CUP_EDGE_MM = 0.1, 0.1
TEMPORAL_PALLOR = 0.5
"""The rim is paler away from the nose, where it is thinner."""
CRESCENT_MM, CRESCENT_SD_MM = 0.08, 0.06
"""Width beside the disc, temporally, where pigment epithelium and choroid end before the disc begins (memory)."""


@dataclass(frozen=True, eq=False)
class Disc:
    """(x, y) each: disc and cup, the share of a voxel that is disc, or cup; pallor: how far the disc's colour has gone
    from that of its rim to that of its cup; bare: where the wall lacks pigment."""

    disc: Float[ndarray, "x y"]
    cup: Float[ndarray, "x y"]
    pallor: Float[ndarray, "x y"]
    bare: Float[ndarray, "x y"]


def middle(rng: Generator) -> Float[ndarray, " 2"]:
    """Of a disc, nasal and superior of the fovea, mm."""
    return np.array(DISC_MM) + rng.normal(size=2) * DISC_SD_MM


def disc(ground: Ground, cup: float, rng: Generator) -> Disc:
    """A disc with a cup of so much of its diameter."""
    nasal, superior = ground.from_disc_mm
    wide, high = np.array(RADII_MM) * np.exp(RADIUS_SD * rng.normal())
    outline = _waves(np.arctan2(superior, nasal), rng)
    beyond_mm = (np.hypot(nasal / wide, superior / high) / outline - 1) * wide
    temporal = np.clip(0.5 - nasal / (2 * wide), 0, 1)
    edge_mm = EDGE_MM + (NASAL_EDGE_MM - EDGE_MM) * (1 - temporal)
    within_cup_mm = cup * wide - np.hypot(nasal + CUP_TEMPORAL_MM, superior * wide / high) / outline
    crescent_mm = max(rng.normal(CRESCENT_MM, CRESCENT_SD_MM), 0.02) * temporal**2
    within_cup = _step(within_cup_mm / CUP_EDGE_MM)
    return Disc(
        disc=_step(-beyond_mm / edge_mm),
        cup=within_cup,
        pallor=np.maximum(within_cup, TEMPORAL_PALLOR * temporal**2),
        bare=_step((crescent_mm - beyond_mm) / EDGE_MM),
    )


def _waves(turn: Float[ndarray, "x y"], rng: Generator) -> Float[ndarray, "x y"]:
    waves = [ROUGHNESS * rng.normal() * np.cos(k * turn + rng.uniform(0, 2 * np.pi)) for k in WAVES]
    return np.exp(np.sum(waves, axis=0))


def _step(t: Float[ndarray, "x y"]) -> Float[ndarray, "x y"]:
    """From 0 well below t = 0 to 1 well above, within about one unit."""
    return 0.5 * (1 + np.tanh(2 * t))
