"""What the machine does about dead elements: their neighbours stand in for them."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from render.photons import Photons, photons
from simdata import Effect, Raw, RecipeError

NEAREST = 4
"""Elements that stand in for a dead one: left and right, above and below, or the nearest where these are dead too."""


@dataclass(frozen=True)
class DefectCorrection(Effect):
    """An element that reads 0 in all channels and views takes the mean of its nearest living neighbours.

    Each counts by one over its squared distance. To be put after `DeadElements` and the noise.
    Raises RecipeError if no element lives or the measurement is not an X-ray scanner's.
    """

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "DefectCorrection")
        living = _living(measured.data)
        if not living.any():
            raise RecipeError("DefectCorrection: found no living element; a smaller DeadElements.share would do")
        if living.all():
            return measured
        data = np.array(measured.data)
        alive, weight = _stand_ins(living)
        for place, near, share in zip(np.argwhere(~living), alive, weight, strict=True):
            column, row = place
            data[:, :, column, row] = data[:, :, near[:, 0], near[:, 1]] @ share.astype(np.float32)
        return replace(measured, data=data)


def _living(data: ndarray) -> Bool[ndarray, "columns rows"]:
    """Which elements read anything at all."""
    living = np.zeros(data.shape[2:], bool)
    for channel in data:
        for view in channel:
            living |= view != 0
            if living.all():
                return living
    return living


def _stand_ins(living: Bool[ndarray, "columns rows"]) -> tuple[ndarray, Float64[ndarray, "dead near"]]:
    """For each dead element (dead, near, 2) columns and rows of the nearest living ones, and their weights."""
    alive, dead = np.argwhere(living), np.argwhere(~living)
    distance, index = (found.reshape(len(dead), -1) for found in KDTree(alive).query(dead, min(NEAREST, len(alive))))
    weight = distance**-2.0
    return alive[index], weight / weight.sum(axis=1, keepdims=True)
