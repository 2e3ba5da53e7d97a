"""The stand of a mammography unit: tube, breast support and flat detector, flush with the chest wall."""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float64
from numpy import ndarray

from render.views import Views
from simdata import Grid, Part, RecipeError, Scene


@dataclass(frozen=True, kw_only=True)
class BreastStand(Part):
    """A flat detector below the breast support, and a focus above the middle of its edge at the chest wall.

    Its coordinates, mm: x along the chest wall, 0 at the patient's origin and in the middle of the detector; y from the
    detector to the tube; z away from the chest wall. source_to_detector_mm: from focus to detector.
    support_to_detector_mm: what lies between, the grid too.
    columns: of the detector, along the chest wall; rows: away from it. pixel_mm: their size, 0.07 to 0.1 mm in clinics.
    paddle_mm: of acrylic, above the breast.
    """

    source_to_detector_mm: Annotated[float, Gt(0)] = 650.0
    support_to_detector_mm: Annotated[float, Ge(0)] = 17.0
    columns: Annotated[int, Ge(1), Le(8192)] = 2400
    rows: Annotated[int, Ge(1), Le(8192)] = 1200
    pixel_mm: Annotated[float, Gt(0)] = 0.1
    paddle_mm: Annotated[float, Ge(0)] = 2.8

    def own(self, grid: Grid) -> Grid:
        """A grid of the patient on the support: its first axis along the chest wall, the second up, the third out.

        Raises RecipeError if it reaches to the focus.
        """
        spacing = np.array(grid.spacing_mm)
        if self.top_mm(grid) >= self.source_to_detector_mm:
            raise RecipeError(
                f"BreastStand: the focus, {self.source_to_detector_mm} mm above the detector, lies within what is "
                f"on the support, up to {self.top_mm(grid):.0f} mm; a thinner patient or a larger "
                "source_to_detector_mm would do"
            )
        affine = np.diag([*spacing, 1.0])
        origin = float(grid.index(np.zeros(3))[0])
        affine[:3, 3] = -origin * spacing[0], self.support_to_detector_mm + spacing[1] / 2, spacing[2] / 2
        return Grid(grid.shape, affine)

    def top_mm(self, grid: Grid) -> float:
        """How high above the detector a grid on the support reaches."""
        return self.support_to_detector_mm + grid.shape[1] * grid.spacing_mm[1]

    def middle_mm(self, grid: Grid) -> float:
        """How high above the detector the middle of a grid on the support lies."""
        return self.support_to_detector_mm + grid.shape[1] * grid.spacing_mm[1] / 2

    @property
    def focus_mm(self) -> tuple[float, float, float]:
        """From the middle of the detector to the resting focus: along its columns' axis, along its rows', and up."""
        return 0.0, -self.rows * self.pixel_mm / 2, self.source_to_detector_mm

    def laid(self, scene: Scene) -> Scene:
        """The patient on the support, in the coordinates of the stand."""
        grid = self.own(scene.grid)
        moved = {
            bed: replace(one, points_mm=grid.world_mm(scene.grid.index(one.points_mm)).astype(np.float32))
            for bed, one in scene.vessels.items()
        }
        return replace(scene.to("cpu"), grid=grid, vessels=MappingProxyType(moved))

    def views(self, angle_rad: Float64[ndarray, " views"], pivot_mm: float = 0.0) -> Views:
        """The tube turned by these angles along the chest wall, about an axis so far above the resting detector."""
        arm = self.source_to_detector_mm - pivot_mm
        nothing, one = np.zeros(len(angle_rad)), np.ones(len(angle_rad))
        focus = np.column_stack([arm * np.sin(angle_rad), pivot_mm + arm * np.cos(angle_rad), nothing, one])
        across = self.pixel_mm * (np.arange(self.columns + 1) - self.columns / 2)
        middle = np.full_like(across, self.rows * self.pixel_mm / 2)
        borders = np.column_stack([across, np.zeros_like(across), middle])
        count = len(angle_rad)
        return Views(focus, np.tile(borders, (count, 1, 1)), np.tile([0.0, 0.0, self.pixel_mm], (count, 1)), self.rows)

    def slant(self, views: Views) -> Float64[ndarray, "views columns rows 3"]:
        """From the focus to the middle of each element, mm."""
        across = self.pixel_mm * (np.arange(self.columns) - (self.columns - 1) / 2)
        out = self.pixel_mm * (np.arange(self.rows) + 0.5)
        place = np.stack(np.broadcast_arrays(across[:, None], 0.0, out), axis=-1)
        return place - views.focus[:, None, None, :3]


def in_patient(grid: Grid, laid: Scene, scene: Scene) -> Grid:
    """A grid of the stand's coordinates in those of the patient."""
    return Grid(grid.shape, scene.grid.affine @ np.linalg.inv(laid.grid.affine) @ grid.affine)
