"""Slices as thick as a radiologist asks for: the mean of thin ones across their thickness."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from simdata import Grid, SceneError


def thick_slices(
    reconstruct: Callable[[Grid], Float32[ndarray, "x y thin"]], grid: Grid, slice_mm: float, thin_mm: float
) -> Float32[ndarray, "x y z"]:
    """Slices where `grid` has them, slice_mm thick whatever lies between their middles, so that they may overlap.

    reconstruct: what shows points of any grid, as `fdk` and `wfbp` do. thin_mm: at most from one thin slice to the
    next; half the height of a detector row at the isocentre loses nothing. The profile of a slice is a box of slice_mm
    under the blur of what `reconstruct` shows: for a thick slice its full width at half maximum is slice_mm.
    Raises SceneError if a length is not above 0, and whatever `reconstruct` raises if it cannot reach the outer ones.
    """
    if slice_mm <= 0 or thin_mm <= 0:
        raise SceneError(
            f"thick_slices: found slices of {slice_mm} mm from thin ones every {thin_mm} mm; lengths above 0 would do"
        )
    apart_mm = grid.spacing_mm[2]
    parts = int(np.ceil(apart_mm / thin_mm - 1e-9))
    step_mm = apart_mm / parts
    beyond = int(np.ceil(slice_mm / (2 * step_mm) - 0.5 - 1e-9))
    thin = _finer(grid, parts, beyond)

    middle_mm = apart_mm * np.arange(grid.shape[2])
    place_mm = step_mm * (np.arange(thin.shape[2]) - beyond)
    weight = _overlap(middle_mm, place_mm, slice_mm, step_mm)
    return reconstruct(thin) @ np.ascontiguousarray(weight.T, np.float32)


def _finer(grid: Grid, parts: int, beyond: int) -> Grid:
    """`parts` slices from each of `grid` to the next, and `beyond` more before the first and after the last."""
    affine = grid.affine.copy()
    affine[:3, 2] /= parts
    affine[:3, 3] -= beyond * affine[:3, 2]
    return Grid((*grid.shape[:2], parts * (grid.shape[2] - 1) + 1 + 2 * beyond), affine)


def _overlap(
    middle_mm: Float64[ndarray, " z"], place_mm: Float64[ndarray, " thin"], slice_mm: float, step_mm: float
) -> Float64[ndarray, "z thin"]:
    """The share that each thin slice, step_mm high, has in each thick one."""
    apart = np.abs(middle_mm[:, None] - place_mm)
    common = np.clip((slice_mm + step_mm) / 2 - apart, 0, min(slice_mm, step_mm))
    return common / common.sum(axis=1, keepdims=True)
