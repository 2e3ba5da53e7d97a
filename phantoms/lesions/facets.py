"""Facetted stones: bodies between flat faces, as stones have that have ground against each other."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling, solid
from phantoms.solids import Ellipsoid, Plane, smooth_common
from simdata.grid import Grid

FACES, UNEVEN = 7, 0.12
"""Faces around a stone, and the standard deviation of their distance from its middle by its radius; assumed."""
EDGE = 0.25
"""How far its edges are rounded, by its radius."""
ROUNDS = 4


def facetted(grid: Grid, centre_mm: Float[ndarray, " 3"], diameter_mm: float, rng: Generator) -> Filling:
    """A stone with the volume of a sphere of that diameter."""
    normal = _spread(rng)
    far = np.maximum(1 + UNEVEN * rng.standard_normal(FACES), 0.7)
    radius_mm = 0.5 * diameter_mm
    wished_mm3, size_mm = np.pi / 6 * diameter_mm**3, radius_mm
    reach_mm = np.full(3, 2.0 * radius_mm)
    block, filled = (slice(0, 0), slice(0, 0), slice(0, 0)), np.zeros((0, 0, 0), np.float32)
    for _ in range(ROUNDS):
        faces = [Plane(tuple(centre_mm + size_mm * d * n), tuple(-n)) for n, d in zip(normal, far, strict=True)]
        ball = Ellipsoid(tuple(centre_mm), (1.3 * size_mm,) * 3)
        block, filled = solid(
            grid, smooth_common(*faces, ball, round_mm=EDGE * size_mm), centre_mm - reach_mm, centre_mm + reach_mm
        )
        found_mm3 = max(float(filled.sum(dtype=float)) * grid.voxel_mm3, 0.1 * wished_mm3)
        size_mm *= float(np.cbrt(wished_mm3 / found_mm3))
    return block, filled


def _spread(rng: Generator) -> Float[ndarray, "n 3"]:
    """Directions all around, none near another: the corners of a spiral on the sphere, turned at random."""
    height = 1 - (2 * np.arange(FACES) + 1) / FACES
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(FACES)
    flat = np.sqrt(1 - height**2)
    frame = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    return np.column_stack([flat * np.cos(turn), flat * np.sin(turn), height]) @ frame.T
