"""From echoes to a picture seen from the front: along each line of sight one number, and grey levels for it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Float32
from numpy import ndarray

from simdata import Part


@dataclass(frozen=True, kw_only=True)
class Projection(Part, ABC):
    """What becomes of the flow along a line of sight."""

    @abstractmethod
    def __call__(self, flow: Float32[ndarray, "x y z"], slab: Bool[ndarray, "x y z"]) -> Float32[ndarray, "x y"]:
        """One number for each line, of the voxels in the slab; 0 where it has none."""


@dataclass(frozen=True, kw_only=True)
class Maximum(Projection):
    """The fastest voxel counts: thin vessels are as bright as thick ones."""

    def __call__(self, flow: Float32[ndarray, "x y z"], slab: Bool[ndarray, "x y z"]) -> Float32[ndarray, "x y"]:
        return flow.max(axis=2, where=slab, initial=0)


@dataclass(frozen=True, kw_only=True)
class Mean(Projection):
    """All voxels count: thick vessels are the brightest."""

    def __call__(self, flow: Float32[ndarray, "x y z"], slab: Bool[ndarray, "x y z"]) -> Float32[ndarray, "x y"]:
        return flow.sum(axis=2, where=slab) / np.maximum(slab.sum(axis=2, dtype=np.float32), 1)


@dataclass(frozen=True, kw_only=True)
class Window(Part):
    """Grey = 255 ((flow - black) / (white - black))^gamma, with black and white at these percentiles of the picture."""

    black: Annotated[float, Ge(0), Le(100)] = 2.0
    white: Annotated[float, Ge(0), Le(100)] = 99.0
    gamma: Annotated[float, Gt(0)] = 0.6

    def __call__(self, flow: Float32[ndarray, "x y"]) -> Float32[ndarray, "x y"]:
        """Grey levels, 0 to 255."""
        black, white = np.percentile(flow, [self.black, self.white])
        return (255 * np.clip((flow - black) / max(white - black, 1e-12), 0, 1) ** self.gamma).astype(np.float32)
