"""The plane of a flat detector: where its elements lie, and where points of the patient fall on it."""

import numpy as np
from jaxtyping import Float, Float64
from numpy import ndarray

from render.views import Views
from simdata import Grid


def plane(view: Views) -> Grid:
    """The elements of the first view as voxels (columns, rows, 1), 1 mm thick along the way of the rays."""
    across = (view.borders[0, -1] - view.borders[0, 0]) / view.columns
    up = view.upward[0]
    through = np.cross(across, up) / np.linalg.norm(np.cross(across, up))
    ahead = through @ (view.focus[0, 3] * view.borders[0, 0] - view.focus[0, :3])
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([across, up, np.copysign(1, ahead) * through])
    affine[:3, 3] = view.borders[0, 0] + across / 2 + up * (0.5 - view.rows / 2)
    return Grid((view.columns, view.rows, 1), affine)


def onto(view: Views, points_mm: Float[ndarray, "n 3"]) -> tuple[Float64[ndarray, "n 3"], Float64[ndarray, " n"]]:
    """Where the rays through points of the patient (RAS+ mm) meet the plane, and how much larger they are there."""
    detector = plane(view)
    through, focus, w = detector.affine[:3, 2], view.focus[0, :3], view.focus[0, 3]
    points = np.asarray(points_mm, float)
    along = w * points - focus
    beyond = ((detector.affine[:3, 3] - points) @ through) / (along @ through)
    return points + beyond[:, None] * along, 1 + w * beyond
