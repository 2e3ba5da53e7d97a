"""The wall at the back of an eye, as an OCT looks at it: room for the vessels of a retina and their diseases."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.random import Generator

from simdata.grid import Grid
from simdata.parts import Phantom
from simdata.scene import Scene
from simdata.structures import structure


@dataclass(frozen=True, kw_only=True)
class Retina(Phantom):
    """A square field of field_mm around the fovea and the first depth_mm of the wall behind its inner surface.

    The axes are those of a fundus picture: x to its right, y up, z towards who looks into the eye, 0 at the surface.
    voxel_mm: across the field; depth_voxel_mm: into the wall, the direction in which the third axis counts.
    """

    field_mm: Annotated[float, Ge(1), Le(12)] = 3.0
    depth_mm: Annotated[float, Gt(0.01), Le(1)] = 0.13
    voxel_mm: Annotated[float, Gt(0.001), Le(0.1)] = 0.01
    depth_voxel_mm: Annotated[float, Gt(0.001), Le(0.1)] = 0.005
    laterality: Literal["right", "left"] = "right"

    def __call__(self, rng: Generator) -> Scene:
        across, deep = round(self.field_mm / self.voxel_mm), round(self.depth_mm / self.depth_voxel_mm)
        spacing = np.array([self.voxel_mm, self.voxel_mm, -self.depth_voxel_mm])
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = spacing * (0.5 - np.array([across / 2, across / 2, 0]))
        grid = Grid((across, across, deep), affine)
        return Scene(grid, np.full(grid.shape, structure(f"eye_{self.laterality}").id, np.uint16))
