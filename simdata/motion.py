"""How the patient moves: a map from where a voxel is now to where its tissue lay at rest."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from simdata.grid import Grid


class Motion(ABC):
    """A motion is a function of time, t_s in seconds; at rest it displaces nothing."""

    @abstractmethod
    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        """RAS+ mm to add to each voxel's position at `t_s` to find the position of its tissue at rest (pull-back)."""


@dataclass(frozen=True)
class Still(Motion):
    """A patient who holds still."""

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return np.zeros((3, *grid.shape), np.float32)
