"""Electrodes of an electrocardiogram: pads, snaps and cables on the chest of whoever is monitored."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le, MinLen
from numpy.random import Generator

from phantoms.filling import solid, wires
from phantoms.implants.implant import part_mm
from phantoms.implants.skin import facing, foremost_mm, front_mm
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from phantoms.solids import Ellipsoid, tube
from simdata import Growth, Scene

KIND = Kind("ecg electrodes", "40388003", "Implant", IMPLANT_COLOUR)
PLACES = ((65.0, -15.0), (-65.0, -15.0), (-85.0, -190.0))
"""Right arm, left arm, left leg: mm to the right of the breastbone's middle, and above its top."""
PAD_MM, PAD_THICK_MM = 18.0, 1.2
SNAP_MM, STUD_MM, STUD_HIGH_MM = 5.0, 2.0, 4.0
ABOVE_MM, EVERY_MM, SAG_MM = 5.0, 12.0, 6.0
"""Cables run that far above the skin, known at points that far apart, between which they sink no more than that."""


@dataclass(frozen=True, kw_only=True)
class EcgElectrodes(Growth):
    """A pad of gel with a steel snap at each of `places_mm`, (to the right of, above) the top of the breastbone.

    A cable with cable_mm of metal runs from each up to the edge of the field of view. Raises SceneError if the patient
    has no breastbone or no skin in front there.
    """

    places_mm: Annotated[tuple[tuple[float, float], ...], MinLen(1)] = PLACES
    cable_mm: Annotated[float, Gt(0), Le(3)] = 0.6

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        sternum = part_mm(scene, "sternum", "EcgElectrodes")
        middle, top = sternum[:, 0].mean(), sternum[:, 2].max()
        pieces = []
        for right, above in self.places_mm:
            x, z = middle + right + rng.uniform(-8, 8), top + above + rng.uniform(-8, 8)
            pieces += self._electrode(scene, x, z, rng)
        return with_finding(scene, KIND, "", pieces, f"{len(self.places_mm)} electrodes on the chest")

    def _electrode(self, scene: Scene, x: float, z: float, rng: Generator) -> list[Piece]:
        frame, skin = facing(scene, x, z, "EcgElectrodes"), front_mm(scene, x, z, "EcgElectrodes")
        out = frame[1]
        pad = Ellipsoid(skin + PAD_THICK_MM / 2 * out, (PAD_MM, PAD_THICK_MM, PAD_MM), frame)  # pyright: ignore[reportArgumentType]
        plate = Ellipsoid(skin + PAD_THICK_MM * out, (SNAP_MM, 0.5, SNAP_MM), frame)  # pyright: ignore[reportArgumentType]
        stud = tube(
            np.stack([skin + PAD_THICK_MM * out, skin + (PAD_THICK_MM + STUD_HIGH_MM - STUD_MM) * out]), STUD_MM
        )
        around = (skin - PAD_MM - 2, skin + PAD_MM + 2)
        return [
            Piece(solid(scene.grid, pad, *around), "water"),
            Piece(solid(scene.grid, plate | stud, *around), "stainless_steel"),
            Piece(wires(scene.grid, [self._cable(scene, skin, out, rng)], self.cable_mm / 2), "stainless_steel"),
        ]

    @staticmethod
    def _cable(scene: Scene, skin: np.ndarray, out: np.ndarray, rng: Generator) -> np.ndarray:
        """From the snap over the skin up to the edge of the grid, or of the body."""
        corners = scene.grid.world_mm(np.array([[0, 0, 0], np.array(scene.grid.shape) - 1], float))
        ends = corners[:, 2].max()
        way = [skin + (PAD_THICK_MM + STUD_HIGH_MM) * out]
        lean = rng.uniform(-0.35, 0.35)
        for z in np.arange(skin[2] + EVERY_MM, ends, EVERY_MM):
            x = skin[0] + lean * (z - skin[2])
            y = max(foremost_mm(scene, x, z) + ABOVE_MM, way[-1][1] - SAG_MM)
            way.append(np.array([x, y, z]))
        return np.array(way)
