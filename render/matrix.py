"""The slices that a CT scanner is asked for, where they shall not be those of the scene."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32
from numpy import ndarray

from simdata import Grid, Part

FINEST_MM = 1.0
"""A thick slice is the mean of slices no thicker than this."""


@dataclass(frozen=True, kw_only=True)
class Matrix(Part):
    """pixels x pixels over field_of_view_mm around the isocentre; slices slice_mm thick follow each other."""

    pixels: Annotated[int, Ge(8)] = 512
    field_of_view_mm: Annotated[float, Gt(0)] = 400.0
    slice_mm: Annotated[float, Gt(0)] = 1.5

    def grid(self, height_mm: float) -> Grid:
        """As many slices as fit into a height around the isocentre, one at least."""
        pixel_mm = self.field_of_view_mm / self.pixels
        slices = max(1, int(height_mm / self.slice_mm + 1e-6))
        return Grid.regular((self.pixels, self.pixels, slices), (pixel_mm, pixel_mm, self.slice_mm))

    @property
    def cuts(self) -> int:
        """Thin slices in one of these."""
        return int(np.ceil(self.slice_mm / FINEST_MM - 1e-6))


def cut(grid: Grid, cuts: int) -> Grid:
    """`grid` with so many thinner slices in place of each."""
    (x, y, z), (dx, dy, dz) = grid.shape, grid.spacing_mm
    return Grid.regular((x, y, z * cuts), (dx, dy, dz / cuts))


def stacked(thin: Float32[ndarray, "x y thin"], cuts: int) -> Float32[ndarray, "x y z"]:
    """The mean of so many thin slices at a time."""
    return thin.reshape(*thin.shape[:2], -1, cuts).mean(axis=3) if cuts > 1 else thin
