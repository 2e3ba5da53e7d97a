"""The choroid: wide vessels that run out from behind macula and disc, and pigmented tissue between them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.noise import sampled, smooth_noise

MELANIN, BLOOD_MM = 0.42, 0.11
"""Optical density of melanin at 500 nm, and mm of blood, all through; see pigment.EPITHELIUM for the source."""
VESSELS, STROMA = 0.15, 0.45
"""Blood where vessels lie and melanin between them, more than the mean, where they show best (memory)."""
FRONT = 0.14
"""Optical density of the pigment cells between and before vessels, where it is seen best (memory)."""
AROUND, OUT = 130, 34
"""Knots of noise around the circle, and by a factor e of distance: vessels are that much longer than wide."""
MIDDLE, NEAR_MM = 0.6, 2.5
"""Vessels run out from here on the way from fovea to disc; nearer than NEAR_MM they are a net."""
SOFT_MM = 0.08
"""Light that has been in the choroid comes back so far from where it went in, standard deviation."""
LINE = 0.4
"""Width of the vessels in deviations of the noise whose zeros they follow."""


@dataclass(frozen=True, eq=False)
class Choroid:
    """(x, y) each: optical density of melanin at 500 nm, and mm of blood, all through; front: melanin before both."""

    front: Float[ndarray, "x y"]
    melanin: Float[ndarray, "x y"]
    blood_mm: Float[ndarray, "x y"]


def choroid(ground: Ground, pigmentation: float, tessellation: float, rng: Generator) -> Choroid:
    """One whose vessels show so much, and follow the zeros of noise drawn out from the macula."""
    lines = np.maximum(*(np.exp(-((_drawn_out(ground, rng) / LINE) ** 2)) for _ in range(2)))
    lines *= np.clip(1 + 0.5 * smooth_noise(ground.shape, ground.voxel_mm, 2.5, rng), 0.1, 1.6)
    share = lines / lines.mean()
    share = gaussian_filter(share, SOFT_MM / ground.voxel_mm) - 1
    melanin = np.maximum(1 - tessellation * STROMA * share, 0.2)
    blood = np.maximum(1 + tessellation * VESSELS * share, 0.4)
    thick = np.exp(0.1 * smooth_noise(ground.shape, ground.voxel_mm, 4.0, rng))
    return Choroid(
        front=pigmentation * tessellation * FRONT * np.clip(-share, 0, 1),
        melanin=pigmentation * MELANIN * melanin / melanin.mean(),
        blood_mm=BLOOD_MM * thick * blood / blood.mean(),
    )


def _drawn_out(ground: Ground, rng: Generator) -> Float[ndarray, "x y"]:
    """Noise of variance 1 that is longer away from the macula than across."""
    nasal, superior = (
        place - MIDDLE * disc for place, disc in zip((ground.nasal_mm, ground.superior_mm), ground.disc_mm, strict=True)
    )
    bent = 0.25 * smooth_noise(ground.shape, ground.voxel_mm, 3.0, rng)
    around = AROUND * (np.arctan2(superior, nasal) + bent) / (2 * np.pi)
    out = OUT * np.log(np.hypot(nasal, superior) + NEAR_MM)
    table = gaussian_filter(rng.standard_normal((AROUND, 4 * OUT)), 1.0, mode="wrap")
    return sampled(table / table.std(), around, out)
