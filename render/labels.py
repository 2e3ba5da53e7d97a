"""The labels of a patient on the grid of an image."""

from typing import Any

import numpy as np
from jaxtyping import UInt16
from numpy import ndarray
from scipy.ndimage import affine_transform

from simdata import Grid, Scene


def relabelled(scene: Scene, grid: Grid) -> UInt16[ndarray, "x y z"]:
    """The structure that lies at the middle of each voxel of `grid`, 0 beyond the patient's own."""
    to_scene = np.linalg.inv(scene.grid.affine) @ grid.affine
    offset: Any = to_scene[:3, 3]
    return affine_transform(scene.to("cpu").labels, to_scene[:3, :3], offset, grid.shape, order=0, mode="constant")
