"""Computed tomography: Beer-Lambert out, filtered back-projection back."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Int16
from numpy import ndarray

from render.calibration import Calibration
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.filters import Kernel, filtered
from render.geometry import FanBeam, Geometry
from render.kernels.backproject import backproject
from render.kernels.detect import detect
from render.kernels.project import project
from render.materials import Body
from render.orientation import orientation
from render.source import Source, source
from simdata import Effect, Grid, Image, Raw, RecipeError, Scanner, Scene

HU_RANGE = (-1024, 3071)
"""What twelve bits of a CT image hold."""

SLAB = 64
"""Slices projected together: many enough to share the way of a ray, few enough for memory."""

VIEWS_AT_ONCE = 16
"""Views filtered and back-projected together, which bounds the memory."""


@dataclass(frozen=True, kw_only=True)
class CT(Scanner):
    """A CT scanner, slice by slice, calibrated to water 0 HU and air -1000 HU.

    kvp: tube voltage. filtration_mm_al: all that hardens the beam, mm of aluminium. mas: tube current times time of the
    whole scan, mAs. geometry: ParallelBeam or FanBeam. kernel: from "ram-lak" (sharp) to "hann" (soft).
    field_of_view_mm: the circle around the middle of the grid that is measured; beyond it the image is air.
    The slice thickness is that of the grid. Scene fields: "density" scales a tissue's, "iodine_mg_ml" adds contrast.
    """

    kvp: Annotated[float, Ge(70), Le(140)] = 120.0
    filtration_mm_al: Annotated[float, Ge(2.5)] = 7.0
    mas: Annotated[float, Gt(0)] = 150.0
    geometry: Geometry = FanBeam()
    kernel: Kernel = "hann"
    field_of_view_mm: Annotated[float, Gt(0)] = 500.0
    effects: tuple[Effect, ...] = (QuantumNoise(), ElectronicNoise())

    def __post_init__(self) -> None:
        if self.field_of_view_mm / 2 >= self.geometry.source_to_isocentre_mm:
            raise RecipeError(
                f"CT: the focus at {self.geometry.source_to_isocentre_mm} mm lies inside the field of view of "
                f"{self.field_of_view_mm} mm; a smaller field_of_view_mm would do"
            )

    def measure(self, scene: Scene) -> Raw:
        """Photons expected at each element in each view: (views, elements, slices from feet to head) float32.

        The detector adds up energy; its signal is counted in photons of the beam's mean energy.
        """
        scene = scene.to("cpu")
        turned = orientation(scene.grid)
        body = Body.of(scene, turned, self._source.beam)
        rays = self.geometry.rays(self._elements(scene.grid))
        signal = (self._blank(scene.grid) * self._source.spectrum.signal).astype(np.float32)
        per_mm = self._source.spectrum.per_mm[body.materials].astype(np.float32)

        slices = body.tissue.shape[2]
        photons = np.empty((*rays[0].shape, slices), np.float32)
        for first in range(0, slices, SLAB):
            path = project(body.slices(first, first + SLAB), rays, turned.spacing_mm)
            by_material = path.reshape(*rays[0].shape, len(body.materials), -1)
            photons[..., first : first + SLAB] = detect(by_material, signal, per_mm)
        return Raw(photons, scene.grid, unit="photons")

    def reconstruct(self, raw: Raw) -> Image:
        """Hounsfield units, (x, y, z) int16 on the grid of the scene."""
        turned = orientation(raw.grid)
        x_mm, y_mm = _positions_mm(raw.grid)
        elements = raw.data.shape[1]
        ramp, obliquity = self.geometry.ramp(elements), self.geometry.obliquity(elements)[:, None]
        water = Calibration.of(self._source.spectrum, self._blank(raw.grid))

        density = np.zeros((x_mm.size, y_mm.size, raw.data.shape[2]), np.float32)
        for first in range(0, self.geometry.views, VIEWS_AT_ONCE):
            batch = slice(first, first + VIEWS_AT_ONCE)
            rays = water.path_mm(raw.data[batch]) * obliquity
            views = filtered(rays, ramp, self.kernel, self.geometry.element_mm)
            shadows = [self.geometry.shadow(x_mm, y_mm, angle, elements) for angle in self.geometry.view_rad[batch]]
            backproject(density, views, *(np.stack(maps) for maps in zip(*shadows, strict=True)))

        density[np.hypot(x_mm, y_mm) > self._radius_mm(raw.grid)] = 0
        return Image(np.ascontiguousarray(turned.turn_back(hounsfield(density))), "HU", raw.grid)

    @property
    def _source(self) -> Source:
        return source(self.kvp, self.filtration_mm_al)

    def _blank(self, grid: Grid) -> float:
        """Photons at one element in one view of a scan of air."""
        area_mm2 = self.geometry.element_mm * orientation(grid).spacing_mm[2]
        mas = self.mas / self.geometry.views
        return self._source.photons(self.geometry.source_to_isocentre_mm, area_mm2, mas)

    def _radius_mm(self, grid: Grid) -> float:
        """Of the circle that is measured: the field of view, or all of a smaller grid."""
        x_mm, y_mm = _positions_mm(grid)
        return min(self.field_of_view_mm / 2, float(np.hypot(x_mm, y_mm).max()) + max(orientation(grid).spacing_mm[:2]))

    def _elements(self, grid: Grid) -> int:
        return self.geometry.elements(self._radius_mm(grid))


def hounsfield(density: Float32[ndarray, "x y z"]) -> Int16[ndarray, "x y z"]:
    """1000 (mu / mu of water - 1), from mu / mu of water; overwrites `density`."""
    density -= 1
    density *= 1000
    np.clip(np.rint(density, out=density), *HU_RANGE, out=density)
    return density.astype(np.int16)


def _positions_mm(grid: Grid) -> tuple[Float32[ndarray, "x 1"], Float32[ndarray, "1 y"]]:
    """x and y of the pixels of a slice, mm from its middle."""
    turned = orientation(grid)
    x, y = (
        ((np.arange(grid.shape[axis]) - (grid.shape[axis] - 1) / 2) * spacing).astype(np.float32)
        for axis, spacing in zip(turned.axes[:2], turned.spacing_mm[:2], strict=True)
    )
    return x[:, None], y[None, :]
