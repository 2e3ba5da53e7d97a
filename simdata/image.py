"""What a scanner gives: the raw measurement, and the image made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Shaped, UInt16
from numpy import ndarray

from simdata.errors import SceneError, did_you_mean
from simdata.grid import Grid
from simdata.shadow import Shadow
from simdata.vessels import Vessels

REAL = "iuf"
"""Kinds of numpy's types that an image may hold."""


@dataclass(frozen=True, eq=False)
class Raw:
    """A measurement before reconstruction: photon counts, k-space, radio-frequency lines.

    data: array whose axes the scanner defines. grid: where the image will lie. unit: of the data, e.g. "photons".
    """

    data: Any
    grid: Grid
    unit: str


def unlabelled() -> UInt16[ndarray, "0 0 0"]:
    """The labels of an image that has none of its own."""
    return np.zeros((0, 0, 0), np.uint16)


@dataclass(frozen=True, eq=False)
class Image:
    """A reconstructed image: array (x, y, z) or (channel, x, y, z), its unit ("HU", "dB", "a.u.") and where it lies.

    The truth as this image sees it, where that is not the scene's own:
    labels: the structure at each voxel, of an image on a grid or at a time of its own. shadows: structure name to what
    it casts, of a projection. vessels: bed name to Vessels whose points lie in the plane of a projection.
    notes: what a user should know of it, such as that part of the patient lies beyond the field of view.
    Raises SceneError if a shape is not that of the grid, the values are no real numbers, or a shadow reaches beyond it.
    """

    array: Shaped[ndarray, "*c x y z"]
    unit: str
    grid: Grid
    labels: UInt16[ndarray, "lx ly lz"] = field(default_factory=unlabelled)
    shadows: Mapping[str, Shadow] = field(default_factory=lambda: MappingProxyType({}))
    vessels: Mapping[str, Vessels] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.array.ndim not in (3, 4) or tuple(self.array.shape[-3:]) != self.grid.shape:
            raise SceneError(
                f"Image: an array of shape {self.array.shape} on a grid of {self.grid.shape}; equal shapes would do"
            )
        if self.array.dtype.kind not in REAL:
            raise SceneError(
                f"Image: its values are {self.array.dtype}; real numbers, such as float32 or int16, would do"
            )
        if self.labelled and self.labels.shape != self.grid.shape:
            raise SceneError(
                f"Image: labels of shape {self.labels.shape} on a grid of {self.grid.shape}; equal shapes would do"
            )
        for name, shadow in self.shadows.items():
            if any(block.stop > n for block, n in zip(shadow.block, self.grid.shape, strict=True)):
                raise SceneError(f"Image: the shadow of {name} reaches beyond an image of {self.grid.shape}")

    @property
    def labelled(self) -> bool:
        """True if it has labels of its own."""
        return self.labels.size > 0

    @property
    def finite(self) -> bool:
        """True if no voxel, and no way through a structure, is NaN or infinite."""
        arrays = (self.array, *(shadow.path_mm for shadow in self.shadows.values()))
        return all(bool(np.isfinite(array).all()) for array in arrays)

    def shadow(self, structure: str) -> Shadow:
        """What the structure of that name casts. Raises SceneError if the image shows none."""
        if structure not in self.shadows:
            hint = did_you_mean(structure, self.shadows)
            raise SceneError(f"Image.shadow: no shadow of '{structure}' was taken; {hint}")
        return self.shadows[structure]
