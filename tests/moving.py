"""What tests of motions measure alike."""

import numpy as np
from numpy import ndarray

from simdata import Grid, Motion


def jacobian(motion: Motion, points_mm: ndarray, grid: Grid, t_s: float, step_mm: float) -> ndarray:
    """How a small piece around each point (n, 3) has changed its volume at `t_s`: det of central differences."""
    sides = [
        motion.moved_mm(points_mm + step, grid, t_s) - motion.moved_mm(points_mm - step, grid, t_s)
        for step in step_mm * np.eye(3)
    ]
    return np.linalg.det(np.stack(sides, axis=-1) / (2 * step_mm))


def way_back_mm(motion: Motion, points_mm: ndarray, grid: Grid, t_s: float) -> float:
    """How far, at most, a point that has gone there and back lies from where it began."""
    there = motion.moved_mm(points_mm, grid, t_s)
    return float(np.linalg.norm(motion.rest_mm(there, grid, t_s) - points_mm, axis=1).max())
