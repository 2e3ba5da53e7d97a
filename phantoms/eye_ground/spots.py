"""Spots on the retina: where they may lie, their outlines, how they get into a patient. What its lesions share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.eye_ground.ground import Ground
from phantoms.pieces import LESION_COLOUR
from simdata.errors import SceneError
from simdata.eye_wall import laterality
from simdata.measured import measured
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID, Structure, structure

WAVES = range(2, 8)
TRIES = 200


@dataclass(frozen=True)
class Kind:
    """A kind of lesion. field: what it adds to. tissue: what it is made of. snomed, meaning: what it is called."""

    name: str
    field: str
    tissue: str
    snomed: str
    meaning: str


@dataclass(frozen=True, eq=False)
class Spot:
    """One lesion, in a block of voxels. mm: what it adds to its field. mask: where it is seen. text: as one says it."""

    block: tuple[slice, slice]
    mm: Float32[ndarray, "x y"]
    mask: Bool[ndarray, "x y"]
    text: str


def ground_of(scene: Scene, lesion: str) -> Ground:
    """The places of an eye. Raises SceneError, as `lesion` says it, if the patient is no back of an eye."""
    side = laterality(scene)
    if "nerve_fibres" not in scene.fields or not side:
        raise SceneError(f"{lesion}: the patient has no field 'nerve_fibres'; phantoms.fundus.Fundus would do")
    points_mm = scene.grid.points_mm()[:, :, 0]
    sign = 1 if side == "right" else -1
    x, y, _ = scene.grid.world_mm(np.argwhere(scene.mask(f"optic_disc_{side}")).mean(axis=0))
    middle = np.array([sign * x, y])
    return Ground(sign * points_mm[..., 0], points_mm[..., 1], middle, scene.grid.spacing_mm[0])


def place(
    ground: Ground, fovea_mm: tuple[float, float], disc_mm: tuple[float, float], rng: Generator
) -> Float[ndarray, " 2"]:
    """Nasal and superior of a place that lies so far from the fovea, and so far from the middle of the disc."""
    for _ in range(TRIES):
        at = fovea_mm[1] * rng.uniform(-1, 1, 2)
        near, far = np.hypot(*at), np.hypot(*(at - ground.disc_mm))
        if fovea_mm[0] <= near <= fovea_mm[1] and disc_mm[0] <= far <= disc_mm[1]:
            return at
    return np.array([-fovea_mm[0], 0.0])


def reach(
    ground: Ground,
    at: Float[ndarray, " 2"],
    radii_mm: tuple[float, float],
    turn: float,
    roughness: float,
    rng: Generator,
) -> Float[ndarray, "x y"]:
    """Distance of every voxel from a place over the radius of an outline in that direction: 1 on the outline.

    radii_mm: along the direction `turn` from nasal, radians, and across. roughness: deviation of ln(radius).
    """
    nasal, superior = ground.nasal_mm - at[0], ground.superior_mm - at[1]
    along = (nasal * np.cos(turn) + superior * np.sin(turn)) / radii_mm[0]
    across = (superior * np.cos(turn) - nasal * np.sin(turn)) / radii_mm[1]
    angle = np.arctan2(across, along)
    waves = (rng.normal() / k * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in WAVES)
    return np.hypot(along, across) / np.exp(roughness * np.sum(list(waves), axis=0))


def painted(scene: Scene, kind: Kind, spots: Sequence[Spot]) -> Scene:
    """The patient with these lesions, each a finding; what is smaller than a voxel shows but has no finding."""
    host = structure(f"retina_{laterality(scene)}")
    field = scene.fields.get(kind.field, np.zeros(scene.grid.shape, np.float32)).copy()
    for spot in spots:
        field[spot.block][..., 0] = np.maximum(field[spot.block][..., 0], spot.mm)
        here = np.zeros(scene.labels.shape, bool)
        here[spot.block] = spot.mask[..., None] & (scene.labels[spot.block] < FIRST_FINDING_ID)
        if here.any():
            scene = _found(scene, kind, host, here, spot.text)
    return replace(scene, fields=MappingProxyType({**scene.fields, kind.field: field}))


def size(mm: float) -> str:
    """As one says it."""
    return f"{1000 * mm:.0f} um" if mm < 0.2 else f"{mm:.1f} mm"


def _found(scene: Scene, kind: Kind, host: Structure, here: Bool[ndarray, "x y 1"], text: str) -> Scene:
    number = len(scene.findings)
    label = FIRST_FINDING_ID + number
    name = f"{kind.name}_{number + 1}"
    lesion = Structure(label, name, host.id, kind.tissue, host.laterality, kind.snomed, kind.meaning, LESION_COLOUR)
    finding = measured(np.argwhere(here), scene.grid, kind.name, label, host.name, text)
    return replace(scene.paint(here, lesion), findings=(*scene.findings, finding))
