"""What a scanner gives: the raw measurement, and the image made of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy import ndarray

from simdata.errors import SceneError
from simdata.grid import Grid


@dataclass(frozen=True, eq=False)
class Raw:
    """A measurement before reconstruction: photon counts, k-space, radio-frequency lines.

    data: array whose axes the scanner defines. grid: where the image will lie. unit: of the data, e.g. "photons".
    """

    data: Any
    grid: Grid
    unit: str


@dataclass(frozen=True, eq=False)
class Image:
    """A reconstructed image: array (x, y, z) or (channel, x, y, z), its unit ("HU", "a.u.") and where it lies."""

    array: Shaped[ndarray, "*c x y z"]
    unit: str
    grid: Grid

    def __post_init__(self) -> None:
        if self.array.ndim not in (3, 4) or tuple(self.array.shape[-3:]) != self.grid.shape:
            raise SceneError(
                f"Image: an array of shape {self.array.shape} on a grid of {self.grid.shape}; equal shapes would do"
            )

    @property
    def finite(self) -> bool:
        """True if no voxel is NaN or infinite."""
        return bool(np.isfinite(self.array).all())
