"""A lump that its organ cuts off grows elsewhere, until it has the volume that was asked for."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool
from numpy import ndarray

from phantoms.lesions.lump import Lump
from simdata.grid import Grid

ROUNDS, LEAST, MOST = 6, 0.5, 1.45
"""Of the fixed point, and how far a radius may change by it."""


def fitted(body: Lump, host: Bool[ndarray, "x y z"], grid: Grid, diameter_mm: float) -> Lump:
    """`body` scaled so that what it fills of the host's voxels has the volume of a sphere of that diameter."""
    wished_mm3, scale = np.pi / 6 * diameter_mm**3, 1.0
    inside = host[body.block]
    for _ in range(ROUNDS):
        filled = body.filled(scale=scale)[1]
        found_mm3 = max(float(filled[inside].sum(dtype=float)) * grid.voxel_mm3, 0.1 * wished_mm3)
        scale = float(np.clip(scale * np.cbrt(wished_mm3 / found_mm3), LEAST, MOST))
    return replace(body, radius_mm=body.radius_mm * np.float32(scale))
