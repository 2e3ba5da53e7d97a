"""Where everything at the back of an eye lies, as seen from the fovea and from the disc."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, eq=False)
class Ground:
    """Places of a square field in the eye's own frame: the fovea is the origin.

    nasal_mm, superior_mm: (x, y) of every voxel. disc_mm: (nasal, superior) of the middle of the disc. voxel_mm: edge.
    """

    nasal_mm: Float[ndarray, "x y"]
    superior_mm: Float[ndarray, "x y"]
    disc_mm: Float[ndarray, " 2"]
    voxel_mm: float

    @cached_property
    def fovea_mm(self) -> Float[ndarray, "x y"]:
        """Distance from the fovea."""
        return np.hypot(self.nasal_mm, self.superior_mm)

    @cached_property
    def from_disc_mm(self) -> Float[ndarray, "2 x y"]:
        """Nasal and superior of the middle of the disc."""
        return np.stack([self.nasal_mm - self.disc_mm[0], self.superior_mm - self.disc_mm[1]])

    def around(self, at: Float[ndarray, " 2"], reach_mm: float) -> tuple[tuple[slice, slice], "Ground"]:
        """The voxels within reach_mm of a place, both ways along both axes, and these alone."""
        near = (np.abs(self.nasal_mm[:, 0] - at[0]) <= reach_mm, np.abs(self.superior_mm[0] - at[1]) <= reach_mm)
        (left, right), (low, high) = ((int(np.argmax(line)), len(line) - int(np.argmax(line[::-1]))) for line in near)
        block = slice(left, right), slice(low, high)
        return block, Ground(self.nasal_mm[block], self.superior_mm[block], self.disc_mm, self.voxel_mm)

    @property
    def shape(self) -> tuple[int, int]:
        """Voxels along both axes."""
        x, y = self.nasal_mm.shape
        return x, y
