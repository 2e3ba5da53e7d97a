"""What an OCT measures for an angiogram: from every voxel the power of its echo, and how much it changes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32
from numpy import ndarray

from render.oct.beam import Beam
from simdata import Raw, RecipeError


@dataclass(frozen=True, eq=False)
class Echoes(Raw):
    """data: (2, x, y, z) float32: mean of |E|^2, and mean of |E - E'|^2 between two visits to the same place.

    Lines along x are what the beam sweeps in one go, y is the slow axis, z goes into the wall. Power is relative to
    nerve fibres at the surface. slab: (x, y, z) the voxels that the picture is of. step_mm: edges of a voxel.
    """

    slab: Bool[ndarray, "x y z"]
    step_mm: tuple[float, float, float]
    beam: Beam

    @property
    def power(self) -> Float32[ndarray, "x y z"]:
        """Mean of |E|^2."""
        return self.data[0]

    @property
    def change(self) -> Float32[ndarray, "x y z"]:
        """Mean of |E - E'|^2, between 0 and twice the power."""
        return self.data[1]


def changed(power: Float32[ndarray, "x y z"], change: Float32[ndarray, "x y z"]) -> Float32[ndarray, "2 x y z"]:
    """Both as the data of `Echoes`."""
    return np.stack([power, change], dtype=np.float32, casting="same_kind")


def echoes(raw: Raw, effect: str) -> Echoes:
    """`raw`, which the effect of that name can change only if an OCT measured it; RecipeError if it did not."""
    if not isinstance(raw, Echoes):
        raise RecipeError(f"{effect}: found a measurement in '{raw.unit}'; the echoes of an OCT scanner would do")
    return raw
