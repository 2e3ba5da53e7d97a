"""Vessels as the eye would see a cast of them: lit tubes, the near ones bright and before the far ones."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Shaped
from numba import njit
from numpy import ndarray
from PIL import Image as Picture

from pipelines.sheet import BACKGROUND
from simdata import Vessels

FRONT, LEFT_FRONT, RIGHT_SIDE, BEHIND = (-1.0, 0.0, 0.0), (-0.94, -0.34, 0.0), (0.0, 1.0, 0.0), (0.8, 0.6, 0.0)
"""What points to the right of a picture of a patient who stands."""
UPWARDS = (0.0, 0.0, 1.0)
FINE, LEAST_PX, MARGIN_PX = 2, 0.55, 6
FAR = 0.4
"""Brightness of what lies farthest."""
SHADE = 0.35
STEP_RADII, STEP_PX = 0.35, 0.7


def vessel_portrait(
    vessels: Vessels,
    colour: Shaped[ndarray, "n 3"],
    size_px: int,
    right: Sequence[float] = FRONT,
    up: Sequence[float] = UPWARDS,
) -> Picture.Image:
    """All segments and links, seen so that `right` points right and `up` up. colour: RGB of each point, 0 to 255.

    size_px: the longer side of the picture.
    """
    ahead, points = np.cross(right, up), vessels.points_mm.astype(float)
    own = vessels.segments
    pairs = np.concatenate([np.stack([vessels.parent[own], own], axis=-1), vessels.links])
    thick = np.concatenate([vessels.radius_mm[own], vessels.link_radius_mm]).astype(float)
    across, level, near = (points @ np.asarray(way, float) for way in (right, up, ahead))
    scale = FINE * (size_px - 2 * MARGIN_PX) / max(np.ptp(across), np.ptp(level), 1e-6)
    width, height = (FINE * (int(scale / FINE * np.ptp(extent)) + 2 * MARGIN_PX) for extent in (across, level))

    a, b = points[pairs[:, 0]], points[pairs[:, 1]]
    radius = scale * thick
    length = scale * np.linalg.norm(b - a, axis=1)
    count = 2 + (length / np.maximum(STEP_RADII * radius, STEP_PX)).astype(int)
    row = np.repeat(np.arange(len(pairs)), count)
    t = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)) / (np.repeat(count, count) - 1)
    place = a[row] + t[:, None] * (b - a)[row]
    bright = FAR + (1 - FAR) * (place @ ahead - near.min()) / max(np.ptp(near), 1e-6)
    x = scale * (place @ np.asarray(right) - across.min()) + FINE * MARGIN_PX
    y = scale * (level.max() - place @ np.asarray(up)) + FINE * MARGIN_PX
    image = np.empty((height, width, 3))
    image[:] = BACKGROUND
    depth = np.full(image.shape[:2], -np.inf)
    _paint(image, depth, x, y, scale * (place @ ahead), radius[row], colour[pairs[row, 1]] * bright[:, None])
    whole = Picture.fromarray(image.astype(np.uint8))
    return whole.resize((width // FINE, height // FINE), Picture.Resampling.LANCZOS)


@njit(cache=True)
def _paint(
    image: Float[ndarray, "i j 3"],
    depth: Float[ndarray, "i j"],
    x: Float[ndarray, " b"],
    y: Float[ndarray, " b"],
    z: Float[ndarray, " b"],
    radius: Float[ndarray, " b"],
    colour: Float[ndarray, "b 3"],
) -> None:
    """Balls, the nearest on top, lit from the front."""
    height, width = depth.shape
    for n in range(len(x)):
        r = max(radius[n], LEAST_PX)
        for i in range(max(int(y[n] - r), 0), min(int(y[n] + r) + 2, height)):
            for j in range(max(int(x[n] - r), 0), min(int(x[n] + r) + 2, width)):
                off = ((j - x[n]) ** 2 + (i - y[n]) ** 2) / (r * r)
                if off <= 1:
                    lit = np.sqrt(1 - off)
                    if z[n] + lit * r > depth[i, j]:
                        depth[i, j] = z[n] + lit * r
                        for c in range(3):
                            image[i, j, c] = colour[n, c] * (SHADE + (1 - SHADE) * lit)
