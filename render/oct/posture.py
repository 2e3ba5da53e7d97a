"""How a patient's wall, laid flat along its inner surface, lies under the lines of an OCT: where each column begins."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float64, UInt16
from numpy import ndarray

from render.oct.bowl import Bowl
from simdata import Grid, Scene, SceneError, Vessels
from simdata.eye_wall import floor_mm, laterality, over
from simdata.structures import structure
from simdata.vessels import merge
from simdata.voxelise import voxelise

RETINA = (
    "retina_nerve_fibre_layer",
    "retina_ganglion_cell_layer",
    "retina_inner_plexiform_layer",
    "retina_inner_nuclear_layer",
    "retina_outer_plexiform_layer",
    "retina_outer_nuclear_layer",
    "retina_photoreceptor_layer",
    "retina_pigment_epithelium",
)


@dataclass(frozen=True, eq=False)
class Posture:
    """The wall of `scene` as a scan on `grid` sees it; z = 0 is the top of the picture, and z points out of the wall.

    thick_mm: of the slice that a line sees, across it. Raises SceneError if the lines reach beyond the wall, or the
    wall ends within the retina.
    """

    scene: Scene
    grid: Grid
    bowl: Bowl
    thick_mm: float

    def labels(self) -> UInt16[ndarray, "x y z"]:
        """The scene's structure at each voxel, that of the nearest column; the eye itself where vitreous is."""
        labels, wall = self.scene.labels, self.scene.grid
        at = np.rint(wall.index(self._columns_mm)[..., :2]).astype(int)
        across, up = (np.clip(at[..., axis], 0, wall.shape[axis] - 1) for axis in range(2))
        below_mm = -self._down_mm - self._inner_lines_mm[..., None]
        deep = np.floor(below_mm / wall.spacing_mm[2]).astype(int)
        found = labels[across[..., None], up[..., None], np.clip(deep, 0, wall.shape[2] - 1)]
        found[deep < 0] = structure(f"eye_{laterality(self.scene)}").id
        return found

    def lowered(self, vessels: Vessels) -> Vessels:
        """Vessels where the scan sees them."""
        points = vessels.points_mm.copy()
        points[:, 2] -= over(self._inner_mm, self.scene.grid, points).astype(np.float32)
        return replace(vessels, points_mm=points)

    def filled(self) -> tuple[ndarray, ndarray]:
        """Of every voxel the share that vessels fill, in 1/255, and 1 + the kind of vessel. (x, y, z) uint8 each."""
        share, kind = np.zeros((2, *self.grid.shape), np.uint8)
        vessels = self.lowered(merge([*self.scene.vessels.values()]))
        for line in range(self.grid.shape[1]):
            maps = voxelise(vessels, self._slice(line))
            share[:, line], kind[:, line] = maps.share[:, 0], maps.kind[:, 0]
        return share, kind

    @cached_property
    def _inner_mm(self) -> Float64[ndarray, "x y"]:
        """Depth of the inner surface below the top of the picture, at each column of the wall."""
        top = self.scene.grid.crop((0, 0, 0), (*self.scene.grid.shape[:2], 1))
        x_mm, y_mm = np.moveaxis(top.points_mm()[:, :, 0, :2], -1, 0)
        inner = self.bowl.outer_mm(x_mm, y_mm) - floor_mm(self.scene, RETINA)
        nearest = over(inner, self.scene.grid, self._columns_mm).min()
        return inner - nearest + self.bowl.top_mm

    @cached_property
    def _inner_lines_mm(self) -> Float64[ndarray, "x y"]:
        return over(self._inner_mm, self.scene.grid, self._columns_mm)

    @cached_property
    def _columns_mm(self) -> Float64[ndarray, "x y 3"]:
        """Where each column of the scan begins, on the wall laid flat."""
        x, y = np.meshgrid(*(np.arange(n) for n in self.grid.shape[:2]), indexing="ij")
        places = self.grid.world_mm(np.stack([x, y, np.zeros_like(x)], axis=-1)) * np.array([1, 1, 0])
        index, shape = self.scene.grid.index(places)[..., :2], np.array(self.scene.grid.shape[:2])
        if (index < -1).any() or (index > shape).any():
            raise SceneError("OCT: a scan reaches beyond the wall; a smaller field_mm or fewer lines would do")
        return places

    @property
    def _down_mm(self) -> Float64[ndarray, " z"]:
        return self.grid.affine[2, 3] + self.grid.affine[2, 2] * np.arange(self.grid.shape[2])

    def _slice(self, line: int) -> Grid:
        """One line, as thick as the beam."""
        affine = self.grid.crop((0, line, 0), (self.grid.shape[0], 1, self.grid.shape[2])).affine.copy()
        affine[1, 1] = self.thick_mm
        return Grid((self.grid.shape[0], 1, self.grid.shape[2]), affine)
