"""OCT angiography: where the echoes of an eye's wall change between visits, blood flows."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Int, UInt16
from numpy import ndarray

from render.effects.dimming import Dimming
from render.effects.eye_jerks import EyeJerks
from render.effects.sensor_noise import SensorNoise
from render.effects.speckle import Speckle
from render.kernels.columns import columns
from render.kernels.layers import deepest, nearest
from render.oct.avascular_zone import avascular_zone
from render.oct.beam import Beam
from render.oct.echoes import Echoes, echoes
from render.oct.en_face import Maximum, Projection, Window
from render.oct.flow import TAIL_PER_MM
from render.oct.light import BLOOD, optics, optics_of
from render.oct.vessel_labels import with_vessels
from render.oct.vessel_pixels import vessel_pixels, within
from render.oct.way import Way, way
from simdata import Effect, Grid, Image, Raw, Scanner, Scene, SceneError
from simdata.eye_wall import laterality, layer
from simdata.motion import Still
from simdata.structures import structure
from simdata.vessels import merge
from simdata.voxelise import voxelise

SUPERFICIAL = ("retina_nerve_fibre_layer", "retina_ganglion_cell_layer", "retina_inner_plexiform_layer")
DEEP = ("retina_inner_nuclear_layer", "retina_outer_plexiform_layer")
SPARE_MM = 0.03
"""Echoes are measured so far below the slab, for effects that move it."""


@dataclass(frozen=True)
class OCTA(Scanner):
    """A square picture of the blood that flows in some layers of the retina, seen from the front.

    The beam sweeps lines along x, line_s apart, and visits each several times, visit_s apart. flow = sqrt(|E - E'|^2),
    the difference of complex echoes (Wang 2007 and later: OMAG), and of each line of sight what `projection` makes of
    the slab. An eye that moves meanwhile is seen as it lay at the time of each line, and so is the truth.

    pixels, field_mm: of the picture. layers: between whose first and last surface it looks. depth_mm: edge of a voxel
    in depth.
    """

    field_mm: Annotated[float, Gt(0), Le(12)] = 6.0
    pixels: Annotated[int, Ge(16), Le(2048)] = 320
    layers: tuple[str, ...] = SUPERFICIAL
    depth_mm: Annotated[float, Gt(0.0005), Le(0.01)] = 0.003
    visit_s: Annotated[float, Gt(0)] = 0.005
    line_s: Annotated[float, Gt(0)] = 0.01
    beam: Beam = Beam()
    projection: Projection = Maximum()
    window: Window = Window()
    effects: tuple[Effect, ...] = (Dimming(), SensorNoise(), EyeJerks(), Speckle())

    def measure(self, scene: Scene) -> Raw:
        if isinstance(scene.motion, Still):
            return self._resting(scene, self._grid)
        passed = self._way(scene)
        return passed.seen(self._resting(scene, passed.grid))

    def reconstruct(self, raw: Raw) -> Image:
        raw = echoes(raw, "OCTA")
        flow = self.projection(np.sqrt(raw.change), raw.slab)
        return Image(self.window(flow)[..., None], "a.u.", raw.grid)

    def truth(self, scene: Scene, image: Image) -> Image:
        """The kind of vessel in every pixel that vessels of the slab, seen from the front, fill by half; the zone
        around the fovea that none of their axes crosses; and these vessels (their radius and axis in every pixel:
        render.oct.vessel_pixels).
        """
        if isinstance(scene.motion, Still):
            return self._true(scene, image)
        passed = self._way(scene)
        resting = self._true(scene, Image(np.zeros(passed.grid.shape, np.float32), image.unit, passed.grid))
        beds = {bed: passed.moved(vessels) for bed, vessels in resting.vessels.items()}
        return replace(image, labels=passed.nearest(resting.labels), vessels=MappingProxyType(beds))

    @property
    def pixel_mm(self) -> float:
        """Edge of a pixel."""
        return self.field_mm / self.pixels

    @property
    def _grid(self) -> Grid:
        """Of the picture, one voxel deep."""
        spacing = np.array([self.pixel_mm, self.pixel_mm, -self.depth_mm])
        affine = np.diag([*spacing, 1.0])
        affine[:3, 3] = spacing * (0.5 - np.array([self.pixels / 2, self.pixels / 2, 0]))
        return Grid((self.pixels, self.pixels, 1), affine)

    def _way(self, scene: Scene) -> Way:
        return way(scene, self._grid, self.line_s, self.visit_s, self.beam.radius_mm)

    def _resting(self, scene: Scene, picture: Grid) -> Echoes:
        """What is measured on those pixels of an eye at rest."""
        labels, slab = self._wall(scene, picture)
        data = np.empty((2, *labels.shape), np.float32)
        columns(
            *optics_of(labels, scene.structures),
            np.array(optics()[BLOOD]),
            *self._blood(scene, Grid(labels.shape, picture.affine)),
            self.depth_mm,
            self.beam.radius_mm / self.visit_s,
            TAIL_PER_MM,
            *data,
        )
        return Echoes(data, picture, "a.u.", slab, (self.pixel_mm, self.pixel_mm, self.depth_mm), self.beam)

    def _true(self, scene: Scene, image: Image) -> Image:
        """The truth of an image of an eye at rest."""
        side, (_, slab) = laterality(scene), self._wall(scene, image.grid)
        beds = {bed: within(vessels, slab, image.grid) for bed, vessels in scene.vessels.items()}
        maps = [vessel_pixels(vessels, image.grid) for vessels in beds.values()]
        axes = np.any([one.centreline[..., 0] for one in maps], axis=0) if maps else np.zeros(slab.shape[:2], bool)
        labels = np.full(image.grid.shape, structure(f"eye_{side}").id, np.uint16)
        labels[avascular_zone(axes, image.grid)] = structure(f"foveal_avascular_zone_{side}").id
        for one in maps:
            labels = with_vessels(labels, one.share, one.kind, side)
        return replace(image, labels=labels, vessels=MappingProxyType(beds))

    def _wall(self, scene: Scene, picture: Grid) -> tuple[UInt16[ndarray, "x y z"], Bool[ndarray, "x y z"]]:
        """The scene's labels below those pixels, from the inner surface to SPARE_MM below the slab, and the slab."""
        wanted = np.zeros(int(scene.labels.max()) + 1, bool)
        ids = [id for id, one in scene.structures.items() if id < len(wanted) and layer(one) in self.layers]
        wanted[ids] = True
        last = int(deepest(scene.labels, wanted).max())
        if last < 0:
            raise SceneError(
                f"OCTA: the scene has none of the layers {', '.join(self.layers)}; phantoms.retina.Retina would do"
            )
        below = min(scene.grid.shape[2] - 0.5, last + 0.5 + SPARE_MM / scene.grid.spacing_mm[2])
        grid = Grid((*picture.shape[:2], round(below * scene.grid.spacing_mm[2] / self.depth_mm)), picture.affine)
        labels, slab = np.empty(grid.shape, np.uint16), np.empty(grid.shape, bool)
        x, y, z = self._nearest(scene.grid, grid)
        nearest(scene.labels, x, y, z, wanted, labels, slab)
        return labels, slab

    def _nearest(self, wall: Grid, grid: Grid) -> tuple[Int[ndarray, " n"], ...]:
        """Of every place along each axis of `grid` the voxel of the wall."""
        ends = wall.index(grid.world_mm(np.array([np.zeros(3), np.array(grid.shape) - 1])))
        if (ends < -1).any() or (ends > np.array(wall.shape)).any():
            raise SceneError(
                f"OCTA: a field of {self.field_mm:g} mm reaches beyond the wall; a smaller field_mm would do"
            )
        lines = (np.linspace(ends[0, axis], ends[1, axis], n) for axis, n in enumerate(grid.shape))
        return tuple(np.clip(np.rint(line), 0, n - 1).astype(int) for line, n in zip(lines, wall.shape, strict=True))

    def _blood(self, scene: Scene, grid: Grid) -> tuple[ndarray, ndarray, ndarray]:
        """Of every voxel the share that is blood, in 1/255, and the radius (mm) and flow (mm3/s) of its vessel."""
        maps = voxelise(merge([*scene.vessels.values()]), grid)
        return maps.share, maps.radius_mm, maps.flow_mm3_s
