"""Spicules of a nodule: strands that run out from its surface, and tags that reach the pleura."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.room import box_around
from phantoms.strokes import strokes
from simdata.grid import Grid

PER_MM2, FEWEST = 0.025, 12
"""Spicules by the surface they leave from, and at least; assumed."""
REACH, THICK_MM = (0.5, 1.3), (0.7, 1.2)
"""How far they reach by the radius of the nodule, and how thick they are at their root; assumed."""
TIP = 0.35
"""Thickness at the tip by that at the root."""
SPREAD = 0.18
"""Standard deviation of how far a spicule turns aside by its length."""
TAG_MM = 0.6


def spicules(grid: Grid, centre_mm: Float[ndarray, " 3"], diameter_mm: float, rng: Generator) -> Filling:
    """Strands that begin within a nodule of that diameter and end beyond it."""
    count = max(FEWEST, round(PER_MM2 * np.pi * diameter_mm**2))
    out = rng.standard_normal((count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    length = diameter_mm / 2 * rng.uniform(*REACH, (count, 1))
    start = centre_mm + 0.4 * diameter_mm * out
    end = start + (0.1 * diameter_mm + length) * (out + SPREAD * rng.standard_normal((count, 3)))
    thick = rng.uniform(*THICK_MM, (count, 1))
    return strokes(grid, start, end, np.hstack([thick, TIP * thick]))


def tags(
    grid: Grid,
    lung: Bool[ndarray, "x y z"],
    centre_mm: Float[ndarray, " 3"],
    diameter_mm: float,
    reach_mm: float,
    count: int,
    rng: Generator,
) -> Filling | None:
    """Strands to the nearest places where the lung ends, if it does within reach of the nodule's surface."""
    block = box_around(grid, centre_mm, diameter_mm / 2 + reach_mm)
    beyond = np.argwhere(~lung[block])
    if not len(beyond):
        return None
    ends_mm = grid.world_mm(beyond + [side.start for side in block])
    far = np.linalg.norm(ends_mm - centre_mm, axis=1)
    near = np.flatnonzero(far < min(far.min() * 1.25, diameter_mm / 2 + reach_mm))
    if not len(near):
        return None
    chosen = ends_mm[rng.choice(near, min(count, len(near)), replace=False)]
    return strokes(grid, np.tile(centre_mm, (len(chosen), 1)), chosen, np.full((len(chosen), 2), TAG_MM))
