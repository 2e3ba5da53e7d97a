"""Surgical clips: small titanium staples that close a vessel or a duct for good."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import binary_erosion

from phantoms.filling import wires
from phantoms.implants.implant import part_mm
from phantoms.lesions.room import spoken_host
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from simdata import Growth, Scene

KIND = Kind("surgical clips", "40388003", "Implant", IMPLANT_COLOUR)
BEND_POINTS = 9


@dataclass(frozen=True, kw_only=True)
class SurgicalClips(Growth):
    """`count` closed clips on the surface of the structure of that name, in a group of `group_mm`.

    A clip is a wire of wire_mm, bent over once, its legs length_mm long and one wire apart. The gallbladder's bed is
    where most are met, of the liver where that has been taken out.
    Raises SceneError if the patient has no such structure.
    """

    structure: str = "gallbladder"
    count: Annotated[int, Ge(1), Le(30)] = 4
    length_mm: Annotated[float, Ge(2), Le(15)] = 8.0
    wire_mm: Annotated[float, Gt(0), Le(2)] = 0.8
    group_mm: Annotated[float, Gt(0)] = 25.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        inside = part_mm(scene, self.structure, "SurgicalClips")
        mask = scene.mask(self.structure)
        rim = scene.grid.world_mm(np.argwhere(np.logical_and(mask, np.logical_not(binary_erosion(mask)))))
        centre = rim[rng.integers(len(rim))]
        near = rim[np.linalg.norm(rim - centre, axis=1) <= self.group_mm / 2]
        places = near[rng.choice(len(near), self.count, replace=len(near) < self.count)]
        out = places - inside.mean(axis=0)
        places = places + out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)

        ways = [self._bent(place, rng) for place in places]
        pieces = [Piece(wires(scene.grid, ways, self.wire_mm / 2), "titanium")]
        where = spoken_host(scene, self.structure)
        clips = "surgical clip" if self.count == 1 else "surgical clips"
        return with_finding(scene, KIND, self.structure, pieces, f"{self.count} {clips} at the {where}")

    def _bent(self, place_mm: Float[ndarray, " 3"], rng: Generator) -> Float[ndarray, "n 3"]:
        """The way of a clip's wire: along one leg, around the bend, back along the other."""
        frame = np.linalg.qr(rng.standard_normal((3, 3)))[0]
        angle = np.linspace(-np.pi / 2, np.pi / 2, BEND_POINTS)
        gap, leg = self.wire_mm, self.length_mm - 1.5 * self.wire_mm
        x = np.concatenate([[-leg / 2], leg / 2 + gap * np.cos(angle), [-leg / 2]])
        y = np.concatenate([[-gap], gap * np.sin(angle), [gap]])
        return place_mm + np.column_stack([x, y, np.zeros_like(x)]) @ frame.T
