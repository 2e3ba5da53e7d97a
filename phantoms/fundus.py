"""The back of an eye as a camera looks at it: one sheet, with all that gives it colour."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, UInt16
from numpy import ndarray
from numpy.random import Generator

from phantoms.eye_ground.choroid import choroid
from phantoms.eye_ground.disc import Disc, disc, middle
from phantoms.eye_ground.gloss import gloss
from phantoms.eye_ground.ground import Ground
from phantoms.eye_ground.nerve_fibres import fibres_mm
from phantoms.eye_ground.pigment import epithelium, macular_pigment
from simdata.grid import Grid
from simdata.parts import Phantom
from simdata.scene import Scene
from simdata.structures import structure
from simdata.subject import Subject

MACULA_MM, FOVEA_MM = 2.75, 0.75
"""Radii: 5.5 mm and 1.5 mm across. Polyak 1941 (memory)."""
DEPTH_MM = 0.3
"""Of the sheet: the retina."""
HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class Fundus(Phantom):
    """A square field of field_mm around the fovea, one voxel thick.

    The axes are those of a fundus picture: x to its right, y up, z towards who looks into the eye. Its fields are what
    light meets there: "rpe_melanin" (with what lies before the choroid's vessels) and "choroid_melanin", optical
    density at 500 nm once through; "choroid_blood", mm;
    "macular_pigment", optical density at 460 nm; "nerve_fibres", mm; "disc", share of the voxel; "pallor", 1 where
    the disc is as pale as in its cup; "gloss",
    share of light that is mirrored.

    pigmentation: melanin over that of the mean of ten people (pigment.EPITHELIUM). tessellation: how much the choroid's
    vessels show, 1 where they show best. cup: its diameter over the disc's.
    """

    field_mm: Annotated[float, Ge(8), Le(24)] = 18.0
    voxel_mm: Annotated[float, Gt(0.005), Le(0.1)] = 0.025
    laterality: Literal["right", "left"] = "right"
    pigmentation: Annotated[float, Gt(0), Le(5)] = 1.0
    tessellation: Annotated[float, Ge(0), Le(1)] = 0.25
    cup: Annotated[float, Ge(0), Le(0.9)] = 0.4
    subject: Subject = Subject()

    def __call__(self, rng: Generator) -> Scene:
        ground = self._ground(middle(rng))
        papilla = disc(ground, self.cup, rng)
        vessels = choroid(ground, self.pigmentation, self.tessellation, rng)
        fibres = fibres_mm(ground, rng)
        fields = {
            "rpe_melanin": (epithelium(ground, self.pigmentation, rng) + vessels.front) * (1 - papilla.bare),
            "choroid_melanin": vessels.melanin * (1 - papilla.bare),
            "choroid_blood": vessels.blood_mm * (1 - HALF * papilla.bare),
            "macular_pigment": macular_pigment(ground, rng),
            "nerve_fibres": fibres,
            "disc": papilla.disc,
            "pallor": papilla.pallor,
            "gloss": gloss(ground, fibres, self.subject.age_y, rng) * (1 - papilla.disc),
        }
        return Scene(
            self._grid(),
            self._labels(ground, papilla),
            fields=MappingProxyType({name: field[..., None].astype(np.float32) for name, field in fields.items()}),
            subject=self.subject,
        )

    def _grid(self) -> Grid:
        across = round(self.field_mm / self.voxel_mm)
        affine = np.diag([self.voxel_mm, self.voxel_mm, -DEPTH_MM, 1.0])
        affine[:2, 3] = self.voxel_mm * (0.5 - across / 2)
        affine[2, 3] = -DEPTH_MM / 2
        return Grid((across, across, 1), affine)

    def _ground(self, disc_mm: Float[ndarray, " 2"]) -> Ground:
        points_mm = self._grid().points_mm()[:, :, 0]
        nasal = points_mm[..., 0] if self.laterality == "right" else -points_mm[..., 0]
        return Ground(nasal, points_mm[..., 1], disc_mm, self.voxel_mm)

    def _labels(self, ground: Ground, papilla: Disc) -> UInt16[ndarray, "x y 1"]:
        places = {
            "retina": np.ones(ground.shape, bool),
            "macula": ground.fovea_mm < MACULA_MM,
            "fovea": ground.fovea_mm < FOVEA_MM,
            "optic_disc": papilla.disc >= HALF,
            "optic_cup": papilla.cup >= HALF,
        }
        labels = np.zeros(ground.shape, np.uint16)
        for name, here in places.items():
            labels[here] = structure(f"{name}_{self.laterality}").id
        return labels[..., None]
