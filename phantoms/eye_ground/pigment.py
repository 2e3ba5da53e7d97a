"""Pigment at the back of an eye: melanin of the pigment epithelium, and the yellow of the macula."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.noise import smooth_noise

EPITHELIUM, PERIFOVEA, FOVEA = 0.12, 0.24, 0.35
"""Optical density at 500 nm, once through: everywhere, and what macula and fovea have besides; with it light from nasal
fundus, perifovea and fovea is that of Delori and Pflibsen 1989, Appl Opt 28: 1061, table I."""
PERIFOVEA_MM, FOVEA_MM = 1.9, 0.5
PATCHES_MM, PATCHES, GRAINS_MM, GRAINS = 1.6, 0.16, 0.07, 0.07
"""Width of patches and grains, and the deviation of ln(density) of each."""
YELLOW, YELLOW_MM = 0.45, 0.35
"""Optical density of the macular pigment at 460 nm in the middle, 0.48 (Delori 2001, JOSA A 18: 1212), and the distance
at which it falls by a factor e (memory)."""


def epithelium(ground: Ground, pigmentation: float, rng: Generator) -> Float[ndarray, "x y"]:
    """Optical density of its melanin at 500 nm, once through."""
    macula = PERIFOVEA * np.exp(-((ground.fovea_mm / PERIFOVEA_MM) ** 2))
    fovea = FOVEA * np.exp(-((ground.fovea_mm / FOVEA_MM) ** 2))
    patches = PATCHES * smooth_noise(ground.shape, ground.voxel_mm, PATCHES_MM, rng)
    grains = GRAINS * smooth_noise(ground.shape, ground.voxel_mm, GRAINS_MM, rng)
    return pigmentation * (EPITHELIUM + macula + fovea) * np.exp(patches + grains)


def macular_pigment(ground: Ground, rng: Generator) -> Float[ndarray, "x y"]:
    """Optical density of lutein and zeaxanthin at 460 nm, once through."""
    return YELLOW * np.exp(0.3 * rng.normal() - ground.fovea_mm / YELLOW_MM)
