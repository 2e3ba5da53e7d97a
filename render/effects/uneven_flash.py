"""A flash that does not light the field alike: dim at the rim, dim at one side, a bright crescent at the other."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import map_coordinates

from render.retinal_camera.electrons import Electrons, electrons
from simdata import Effect, Raw

COLOUR = np.array([0.55, 0.5, 0.3])
"""Of the light that iris and lens throw back into the camera, over white light as bright as the mean red."""
PATCHES = 3
"""Across the picture."""


@dataclass(frozen=True)
class UnevenFlash(Effect):
    """Light times 1 - vignette r^2 - tilt (x in some direction) + patches, r = 1 at the rim; and a crescent on top.

    vignette, tilt: share of light that is lost at the rim. patches: deviation of broad unevenness. crescent: of light
    that misses the pupil and comes back from iris and lens at one side of the rim, over the mean of the red light.
    crescent_width: how far it reaches into the field. Raises RecipeError if the measurement is not a retinal camera's.
    """

    vignette: Annotated[float, Ge(0), Le(1)] = 0.45
    tilt: Annotated[float, Ge(0), Le(1)] = 0.2
    patches: Annotated[float, Ge(0), Le(1)] = 0.1
    crescent: Annotated[float, Ge(0)] = 0.0
    crescent_width: Annotated[float, Gt(0)] = 0.08

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        taken = electrons(raw, type(self).__name__)
        across, up = _places(taken)
        way, side = rng.uniform(0, 2 * np.pi, 2)
        square = across**2 + up**2
        share = 1 - self.vignette * square - self.tilt * (across * np.cos(way) + up * np.sin(way))
        share += self.patches * _patches(taken.data.shape[1:3], rng)
        beyond = np.hypot(across - 0.12 * np.cos(side), up - 0.12 * np.sin(side)) - 1
        haze = self.crescent * taken.data[0].mean() * np.exp(np.minimum(beyond, 0.12) / self.crescent_width)
        lit = taken.data * np.maximum(share, 0.05)[..., None] + COLOUR[:, None, None, None] * haze[..., None]
        return replace(taken, data=lit.astype(np.float32))


def _places(taken: Electrons) -> tuple[Float[ndarray, "x y"], Float[ndarray, "x y"]]:
    """Of every pixel from the middle, over the radius of the field."""
    inside = taken.stop[..., 0] > 0
    radius = np.count_nonzero(inside.any(axis=1)) / 2
    across, up = ((np.arange(n) - (n - 1) / 2) / radius for n in inside.shape)
    return np.broadcast_to(across[:, None], inside.shape), np.broadcast_to(up, inside.shape)


def _patches(shape: tuple[int, ...], rng: Generator) -> Float[ndarray, "x y"]:
    """Broad noise of variance about 1."""
    knots = rng.standard_normal((PATCHES + 3, PATCHES + 3))
    at = np.meshgrid(*(np.linspace(1, PATCHES + 1, n) for n in shape), indexing="ij")
    return map_coordinates(knots, at, order=3)
