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


THIN, THICK = 0.6, 1.8
"""Between these fat alone makes the girth of the chest; beyond, the ribs are narrower or wider too, as far as RIBS."""
RIBS = (0.88, 1.14)
CHEST_MM, RIBS_MM = 34.0, (-20.0, 100.0)
"""Where the tape lies, and the levels of the proportions that are the chest's own."""


@dataclass(frozen=True)
class Girth:
    """Where the tape lies, and which latents of the trunk are the fat under it."""

    height_mm: float
    fat: tuple[str, ...]


GIRTHS: Mapping[str, Girth] = MappingProxyType(
    {
        "chest_circumference_mm": Girth(CHEST_MM, ("fat_chest_front", "fat_chest_side", "fat_chest_behind")),
        "waist_circumference_mm": Girth(-170.0, ("fat_belly_front", "fat_belly_side", "fat_belly_behind")),
        "neck_circumference_mm": Girth(225.0, ("fat_neck",)),
    }
)


def chest_share(age_y: float) -> float:
    """What the tape shows lying, arms away, over what it shows around ANSUR's soldiers; children lack the lats."""
    return float(np.interp(age_y, (5, 18), (1.0, 0.94)))


def wanted_mm(body: Body, name: str) -> float:
    """The girth that the drawn skin should have."""
    share = {"chest_circumference_mm": chest_share(body.age_y), "neck_circumference_mm": 1.05}
    return share.get(name, 1.0) * body.latent(name)


def with_ribs(body: Body, made: Proportions) -> Proportions:
    """The proportions whose chest has the person's girth with fat of usual thickness on it."""
    name = "chest_circumference_mm"
    usual = {fat: body.latent(fat) for fat in GIRTHS[name].fat}
    low, high = (girth_mm(_fatter(body, usual, factor), made, CHEST_MM) for factor in (THIN, THICK))
    wanted = wanted_mm(body, name)
    size = float(np.clip(wanted / np.clip(wanted, low, high), *RIBS))
    chest = (made.heights_mm > RIBS_MM[0]) & (made.heights_mm < RIBS_MM[1])
    return Proportions(made.heights_mm, np.where(chest[:, None], made.scale * (size, size, 1), made.scale))


def with_girths(body: Body, made: Proportions) -> Body:
    """The body whose skin has the person's girths, as far as fat of plausible thickness goes."""
    for name, girth in GIRTHS.items():
        usual, factor = {fat: body.latent(fat) for fat in girth.fat}, 1.0
        depth_mm = float(np.mean(list(usual.values())) * made.at(girth.height_mm)[:2].mean())
        for _ in range(ROUNDS):
            missing_mm = wanted_mm(body, name) - girth_mm(body, made, girth.height_mm)
            factor = float(np.clip(factor + missing_mm / (2 * np.pi * depth_mm), *LIMITS))
            body = _fatter(body, usual, factor)
    return body


def _fatter(body: Body, usual_mm: Mapping[str, float], factor: float) -> Body:
    thick = {fat: factor * mm for fat, mm in usual_mm.items()}
    return replace(body, latents=MappingProxyType({**body.latents, **thick}))


def girth_mm(body: Body, made: Proportions, height_mm: float) -> float:
    """What a tape around the trunk shows at a reference height."""
    radii = outlines(body)[2][int(np.abs(HEIGHTS_MM - height_mm).argmin())]
    turn, (x, y) = np.radians(HALF_DEG), made.at(height_mm)[:2]
    half = np.stack([x * radii * np.sin(turn), y * radii * np.cos(turn)], axis=1)
    return float(ConvexHull(np.concatenate([half, half * (-1, 1)])).area)
