"""The patient's axes: an array turned so that x runs to the right, y forward and z up, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from simdata import Grid, SceneError

SKEW = 1e-3
"""Largest cosine between two axes of a grid that still counts as a right angle."""


@dataclass(frozen=True)
class Orientation:
    """Of x, y and z: the array axis that lies nearest, whether it runs the other way, and its spacing."""

    axes: tuple[int, ...]
    flipped: tuple[bool, ...]
    spacing_mm: tuple[float, ...]

    def turn(self, array: Any) -> Any:
        """`array` (i, j, k) as (x, y, z); a view."""
        return array.transpose(self.axes)[self._flips]

    def turn_back(self, array: Any) -> Any:
        """`array` (x, y, z) as (i, j, k); a view."""
        return array[self._flips].transpose(np.argsort(self.axes))

    @property
    def _flips(self) -> tuple[slice, ...]:
        return tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)


def orientation(grid: Grid) -> Orientation:
    """The orientation of `grid`; SceneError if its axes do not stand at right angles."""
    direction = grid.affine[:3, :3] / grid.spacing_mm
    if np.abs(direction.T @ direction - np.eye(3)).max() > SKEW:
        raise SceneError(
            "Grid: its axes do not stand at right angles; a scene resampled to a grid without shear would do"
        )
    _, axes = linear_sum_assignment(-np.abs(direction))
    flipped = tuple(bool(direction[patient, axis] < 0) for patient, axis in enumerate(axes))
    return Orientation(tuple(axes.tolist()), flipped, tuple(grid.spacing_mm[a] for a in axes))
