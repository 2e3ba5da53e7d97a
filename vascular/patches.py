"""Patches of a retina in which capillaries close: ragged, of all sizes, as angiography shows them."""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator

from simdata.vessels import Vessels

RADIUS_MM, SPREAD = 0.16, 0.45
"""Radius of a patch without capillaries, and the deviation of its logarithm (memory)."""
WAVES, ROUGHNESS = range(2, 7), 0.4
SPARED = 0.04
"""Capillaries that stay open in a patch."""
OPEN = -1


def patches(vessels: Vessels, may: Bool[ndarray, " n"], count: float, rng: Generator) -> Int[ndarray, " n"]:
    """(n,) the number of the patch in which each point lies, or OPEN, until `count` of those that may close have."""
    at, patch = vessels.points_mm[:, :2].astype(float), np.full(len(vessels), OPEN)
    number = 0
    while np.count_nonzero(patch >= 0) < min(count, (1 - 2 * SPARED) * np.count_nonzero(may)):
        centre = at[rng.choice(np.flatnonzero(may & (patch == OPEN)))]
        radius = RADIUS_MM * np.exp(SPREAD * rng.normal()) * _ragged(at - centre, rng)
        near = np.linalg.norm(at - centre, axis=1) < radius
        patch[may & (patch == OPEN) & near & (rng.random(len(at)) >= SPARED)] = number
        number += 1
    return patch


def turn(at: Float[ndarray, "n 2"]) -> Float[ndarray, " n"]:
    """Direction of each place from the origin, 0 to 1 round it from the first axis."""
    return np.mod(np.arctan2(at[:, 1], at[:, 0]) / (2 * np.pi), 1.0)


def _ragged(at: Float[ndarray, "n 2"], rng: Generator) -> Float[ndarray, " n"]:
    """Of an outline's radius, in the direction of each place."""
    angle = 2 * np.pi * turn(at)
    waves = [rng.normal() / k * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in WAVES]
    return np.exp(ROUGHNESS * np.sum(waves, axis=0))
