"""Fillings and crowns: metal in the teeth, which streaks through every CT of a head."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.filling import solid
from phantoms.implants.implant import part_mm
from phantoms.pieces import IMPLANT_COLOUR, Kind, Piece, with_finding
from phantoms.solids import Ellipsoid
from simdata import Growth, Scene

KIND = Kind("dental filling", "40388003", "Implant", IMPLANT_COLOUR)
APART_MM = 7.0
"""Neighbouring teeth stand that far apart."""
FLATTER = 0.7


@dataclass(frozen=True, kw_only=True)
class DentalFilling(Growth):
    """`count` teeth are filled: the tooth becomes metal around a random place in it, about size_mm wide.

    4 mm of amalgam are a filling, 9 mm of gold a crown. Only what is tooth becomes metal.
    Raises SceneError if the patient has no teeth.
    """

    count: Annotated[int, Ge(1), Le(16)] = 3
    size_mm: Annotated[float, Ge(1), Le(14)] = 5.0
    tissue: Literal["amalgam", "gold", "titanium", "cobalt_chrome"] = "amalgam"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        teeth, mask = part_mm(scene, "teeth", "DentalFilling"), scene.mask("teeth")
        pieces, free = [], teeth
        while len(pieces) < self.count and len(free):
            place = free[rng.integers(len(free))]
            free = free[np.linalg.norm(free - place, axis=1) > max(APART_MM, self.size_mm)]
            radii = self.size_mm / 2 * np.array([1.0, 1.0, FLATTER]) * rng.uniform(0.85, 1.15, 3)
            shape = Ellipsoid(place, radii, roundness=4)  # pyright: ignore[reportArgumentType]
            block, filled = solid(scene.grid, shape, place - self.size_mm, place + self.size_mm)
            pieces.append(Piece((block, filled * mask[block]), self.tissue))
        many = f"{len(pieces)} dental fillings" if len(pieces) > 1 else "dental filling"
        return with_finding(scene, KIND, "teeth", pieces, f"{many} of {self.tissue.replace('_', ' ')}")
