"""The gloss of a young eye: what its smooth inner surface mirrors, as share of the light that meets it."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.noise import smooth_noise

YOUNG_Y, OLD_Y = 15.0, 50.0
"""Up to the first age the gloss is full, from the second on it is gone (memory)."""
SHEEN, SHEEN_FIBRES_MM = 0.007, 0.15
"""Over nerve fibres of this thickness, where it is strongest."""
RING, RING_MM, RING_WIDTH_MM = 0.003, (1.5, 1.2), 0.16
"""Around the wall of the foveal pit: half its width and height."""
DOT, DOT_MM = 0.03, 0.05
"""In the middle of the pit, which is a concave mirror."""


def gloss(ground: Ground, fibres_mm: Float[ndarray, "x y"], age_y: float, rng: Generator) -> Float[ndarray, "x y"]:
    """Share of light, of a person so old."""
    young = float(np.clip((OLD_Y - age_y) / (OLD_Y - YOUNG_Y), 0, 1))
    spots = np.clip(smooth_noise(ground.shape, ground.voxel_mm, 1.2, rng) - 0.2, 0, 2) ** 2
    sheen = SHEEN * (fibres_mm / SHEEN_FIBRES_MM) * spots
    wide, high = RING_MM
    off_mm = (np.hypot(ground.nasal_mm / wide, ground.superior_mm / high) - 1) * high
    ring = RING * np.exp(-((off_mm / RING_WIDTH_MM) ** 2)) * (0.4 + spots)
    dot = DOT * rng.uniform() * np.exp(-((ground.fovea_mm / DOT_MM) ** 2))
    return young * (sheen + ring + dot)
