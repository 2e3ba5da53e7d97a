"""A sensor that sees one colour in each pixel: the other two are taken from neighbours."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import convolve1d

from render.retinal_camera.electrons import electrons
from simdata import Effect, Raw

RED, GREEN, BLUE = range(3)
TENT = np.array([0.5, 1.0, 0.5], np.float32)


@dataclass(frozen=True)
class BayerMosaic(Effect):
    """Red, green, green and blue in each square of four pixels (Bayer 1976, US 3971065), interpolated linearly.

    Goes after noise, so that its grain is as coarse as that of such sensors. Raises RecipeError if the measurement is
    not a retinal camera's.
    """

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        taken = electrons(raw, type(self).__name__)
        whole = np.empty_like(taken.data)
        for colour, light in enumerate(taken.data[..., 0]):
            sites = _sites(colour, light.shape).astype(np.float32)
            known = _spread(light * sites) / _spread(sites)
            whole[colour, ..., 0] = np.where(sites > 0, light, known)
        return replace(taken, data=whole)


def _sites(colour: int, shape: tuple[int, ...]) -> Bool[ndarray, "x y"]:
    """Which pixels see a colour."""
    odd_x, odd_y = np.meshgrid(*(np.arange(n) % 2 == 1 for n in shape), indexing="ij")
    return {RED: ~odd_x & ~odd_y, GREEN: odd_x != odd_y, BLUE: odd_x & odd_y}[colour]


def _spread(light: ndarray) -> ndarray:
    return convolve1d(convolve1d(light, TENT, axis=0, mode="mirror"), TENT, axis=1, mode="mirror")
