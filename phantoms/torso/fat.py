"""Fat between the muscles and in the armpits, and the glandular tissue of the breasts."""

import numpy as np

from phantoms.torso.canvas import Canvas
from phantoms.torso.frame import Frame, breast_dome

SEAM_MM = 0.75
INNER_SEAM_MM, OUTER_SEAM_MM = 12.5, 7.0


def paint_fat(canvas: Canvas, frame: Frame) -> None:
    """Seams that part the layers of the muscle wall, the armpits, and the gland within the breasts."""
    x, y, z = canvas.points
    wall = canvas.has("skeletal_muscle") & (canvas.cavity < -2)
    outside, deep = -canvas.cavity, canvas.muscle
    wavy = 1.6 * np.sin(x / 13) * np.sin(y / 15) + 1.6 * np.sin(z / 17 + x / 21)
    broken = np.sin(x / 31 + 1) * np.sin(y / 27) + np.sin(z / 37 + x / 43) > -0.45
    inner = broken & (np.abs(outside - INNER_SEAM_MM - wavy) < SEAM_MM) & (deep > 3.5)
    outer = broken & (np.abs(deep - OUTER_SEAM_MM - wavy) < SEAM_MM) & (outside > 15)
    strands = np.sin(x / 6.3 + 2 * wavy) * np.sin(y / 5.7 - 2 * wavy) * np.sin(z / 16 + y / 31) > 0.78
    strands &= (deep > 4) & (outside > 13)
    reach = ((canvas.angle_deg - 82) / 24) ** 2 + ((z - 118) / 46) ** 2
    armpit = np.minimum(outside - 15, deep - 13) + 1.5 * wavy > 12 * np.clip(reach - 0.35, 0, None)
    armpit &= (reach < 1.2) & (outside > 14)
    canvas.paint(wall & (inner | outer | strands | armpit), "soft_tissue", "adipose")
    if frame.breast_mm > 0:
        _paint_gland(canvas, frame.glandular)


def _paint_gland(canvas: Canvas, glandular: float) -> None:
    x, y, z = canvas.points
    lumps = np.sin((x + 0.7 * z) / 6.1) + np.sin((y - 0.8 * x) / 4.9 + 1) + np.sin((z + 0.6 * y) / 5.3 + 2)
    lumps = lumps / 2 + 0.5 * np.sin((0.9 * x + 0.5 * y - z) / 11)
    inside = canvas.has("subcutaneous_fat") & (canvas.body > 7) & (canvas.muscle < -4)
    dome = breast_dome(canvas.angle_deg, z)
    inside &= (dome > 0.12) & (y > 0)
    canvas.paint(inside & (lumps > 1.2 - 2.2 * glandular - 0.7 * dome), "subcutaneous_fat", "breast_glandular")
