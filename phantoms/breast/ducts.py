"""The ducts of a breast: one tree for each lobe, from its pore in the nipple to the lobules that make milk."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from numpy import ndarray
from numpy.random import Generator

from phantoms.breast.hanging import Hanging

FEWEST_LOBES, MOST_LOBES = 12, 20
"""Main ducts. 15 to 20 in textbooks; 27 on average of nipples cut whole (Going and Moffat 2004, J Pathol 203:538)."""
PORE_RADIUS_MM = 3.0
GENERATIONS, STEPS = 7, 4
FIRST_STEP_MM, SHORTER = 3.2, 0.86
FIRST_RADIUS_MM, THINNER, THINNEST_MM = 0.6, 0.78, 0.12
FAN_RAD, SPLIT_RAD, WANDER_RAD = 0.95, 0.42, 0.13
OUTERMOST, NEAREST_WALL_MM = 0.86, 20.0
"""Ducts end before the fat under the skin, and before that in front of the muscle."""
BEHIND_AREOLA = 0.3
"""So near to the nipple, by the depth of the breast, a duct goes on in any case: all begin in its skin."""
LOBULE_RADIUS_MM = (0.4, 0.9)
"""Of the terminal lobules, 1 to 2 mm across (VICTRE: 1 to 2 mm long, 0.5 to 1 mm wide)."""


@dataclass(frozen=True, eq=False)
class Ducts:
    """points_mm: (n, 3) in the resting breast (w, t, d). parent: (n,) towards the nipple, -1 there. radius_mm: (n,).

    lobule_mm: (e,) radius of the terminal lobule at each end.
    """

    points_mm: Float64[ndarray, "n 3"]
    parent: Int64[ndarray, " n"]
    radius_mm: Float64[ndarray, " n"]
    lobule_mm: Float64[ndarray, " e"]

    @property
    def ends(self) -> Int64[ndarray, " e"]:
        """Where the terminal lobules hang."""
        return _ends(self.parent)


def ducts(breast: Hanging, rng: Generator) -> Ducts:
    """Trees that fan out from the nipple, wander, and fork until they come near the skin or the chest wall."""
    lobes = int(rng.integers(FEWEST_LOBES, MOST_LOBES + 1))
    around = 2.4 * np.arange(lobes) + rng.uniform(0, 2 * np.pi)  # the golden angle spreads them evenly
    out = np.sqrt((np.arange(lobes) + 0.5) / lobes)
    ring = np.column_stack([np.cos(around), np.sin(around), np.zeros(lobes)])
    tips = breast.tip_mm + PORE_RADIUS_MM * out[:, None] * ring
    heading = np.sin(FAN_RAD * out)[:, None] * ring - np.cos(FAN_RAD * out)[:, None] * [0.0, 0.0, 1.0]

    points, parents, radii = [tips], [np.full(lobes, -1)], [np.full(lobes, FIRST_RADIUS_MM)]
    last, step, radius, count = np.arange(lobes), FIRST_STEP_MM, FIRST_RADIUS_MM, lobes
    for _ in range(GENERATIONS):
        for _ in range(STEPS):
            heading = _unit(heading + WANDER_RAD * rng.standard_normal(heading.shape))
            ahead = tips + step * heading
            goes = (breast.outward(ahead) < OUTERMOST) & (ahead[:, 2] > NEAREST_WALL_MM)
            goes |= np.linalg.norm(ahead - breast.tip_mm, axis=1) < BEHIND_AREOLA * breast.depth_mm
            tips, heading, last = ahead[goes], heading[goes], last[goes]
            points.append(tips)
            parents.append(last)
            radii.append(np.full(len(tips), max(radius, THINNEST_MM)))
            last, count = count + np.arange(len(tips)), count + len(tips)
        aside = _unit(np.cross(heading, rng.standard_normal(heading.shape)))
        turn = SPLIT_RAD * rng.uniform(0.6, 1.4, (2, len(tips), 1)) * np.array([1, -1])[:, None, None]
        heading = _unit((heading + turn * aside).reshape(-1, 3))
        tips, last = np.tile(tips, (2, 1)), np.tile(last, 2)
        step, radius = step * SHORTER, radius * THINNER
    parent = np.concatenate(parents)
    lobules = rng.uniform(*LOBULE_RADIUS_MM, len(_ends(parent)))
    return Ducts(np.concatenate(points), parent, np.concatenate(radii), lobules)


def _unit(vectors: Float64[ndarray, "n 3"]) -> Float64[ndarray, "n 3"]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _ends(parent: Int64[ndarray, " n"]) -> Int64[ndarray, " e"]:
    return np.setdiff1d(np.arange(len(parent)), parent)
