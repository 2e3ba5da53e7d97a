"""Vasogenic oedema around a bleeding or a tumour of the brain: fingers of water in the white matter, and the shift of
the midline that all of it makes."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.push import now_mm
from phantoms.lesions.room import box_around
from phantoms.lesions.shells import smooth_noise
from phantoms.lesions.soaked import soaked
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID

FINGER_MM, UNEVEN, SOFT_MM = 30.0, 0.35, 3.0
"""Length of waves of its outline, their height by its reach, and how it fades out; assumed."""
INTO_GREY = 0.2
"""It spares grey matter, of which so much of it is left there; assumed."""
WHITE_SIDES = ("cerebral_white_matter_left", "cerebral_white_matter_right")


def with_oedema(
    scene: Scene, centre_mm: Float[ndarray, " 3"], radius_mm: float, reach_mm: float, rng: Generator
) -> tuple[Scene, float]:
    """The scene with oedema around a ball in the brain, about reach_mm wide, and its volume in mL."""
    block = box_around(scene.grid, centre_mm, radius_mm + 2 * reach_mm)
    index = np.moveaxis(np.indices([side.stop - side.start for side in block]), 0, -1)
    points = scene.grid.world_mm(index + [side.start for side in block])
    away_mm = np.linalg.norm(points - centre_mm, axis=-1) - radius_mm
    noise = smooth_noise(scene.grid, away_mm.shape, FINGER_MM, rng)
    over_mm = reach_mm * (1 + UNEVEN * noise) - away_mm
    filled = np.clip(over_mm / SOFT_MM, 0, 1) * _takes(scene)[scene.labels[block]]
    filling: Filling = block, filled.astype(np.float32)
    return soaked(scene, filling, "oedema"), round(float(filled.sum()) * scene.grid.voxel_mm3 / 1000, 1)


def midline_shift_mm(scene: Scene, centre_mm: Float[ndarray, " 3"], diameter_mm: float) -> float:
    """How far a ball that grew there has pushed the midline at its own height; 0 without two hemispheres."""
    names = {one.name for one in scene.structures.values()}
    if not names.issuperset(WHITE_SIDES):
        return 0.0
    sides = [np.argwhere(scene.mask(name)) for name in WHITE_SIDES]
    if not all(len(side) for side in sides):
        return 0.0
    middle_mm = np.mean([scene.grid.world_mm(side.mean(axis=0)) for side in sides], axis=0)[0]
    away_mm = np.array([abs(float(centre_mm[0]) - float(middle_mm))])
    return round(float(now_mm(away_mm, diameter_mm / 2)[0] - away_mm[0]), 1)


def _takes(scene: Scene) -> Float[ndarray, " s"]:
    """The share of it that each structure takes up: grey matter and the dense tracts between the hemispheres little."""
    takes = np.zeros(1 << 16)
    for id, one in scene.structures.items():
        if one.name in WHITE_SIDES:
            takes[id] = 1.0
        elif one.tissue in ("grey_matter", "white_matter") and id < FIRST_FINDING_ID:
            takes[id] = INTO_GREY
    return takes
