"""How steep a table is and between what it lies, patch by patch, so that bounds can be told near a point."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.solids.program import PATCH


def highest(cells: Float[ndarray, "..."]) -> Float[ndarray, "..."]:
    """The largest number of every patch of cells."""
    for axis, count in enumerate(cells.shape):
        cells = np.maximum.reduceat(cells, np.arange(0, count, PATCH), axis=axis)
    return cells


def steps(points: Float[ndarray, "..."], axis: int) -> Float[ndarray, "..."]:
    """The largest step along an axis within every patch of the cells between points."""
    return highest(_of_cells(np.abs(np.diff(points, axis=axis)), axis))


def largest(points: Float[ndarray, "..."]) -> Float[ndarray, "..."]:
    """The largest number at the corners of every patch of the cells between points."""
    return highest(_of_cells(points))


def smallest(points: Float[ndarray, "..."]) -> Float[ndarray, "..."]:
    """The smallest number at the corners of every patch of the cells between points."""
    return -largest(-points)


def _of_cells(points: Float[ndarray, "..."], but: int = -1) -> Float[ndarray, "..."]:
    """The largest number at the corners of every cell; along the axis `but` the numbers are the cells' own."""
    for axis in range(points.ndim):
        if axis != but:
            cut = [slice(None)] * points.ndim
            cut[axis] = slice(1, None)
            points = np.maximum(np.delete(points, -1, axis), points[tuple(cut)])
    return points
