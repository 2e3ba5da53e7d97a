"""The wall at the back of an eye, as an OCT looks at it: its layers, and room for vessels and their diseases."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float, UInt16
from numpy import ndarray
from numpy.random import Generator

from phantoms.retina_layers import layers, spreads, thickness_mm
from simdata.grid import Grid
from simdata.parts import Phantom
from simdata.scene import Scene
from simdata.structures import structure

BEHIND = ("choroid", "sclera")
"""Layers behind the retina."""


@dataclass(frozen=True, kw_only=True)
class Retina(Phantom):
    """A square field of field_mm around the fovea and the first depth_mm of the wall behind its inner surface.

    The axes are those of a fundus picture: x to its right, y up, z towards who looks into the eye. The wall is laid
    flat along its inner surface, z = 0, so that the foveal pit shows as layers that thin out there; behind the choroid
    lies sclera. Each layer is as thick as in adults, times a lognormal factor of its own.

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
        factor = np.exp(spreads() * rng.standard_normal(len(layers())))
        place_mm = self.voxel_mm * (np.arange(across) - (across - 1) / 2)
        nasal_mm = place_mm if self.laterality == "right" else -place_mm
        thick_mm = factor[:, None, None] * thickness_mm(*np.meshgrid(nasal_mm, place_mm, indexing="ij"))
        return Scene(Grid((across, across, deep), affine), self._labels(np.cumsum(thick_mm, axis=0), deep))

    def _labels(self, floor_mm: Float[ndarray, "layers x y"], deep: int) -> UInt16[ndarray, "x y z"]:
        """What lies at each depth, from the depth of each layer's floor."""
        depth_mm = self.depth_voxel_mm * (np.arange(deep) + 0.5)
        passed = np.zeros((*floor_mm.shape[1:], deep), np.uint8)
        for floor in floor_mm:
            passed += depth_mm > floor[..., None]
        names = [name if name in BEHIND else f"retina_{name}" for name in (*layers(), "sclera")]
        return np.array([structure(f"{name}_{self.laterality}").id for name in names], np.uint16)[passed]
