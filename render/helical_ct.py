"""Helical computed tomography: a cone beam winds around the patient while the table moves."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le, MultipleOf

from render.calibration import Calibration
from render.ct import hounsfield
from render.effects.electronic_noise import ElectronicNoise
from render.effects.quantum_noise import QuantumNoise
from render.filters import Kernel
from render.geometry import SOURCE_TO_DETECTOR_MM, SOURCE_TO_ISOCENTRE_MM
from render.helix import wfbp
from render.kernels.detect import detect
from render.materials import Body
from render.orientation import orientation
from render.projection import cast, running_sums, shade
from render.source import Source, source
from render.views import Arc, Orbit
from simdata import Effect, Grid, Image, Raw, RecipeError, Scanner, Scene

VIEWS_AT_ONCE = 128
"""Views projected together, which bounds the memory."""

OVERSCAN_TURNS = 0.5
"""Before the first slice and after the last, besides the fan: every slice is seen from every side."""


@dataclass(frozen=True, kw_only=True)
class HelicalCT(Scanner):
    """A multi-row CT scanner on a helix, calibrated to water 0 HU and air -1000 HU.

    kvp: tube voltage. filtration_mm_al: all that hardens the beam, mm of aluminium. mas: tube current times time of a
    turn, mAs. pitch: table feed of a turn by the height of the beam at the isocentre. rows: of the detector, row_mm
    high at the isocentre. views: of a turn, even. element_mm: width of an element on the detector, an arc around the
    focus. kernel: from "ram-lak" (sharp) to "hann" (soft). field_of_view_mm: the circle around the middle of the grid
    that is measured; beyond it the image is air, and what of the patient lies there spoils the image (truncation).
    Above and below the grid the patient goes on as in its last slices.
    Scene fields: "density" scales a tissue's, "iodine_mg_ml" adds contrast.
    """

    kvp: Annotated[float, Ge(70), Le(140)] = 120.0
    filtration_mm_al: Annotated[float, Ge(2.5)] = 7.0
    mas: Annotated[float, Gt(0)] = 150.0
    pitch: Annotated[float, Gt(0), Le(1.5)] = 1.0
    rows: Annotated[int, Ge(4)] = 32
    row_mm: Annotated[float, Gt(0)] = 1.2
    views: Annotated[int, Ge(8), MultipleOf(2)] = 480
    element_mm: Annotated[float, Gt(0)] = 1.5
    source_to_isocentre_mm: Annotated[float, Gt(0)] = SOURCE_TO_ISOCENTRE_MM
    source_to_detector_mm: Annotated[float, Gt(0)] = SOURCE_TO_DETECTOR_MM
    kernel: Kernel = "hann"
    field_of_view_mm: Annotated[float, Gt(0)] = 500.0
    effects: tuple[Effect, ...] = (QuantumNoise(), ElectronicNoise())

    def __post_init__(self) -> None:
        if not self.field_of_view_mm / 2 < self.source_to_isocentre_mm < self.source_to_detector_mm:
            raise RecipeError(
                f"HelicalCT: the focus, {self.source_to_isocentre_mm} mm from the axis and "
                f"{self.source_to_detector_mm} mm from the detector, turns around a field of view of "
                f"{self.field_of_view_mm} mm; a focus outside of it and a detector beyond the axis would do"
            )

    def measure(self, scene: Scene) -> Raw:
        """Photons expected at each element in each view, (views, columns, rows) float32, counted as in CT."""
        scene = scene.to("cpu")
        body = Body.of(scene, orientation(scene.grid), self._source.beam)
        orbit, beyond = self._orbit(scene.grid), self._beyond(scene.grid)
        grid = _upright(scene.grid, beyond)
        signal = (self._blank * self._source.spectrum.signal).astype(np.float32)
        per_mm = self._source.spectrum.per_mm[body.materials].astype(np.float32)

        views = orbit.views
        shade(grid, views)
        sums = running_sums(np.pad(body.volume(), ((0, 0), (0, 0), (beyond, beyond), (0, 0)), mode="edge"))
        photons = np.empty((len(views), views.columns, views.rows), np.float32)
        for first in range(0, len(views), VIEWS_AT_ONCE):
            batch = slice(first, first + VIEWS_AT_ONCE)
            path = cast(sums, grid, views[batch])
            photons[batch] = detect(np.ascontiguousarray(np.moveaxis(path, 3, 2)), signal, per_mm)
        return Raw(photons, scene.grid, unit="photons")

    def reconstruct(self, raw: Raw) -> Image:
        """Hounsfield units, (x, y, z) int16 on the grid of the scene."""
        grid, orbit = _upright(raw.grid), self._orbit(raw.grid)
        water = Calibration.of(self._source.spectrum, self._blank)
        density = wfbp(water.path_mm(raw.data), orbit, grid, self.kernel)
        x, y, _ = np.ogrid[: grid.shape[0], : grid.shape[1], :1]
        away = np.hypot(x * grid.spacing_mm[0] + grid.affine[0, 3], y * grid.spacing_mm[1] + grid.affine[1, 3])
        density[away[..., 0] > self._radius_mm(raw.grid)] = 0
        return Image(np.ascontiguousarray(orientation(raw.grid).turn_back(hounsfield(density))), "HU", raw.grid)

    @property
    def _source(self) -> Source:
        return source(self.kvp, self.filtration_mm_al)

    @property
    def _blank(self) -> float:
        """Photons at one element in one view of a scan of air."""
        area_mm2 = self.element_mm * self.source_to_isocentre_mm / self.source_to_detector_mm * self.row_mm
        return self._source.photons(self.source_to_isocentre_mm, area_mm2, self.mas / self.views)

    def _beyond(self, grid: Grid) -> int:
        """Slices beyond the first and the last that rays through these see; the patient goes on there as he ended."""
        steep = self.rows * self.row_mm / 2 / self.source_to_isocentre_mm
        return int(np.ceil(steep * 2 * self._radius_mm(grid) / _upright(grid).spacing_mm[2]))

    def _radius_mm(self, grid: Grid) -> float:
        """Of the circle that is measured: the field of view, or all of a smaller grid."""
        upright = _upright(grid)
        wide, deep = (n * s / 2 for n, s in zip(upright.shape[:2], upright.spacing_mm[:2], strict=True))
        return min(self.field_of_view_mm / 2, float(np.hypot(wide, deep)) + max(upright.spacing_mm[:2]))

    def _orbit(self, grid: Grid) -> Orbit:
        """The helix that shows all of `grid` turned upright around the origin."""
        upright = _upright(grid)
        fan = np.arcsin(self._radius_mm(grid) / self.source_to_isocentre_mm)
        element_rad = self.element_mm / self.source_to_detector_mm
        row_mm = self.row_mm * self.source_to_detector_mm / self.source_to_isocentre_mm
        detector = Arc(
            columns=2 * int(np.ceil(fan / element_rad)) + 5, rows=self.rows, column_mm=self.element_mm, row_mm=row_mm
        )
        feed = self.pitch * self.rows * self.row_mm
        turns = upright.shape[2] * upright.spacing_mm[2] / feed + 2 * (OVERSCAN_TURNS + fan / (2 * np.pi))
        count = int(np.ceil(turns * self.views))
        turn = (np.arange(count) - (count - 1) / 2) / self.views
        return Orbit(2 * np.pi * turn, detector, self.source_to_isocentre_mm, self.source_to_detector_mm, feed * turn)


def _upright(grid: Grid, beyond: int = 0) -> Grid:
    """The grid turned to the patient's axes, its middle in the isocentre, and so many slices more at both ends."""
    turned = orientation(grid)
    x, y, z = (grid.shape[axis] for axis in turned.axes)
    dx, dy, dz = turned.spacing_mm
    return Grid.regular((x, y, z + 2 * beyond), (dx, dy, dz))
