"""The inside of the trunk as a partition: the diaphragm parts the chest from the belly."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from scipy.interpolate import CubicSpline

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import smooth_union

# where the diaphragm springs from the wall: height over the angle, from the xiphoid process to the twelfth rib
ANGLES_DEG = np.arange(0, 181, 2.0)
INSERTION_MM = CubicSpline((0, 30, 60, 90, 120, 150, 180), (-18, -42, -95, -128, -138, -135, -125), bc_type="clamped")(
    ANGLES_DEG
)
RISE_OVER_MM = 52.0
MUSCLE_MM = 3.0
BED_MM = 5.0
NECK_MM = 190.0


def above_diaphragm(
    canvas: Canvas, whole_heart: Float32[ndarray, "x y z"], dome_mm: float
) -> Float32[ndarray, "x y z"]:
    """Height over the diaphragm, mm along its normal: two domes that rise from the wall and carry the heart.

    z = z_wall(angle) + (z_dome(x, y) - z_wall) sqrt(1 - (1 - d / D)^2), with d the distance from the wall.
    """
    x, y, z = canvas.points
    right = np.exp(-(((x - 70) / 76) ** 2) - ((y + 4) / 95) ** 2)
    left = np.exp(-(((x + 76) / 66) ** 2) - ((y + 10) / 90) ** 2)
    dome = np.float32(dome_mm - 38) + 46 * right + 32 * left
    wall = np.interp(canvas.angle_deg, ANGLES_DEG, INSERTION_MM).astype(np.float32)
    inward = 1 - np.clip(canvas.cavity / np.float32(RISE_OVER_MM), 0.003, 1)
    rise = np.sqrt(1 - inward**2)
    slope = (dome - wall) * inward / (np.float32(RISE_OVER_MM) * rise)
    above = (z - (wall + (dome - wall) * rise)) / np.sqrt(1 + slope**2)
    return smooth_union(above, whole_heart + np.float32(BED_MM), 10).astype(np.float32)


def paint_cavities(canvas: Canvas, above: Float32[ndarray, "x y z"]) -> None:
    """Mediastinal fat above the diaphragm, visceral fat below it, and muscle in the neck."""
    inside = (canvas.cavity > 0) & (canvas.body > 0)
    canvas.paint(inside & (above > 0), "mediastinum")
    canvas.paint(inside & (above <= 0), "visceral_fat")
    canvas.paint(inside & (above <= 0) & (above > -MUSCLE_MM), "diaphragm")
    canvas.paint(inside & (canvas.z > NECK_MM), "skeletal_muscle")
