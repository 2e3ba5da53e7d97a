"""OCT angiography: where the echoes of an eye's wall change between visits, blood flows."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Float32, UInt16
from numpy import ndarray

from render.effects.dimming import Dimming
from render.effects.eye_jerks import EyeJerks
from render.effects.sensor_noise import SensorNoise
from render.effects.speckle import Speckle
from render.oct.beam import Beam
from render.oct.echoes import Echoes, changed, echoes
from render.oct.en_face import Maximum, Projection, Window
from render.oct.flow import change, kept
from render.oct.light import layer, returning
from simdata import Effect, Grid, Image, Raw, Scanner, Scene, SceneError
from simdata.structures import structure
from simdata.voxelise import voxelise

SUPERFICIAL = ("retina_nerve_fibre_layer", "retina_ganglion_cell_layer", "retina_inner_plexiform_layer")
DEEP = ("retina_inner_nuclear_layer", "retina_outer_plexiform_layer")
VESSELS = ("retinal_artery", "retinal_vein", "retinal_capillary")
"""What the kinds of vessel are called in labels, in their order."""
HALF, SLICE_MM = 128, 1e-3


@dataclass(frozen=True)
class OCTA(Scanner):
    """A square picture of the blood that flows in some layers of the retina, seen from the front.

    The beam sweeps lines along x and visits each several times, visit_s apart. flow = sqrt(|E - E'|^2), the difference
    of complex echoes (Wang 2007 and later: OMAG), and of each line of sight what `projection` makes of the slab.

    pixels, field_mm: of the picture. layers: between whose first and last surface it looks. depth_mm: edge of a voxel
    in depth.
    """

    field_mm: Annotated[float, Gt(0), Le(12)] = 6.0
    pixels: Annotated[int, Ge(16), Le(2048)] = 320
    layers: tuple[str, ...] = SUPERFICIAL
    depth_mm: Annotated[float, Gt(0.0005), Le(0.01)] = 0.003
    visit_s: Annotated[float, Gt(0)] = 0.005
    beam: Beam = Beam()
    projection: Projection = Maximum()
    window: Window = Window()
    effects: tuple[Effect, ...] = (Dimming(), SensorNoise(), EyeJerks(), Speckle())

    def measure(self, scene: Scene) -> Raw:
        labels = self._labels(scene)
        slab = self._slab(labels, scene)
        deep = int(np.flatnonzero(slab.any(axis=(0, 1)))[-1]) + 1
        labels, slab = labels[..., :deep], slab[..., :deep]
        share, speed_mm_s = self._blood(scene, deep)
        tissue, blood = returning(labels, share, self.depth_mm, scene.structures)
        still = kept(speed_mm_s, self.visit_s, self.beam.radius_mm)
        data = changed(tissue + blood, change(tissue, blood, share, still, self.depth_mm))
        return Echoes(data, self._grid(1), "a.u.", slab, (self.pixel_mm, self.pixel_mm, self.depth_mm), self.beam)

    def reconstruct(self, raw: Raw) -> Image:
        raw = echoes(raw, "OCTA")
        flow = self.projection(np.sqrt(raw.change), raw.slab)
        return Image(self.window(flow)[..., None], "a.u.", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """The kind of vessel in every pixel that vessels, seen from the front, fill by half; and the vessels."""
        return replace(image, labels=self._vessel_labels(scene), vessels=scene.vessels)

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel."""
        return self.field_mm / self.pixels

    def _slice(self) -> Grid:
        """As thin as vessels that are pressed flat."""
        flat = self._grid(1).affine.copy()
        flat[2, 2:] = -SLICE_MM, 0
        return Grid((self.pixels, self.pixels, 1), flat)

    def _grid(self, deep: int) -> Grid:
        spacing = np.array([self.pixel_mm, self.pixel_mm, -self.depth_mm])
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = spacing * (0.5 - np.array([self.pixels / 2, self.pixels / 2, 0]))
        return Grid((self.pixels, self.pixels, deep), affine)

    def _labels(self, scene: Scene) -> UInt16[ndarray, "x y z"]:
        """The scene's labels on the grid of the echoes, to the bottom of the wall."""
        down = scene.grid.points_mm()[0, 0, :, 2]
        deep = round(abs(down[-1] - down[0]) / self.depth_mm)
        grid = self._grid(deep)
        corners = scene.grid.index(grid.points_mm()[[0, -1]][:, [0, -1]][:, :, [0, -1]].reshape(-1, 3))
        if (corners < -1).any() or (corners > np.array(scene.grid.shape)).any():
            raise SceneError(
                f"OCTA: a field of {self.field_mm:g} mm reaches beyond the wall; a smaller field_mm would do"
            )
        x, y, z = (
            np.clip(np.rint(scene.grid.index(self._line(grid, axis))[:, axis]), 0, n - 1).astype(int)
            for axis, n in enumerate(scene.grid.shape)
        )
        return scene.labels[np.ix_(x, y, z)]

    def _vessel_labels(self, scene: Scene) -> UInt16[ndarray, "x y 1"]:
        side = laterality(scene)
        ids = np.array([structure(f"{name}_{side}").id for name in ("eye", *VESSELS)], np.uint16)
        labels = np.full((self.pixels, self.pixels, 1), ids[0], np.uint16)
        for bed in scene.vessels.values():
            flat = replace(bed, points_mm=bed.points_mm * np.array([1, 1, 0], np.float32))
            maps = voxelise(flat, self._slice())
            filled = maps.share >= HALF
            labels[filled] = ids[maps.kind[filled]]
        return labels

    def _line(self, grid: Grid, axis: int) -> ndarray:
        at = np.zeros((grid.shape[axis], 3))
        at[:, axis] = np.arange(grid.shape[axis])
        return at @ grid.affine[:3, :3].T + grid.affine[:3, 3]

    def _slab(self, labels: UInt16[ndarray, "x y z"], scene: Scene) -> Bool[ndarray, "x y z"]:
        ids = [number for number, one in scene.structures.items() if layer(one) in self.layers]
        slab = np.isin(labels, ids)
        if not slab.any():
            raise SceneError(
                f"OCTA: the scene has none of the layers {', '.join(self.layers)}; phantoms.retina.Retina would do"
            )
        return slab

    def _blood(self, scene: Scene, deep: int) -> tuple[Float32[ndarray, "x y z"], Float32[ndarray, "x y z"]]:
        """Share of every voxel that is blood, and how fast it flows."""
        share, speed = np.zeros((2, self.pixels, self.pixels, deep), np.float32)
        for bed in scene.vessels.values():
            maps = voxelise(bed, self._grid(deep))
            here = maps.share > 0
            share = np.maximum(share, maps.share / np.float32(255))
            area = np.pi * np.square(maps.radius_mm, where=here, out=np.ones_like(share))
            speed = np.where(here, np.abs(maps.flow_mm3_s) / area, speed)
        return share, speed


def laterality(scene: Scene) -> str:
    """Which eye it is."""
    return scene.structures[int(scene.labels[0, 0, 0])].laterality
