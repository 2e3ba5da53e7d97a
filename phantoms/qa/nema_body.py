"""The NEMA body: a torso of plastic with six spheres and a lung, on which PET scanners are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from phantoms.qa.inserts import Insert, Positive, QualityPhantom, Voxels
from phantoms.qa.sections import Disc, Joined, Rectangle, Section
from phantoms.qa.shapes import Along, Shape, sphere

SPHERES_MM = (37.0, 28.0, 22.0, 17.0, 13.0, 10.0)
RING_MM, RING_Y_MM = 57.2, 35.0
"""Radius of the circle of the spheres' middles (114.4 mm across), and how far before the middle of the arcs it lies."""
ARC_MM, CORNER_MM, FLAT_MM = 147.0, 77.0, 140.0
"""Inner radius of chest and of both corners of the back, and the flat between those."""
WALL_MM, PLATE_MM, SPHERE_WALL_MM = 3.0, 10.0, 1.0
LENGTH_MM, SPHERES_FROM_END_MM = 180.0, 70.0
"""Inside, and of the plane of the spheres from the end plate that holds them."""
LUNG_MM, LUNG_WALL_MM, LUNG_DENSITY = 50.0, 4.0, 0.30 / 0.26
"""Outer diameter and wall of the lung insert; 0.30 g/cm3 of lung, whose table says 0.26."""


@dataclass(frozen=True, kw_only=True)
class NemaBody(QualityPhantom):
    """A body of PMMA filled with water, spheres of 37 to 10 mm in the plane z = 0, and a lung along the middle.

    NEMA NU 2-2018, section 7 (IEC 61675-1): spheres on a circle of 114.4 mm, 70 mm from the end plate, 180 mm of inside
    length, lung of 0.30 g/cm3 and 50 mm; walls, end plates and the order of the spheres as in the model of OpenGATE
    (contrib/phantoms/nemaiec.py): the largest at nine o'clock (-x), the others follow against the clock. The thin
    stems that hold the spheres are left out.
    sphere_kbq_ml: activity of each, the largest first; background_kbq_ml: of the water around; the lung has none.
    """

    sphere_kbq_ml: tuple[
        Annotated[float, Ge(0)],
        Annotated[float, Ge(0)],
        Annotated[float, Ge(0)],
        Annotated[float, Ge(0)],
        Annotated[float, Ge(0)],
        Annotated[float, Ge(0)],
    ] = (21.2, 21.2, 21.2, 21.2, 21.2, 21.2)
    background_kbq_ml: Annotated[float, Ge(0)] = 5.3
    voxel_mm: tuple[Positive, Positive, Positive] = (2.0, 2.0, 2.0)
    shape: tuple[Voxels, Voxels, Voxels] = (160, 124, 104)
    centre_mm: tuple[float, float, float] = (0.0, 35.0, -20.0)

    def inserts(self) -> Sequence[Insert]:
        head_mm = SPHERES_FROM_END_MM
        inside = (head_mm - LENGTH_MM, head_mm)
        whole = (inside[0] - PLATE_MM, inside[1] + PLATE_MM)
        lung = (0.0, RING_Y_MM)
        walls: tuple[Shape, ...] = tuple(
            sphere(at, d + 2 * SPHERE_WALL_MM) for at, d in zip(self._places, SPHERES_MM, strict=True)
        )
        spheres = [
            Insert(
                name=f"sphere_{diameter_mm:g}mm",
                shapes=(sphere(at, diameter_mm),),
                tissue="water",
                kbq_ml=kbq_ml,
                kind="sphere",
                says=f"sphere of {diameter_mm:g} mm",
            )
            for at, diameter_mm, kbq_ml in zip(self._places, SPHERES_MM, self.sphere_kbq_ml, strict=True)
        ]
        lung_wall, lung_inside = (Along(Disc(lung, LUNG_MM / 2 - w), inside) for w in (0.0, LUNG_WALL_MM))
        return (
            Insert(name="phantom_body", shapes=(Along(outline(WALL_MM), whole),), tissue="pmma"),
            Insert(
                name="background",
                shapes=(Along(outline(0.0), inside),),
                tissue="water",
                kbq_ml=self.background_kbq_ml,
            ),
            Insert(name="lung_insert_wall", shapes=(lung_wall,), tissue="pmma"),
            Insert(
                name="lung_insert",
                shapes=(lung_inside,),
                tissue="lung",
                density=LUNG_DENSITY,
                kind="lung_insert",
                says="lung insert",
            ),
            Insert(name="sphere_wall", shapes=walls, tissue="pmma"),
            *spheres,
        )

    @property
    def _places(self) -> list[tuple[float, float, float]]:
        turns = np.radians(180 + 60 * np.arange(len(SPHERES_MM)))
        return [(RING_MM * float(np.cos(turn)), RING_Y_MM + RING_MM * float(np.sin(turn)), 0.0) for turn in turns]


def outline(wall_mm: float) -> Section:
    """The inside of the body, wider by a wall: half a disc, and below it two corners and what lies between them."""
    arc, corner = ARC_MM + wall_mm, CORNER_MM + wall_mm
    chest = HalfDisc((0.0, 0.0), arc)
    corners = tuple(Disc((side * FLAT_MM / 2, 0.0), corner) for side in (-1, 1))
    back = Rectangle((0.0, -corner / 2), (FLAT_MM, corner))
    return Joined((chest, *corners, back), np.pi * arc**2 / 2 + np.pi * corner**2 / 2 + FLAT_MM * corner)


@dataclass(frozen=True)
class HalfDisc(Disc):
    """The half of a disc that lies before its middle."""

    def depth_mm(self, u_mm: np.ndarray, v_mm: np.ndarray) -> np.ndarray:
        return np.minimum(super().depth_mm(u_mm, v_mm), v_mm - self.centre_mm[1])

    @property
    def bounds_mm(self) -> tuple[tuple[float, float], tuple[float, float]]:
        (u0, _), high = super().bounds_mm
        return (u0, self.centre_mm[1]), high

    @property
    def area_mm2(self) -> float:
        return super().area_mm2 / 2
