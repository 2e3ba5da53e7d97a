"""How large lesions are where nobody says it: log-normal, and never too large for their organ."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator

from simdata.grid import Grid

SHARE = 0.4
"""Of the diameter of a ball as large as the organ: a drawn lesion is not larger."""


@dataclass(frozen=True)
class Sizes:
    """Diameters, mm: their median, the standard deviation of their logarithm, the smallest and the largest."""

    median_mm: float
    spread: float
    low_mm: float
    high_mm: float

    def drawn(self, wished_mm: float | None, host: Bool[ndarray, "x y z"], grid: Grid, rng: Generator) -> float:
        """The wished diameter, or one at random that fits into most organs of the host's volume."""
        if wished_mm is not None:
            return wished_mm
        host_mm3 = float(np.count_nonzero(host)) * grid.voxel_mm3
        most_mm = min(self.high_mm, SHARE * float(np.cbrt(6 / np.pi * host_mm3)))
        size_mm = self.median_mm * float(np.exp(self.spread * rng.standard_normal()))
        return round(min(max(size_mm, self.low_mm), most_mm), 1)
