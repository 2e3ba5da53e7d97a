"""Less light here than there: an OCT that is not centred on the pupil, a cloudy lens, floaters in the vitreous."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter

from render.oct.echoes import Echoes, changed, echoes
from simdata import Effect, Raw

TRUNCATE = 3.0
"""Standard deviations at which a Gaussian ends."""


@dataclass(frozen=True)
class Dimming(Effect):
    """Echoes lose as many decibels of power, on the way in and out, as a smooth random field says.

    tilt_db: from the middle to the edge, in a random direction. patches_db: SD of cloudy patches, patch_mm wide.
    floaters: opacities, each of up to floater_db and about floater_mm wide, at random places.
    """

    tilt_db: Annotated[float, Ge(0)] = 2.0
    patches_db: Annotated[float, Ge(0)] = 1.0
    patch_mm: Annotated[float, Gt(0)] = 1.2
    floaters: Annotated[int, Ge(0), Le(20)] = 0
    floater_db: Annotated[float, Ge(0)] = 12.0
    floater_mm: Annotated[float, Gt(0)] = 0.4

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        raw = echoes(raw, type(self).__name__)
        loss_db = self._tilt(raw, rng) + self._patches(raw, rng) + self._floaters(raw, rng)
        light = (10 ** (-loss_db / 10)).astype(np.float32)[..., None]
        return replace(raw, data=changed(raw.power * light, raw.change * light))

    def _tilt(self, raw: Echoes, rng: Generator) -> Float[ndarray, "x y"]:
        across, up = places(raw)
        way = rng.uniform(0, 2 * np.pi)
        far = np.maximum(np.abs(across).max(), np.abs(up).max())
        return self.tilt_db * (across * np.cos(way) + up * np.sin(way)) / far

    def _patches(self, raw: Echoes, rng: Generator) -> Float[ndarray, "x y"]:
        spread = np.array([self.patch_mm / 2 / step for step in raw.step_mm[:2]])
        beyond = np.ceil(TRUNCATE * spread).astype(int)
        noise = gaussian_filter(rng.standard_normal(raw.power.shape[:2] + 2 * beyond), spread, truncate=TRUNCATE)
        inside = tuple(slice(b, b + n) for b, n in zip(beyond, raw.power.shape, strict=False))
        return self.patches_db * np.sqrt(4 * np.pi * spread.prod()) * noise[inside]

    def _floaters(self, raw: Echoes, rng: Generator) -> Float[ndarray, "x y"]:
        across, up = places(raw)
        loss_db = np.zeros(across.shape)
        for _ in range(self.floaters):
            x, y = rng.uniform(across.min(), across.max()), rng.uniform(up.min(), up.max())
            width, turn = self.floater_mm * rng.lognormal(0, 0.4, 2) / 2, rng.uniform(0, np.pi)
            along = (across - x) * np.cos(turn) + (up - y) * np.sin(turn)
            aside = (up - y) * np.cos(turn) - (across - x) * np.sin(turn)
            loss_db += self.floater_db * rng.random() * np.exp(-((along / width[0]) ** 2 + (aside / width[1]) ** 2) / 2)
        return loss_db


def places(raw: Echoes) -> tuple[Float[ndarray, "x y"], Float[ndarray, "x y"]]:
    """mm of every line of sight from the middle, along both axes of the picture."""
    x, y = (step * (np.arange(n) - (n - 1) / 2) for n, step in zip(raw.power.shape[:2], raw.step_mm[:2], strict=True))
    across, up = np.meshgrid(x, y, indexing="ij")
    return across, up
