"""The slices that a CT scanner is asked for, where they shall not be those of the scene."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from simdata import Grid, Part


@dataclass(frozen=True, kw_only=True)
class Matrix(Part):
    """pixels x pixels over field_of_view_mm around the isocentre; slices of slice_mm, every_mm from one to the next.

    Slices may overlap (every_mm below slice_mm) or leave gaps.
    """

    pixels: Annotated[int, Ge(8), Le(8192)] = 512
    field_of_view_mm: Annotated[float, Gt(0)] = 400.0
    slice_mm: Annotated[float, Gt(0)] = 1.5
    every_mm: Annotated[float, Gt(0)] = 1.5

    def grid(self, height_mm: float) -> Grid:
        """As many slices as fit into a height around the isocentre, one at least."""
        pixel_mm = self.field_of_view_mm / self.pixels
        slices = max(1, int((height_mm - self.slice_mm) / self.every_mm + 1e-6) + 1)
        return Grid.regular((self.pixels, self.pixels, slices), (pixel_mm, pixel_mm, self.every_mm))
