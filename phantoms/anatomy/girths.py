"""Subcutaneous fat as thick as the girths of a person ask for: what bones, muscle and organs leave to the tape."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from scipy.spatial import ConvexHull

from phantoms.anatomy.body import Body
from phantoms.anatomy.proportions import Proportions
from phantoms.anatomy.trunk import HALF_DEG, HEIGHTS_MM, outlines

ROUNDS = 4
LIMITS = (0.4, 2.5)
"""The fat of a level may be so much of what people of that sex, age and size have on average."""


@dataclass(frozen=True)
class Girth:
    """Where the tape lies, which latents of the trunk are the fat under it, and what it shows over the measured girth.

    share: lying, arms away, the tape shows less at the chest than around ANSUR's standing soldiers, more at the neck.
    """

    height_mm: float
    fat: tuple[str, ...]
    share: float


GIRTHS: Mapping[str, Girth] = MappingProxyType(
    {
        "chest_circumference_mm": Girth(34.0, ("fat_chest_front", "fat_chest_side", "fat_chest_behind"), 0.94),
        "waist_circumference_mm": Girth(-170.0, ("fat_belly_front", "fat_belly_side", "fat_belly_behind"), 1.0),
        "neck_circumference_mm": Girth(225.0, ("fat_neck",), 1.05),
    }
)


def with_girths(body: Body, made: Proportions) -> Body:
    """The body whose skin has the person's girths, as far as fat of plausible thickness goes."""
    for name, girth in GIRTHS.items():
        usual, factor = {fat: body.latent(fat) for fat in girth.fat}, 1.0
        depth_mm = float(np.mean(list(usual.values())) * made.at(girth.height_mm)[:2].mean())
        for _ in range(ROUNDS):
            missing_mm = girth.share * body.latent(name) - girth_mm(body, made, girth.height_mm)
            factor = float(np.clip(factor + missing_mm / (2 * np.pi * depth_mm), *LIMITS))
            thick = {fat: factor * mm for fat, mm in usual.items()}
            body = replace(body, latents=MappingProxyType({**body.latents, **thick}))
    return body


def girth_mm(body: Body, made: Proportions, height_mm: float) -> float:
    """What a tape around the trunk shows at a reference height."""
    radii = outlines(body)[2][int(np.abs(HEIGHTS_MM - height_mm).argmin())]
    turn, (x, y) = np.radians(HALF_DEG), made.at(height_mm)[:2]
    half = np.stack([x * radii * np.sin(turn), y * radii * np.cos(turn)], axis=1)
    return float(ConvexHull(np.concatenate([half, half * (-1, 1)])).area)
