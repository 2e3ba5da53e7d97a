"""The seventeen segments of the left ventricle's wall, and how deep in it a place lies."""

import numpy as np
from jaxtyping import Float64, Int
from numpy import ndarray
from scipy.ndimage import map_coordinates

from phantoms.heartbeat.chambers import HEIGHT_MM, LEFT, MUSCLE, RADIUS_MM, TURNS, Cylinder

SEGMENTS = ((2, 1, 6, 5, 4, 3), (8, 7, 12, 11, 10, 9), (14, 13, 16, 15))
"""Of the basal, the middle and the apical third, around from the middle of the septum to the front."""
MOST_WALL_MM = 22.0
"""A wall is no thicker: what goes on beyond is that of the right ventricle."""


def segments(heart: Cylinder) -> Int[ndarray, "h t"]:
    """The segment of the American Heart Association at each height and ray, 0 over the plane of the valves.

    Basal and middle thirds have six segments of 60 degrees, the apical one four, and beyond the cavity lies segment 17.
    Cerqueira, Circulation 2002;105:539.
    """
    z = heart.first_mm + HEIGHT_MM * np.arange(heart.shape[0])
    angle = 360.0 / TURNS * np.arange(TURNS)
    cavity = (heart.classes() == LEFT).any(axis=(1, 2))
    tip = z[np.flatnonzero(cavity).max()]
    height = (z - heart.base_mm) / (tip - heart.base_mm)
    third = np.clip((3 * height).astype(int), 0, 2)[:, None]
    six = (angle // 60).astype(int)[None]
    four = (np.mod(angle + 45, 360) // 90).astype(int)[None]
    segment = np.where(third == 2, np.take(SEGMENTS[2], four), np.array(SEGMENTS[:2])[np.minimum(third, 1), six])
    return np.where(height[:, None] > 1, 17, np.where(height[:, None] < 0, 0, segment))


def depths(heart: Cylinder, points_mm: Float64[ndarray, "n 3"]) -> tuple[Int[ndarray, " n"], Float64[ndarray, " n"]]:
    """The segment at each point, and its depth in the wall: 0 at the cavity, 1 outside; NaN where there is no wall.

    Of the tip, which has no cavity within, the depth is told along the axis.
    """
    right, across, along = ((points_mm - np.array(heart.origin_mm)) @ np.array(heart.axes).T).T
    height = (along - heart.first_mm) / HEIGHT_MM
    turn = np.mod(np.arctan2(-across, right) / (2 * np.pi) * TURNS, TURNS)
    h = np.clip(np.rint(height).astype(int), 0, heart.shape[0] - 1)
    segment = segments(heart)[h, np.rint(turn).astype(int) % TURNS]

    inner, outer = (np.pad(edge, ((0, 0), (0, 1)), mode="wrap") for edge in _edges(heart))
    begins, ends = (map_coordinates(edge, [height, turn], order=1, mode="nearest") for edge in (inner, outer))
    depth = (np.hypot(right, across) - begins) / np.maximum(ends - begins, RADIUS_MM)
    cavity = np.flatnonzero((heart.classes() == LEFT).any(axis=(1, 2)))
    tip_mm = heart.first_mm + HEIGHT_MM * cavity.max()
    depth = np.where(segment == 17, (along - tip_mm) / max(heart.apex_mm - tip_mm, RADIUS_MM), depth)
    return segment, np.where((segment > 0) & (depth <= 1), np.maximum(depth, 0), np.nan)


def _edges(heart: Cylinder) -> tuple[Float64[ndarray, "h t"], Float64[ndarray, "h t"]]:
    """Where along each ray the cavity ends, and the muscle after it, mm."""
    classes = heart.classes()
    k = np.arange(classes.shape[2])
    left = classes == LEFT
    last = np.where(left.any(axis=2), classes.shape[2] - left[..., ::-1].argmax(axis=2), 0)
    beyond = (k >= last[..., None]) & (classes != MUSCLE)
    first = np.where(beyond.any(axis=2), beyond.argmax(axis=2), classes.shape[2])
    inner = RADIUS_MM * last.astype(float)
    return inner, np.minimum(RADIUS_MM * first, inner + MOST_WALL_MM)
