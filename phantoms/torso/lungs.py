"""The lungs: what the chest leaves when heart, vessels, airways, gullet and spine have taken their place.

Nothing here is a free-standing ellipsoid, so costophrenic recesses, the cardiac notch and the hila arise by themselves.
"""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import chain, smooth_union
from phantoms.torso.spine import tube_mm
from phantoms.torso.vessels import Tubes
from simdata.tissues import tissues

PLEURA_MM = 1.0
GROOVE_MM = 16.0
MARGIN_MM = 2.5
FISSURES_RIDE = 0.4
CUPOLA_MM = 186.0
DEPENDENT_PER_MM = np.float32(0.0023)
MOTTLE = np.float32(0.06)
THYMUS = chain([(0, 22, 150), (-2, 38, 110), (-3, 62, 60), (-6, 76, 10), (-8, 80, -20)], [20, 14, 7, 6, 12])


def mediastinum_depth(
    canvas: Canvas, whole_heart: Float32[ndarray, "x y z"], tubes: Tubes
) -> Float32[ndarray, "x y z"]:
    """Depth inside the mediastinum: all that lies between the lungs, the grooves filled with fat."""
    depth = tubes.near(canvas, tuple(tubes.cones), 2 * GROOVE_MM)
    depth = smooth_union(depth, whole_heart, GROOVE_MM)
    depth = smooth_union(depth, canvas.tubes(tube_mm(1.0), 2 * GROOVE_MM)[0], GROOVE_MM)
    depth = smooth_union(depth, canvas.tubes(THYMUS, 2 * GROOVE_MM)[0], GROOVE_MM)
    septum = np.where(canvas.y > 0, 1.5 - np.abs(canvas.x + 3), np.float32(-50))
    return np.maximum(depth, septum) + np.float32(MARGIN_MM)


def under_cupola(x, y, z) -> ndarray:
    """Depth under the domes of the pleura behind the first ribs, mm."""
    radius2 = ((np.abs(x) - 36) / 72) ** 2 + ((y + 30) / 92) ** 2
    return np.float32(CUPOLA_MM) - 32 * radius2**2 - z


def lobes(x, y, z, dome_mm: float):
    """True for the upper lobes, and for the right middle lobe; the rest is lower."""
    right, lift = x > 0, FISSURES_RIDE * dome_mm
    oblique = np.where(right, 121 - 1.02 * (y + 88), 132 - 1.12 * (y + 88)) + 6 * np.sin(y / 38)
    oblique = oblique - 0.0016 * (np.abs(x) - 70) ** 2 + lift
    horizontal = 52 - 0.06 * (y - 40) + 0.0018 * (x - 70) ** 2 + lift
    upper = z > oblique
    middle = upper & right & (z < horizontal)
    return upper & ~middle, middle


def paint_lungs(canvas: Canvas, above: Float32[ndarray, "x y z"], mediastinum, dome_mm: float) -> None:
    """Five lobes in the chest beside the mediastinum; pleura and fascia keep `PLEURA_MM` on every side."""
    pleura = np.minimum(np.minimum(canvas.cavity, above - np.float32(0.5)), under_cupola(*canvas.points))
    lung = (canvas.body > 0) & (np.minimum(pleura, -mediastinum) > PLEURA_MM)
    upper, middle = lobes(*canvas.points, dome_mm)
    right = canvas.x > 0
    canvas.paint(lung & right & upper, "lung_upper_lobe_right")
    canvas.paint(lung & right & middle, "lung_middle_lobe_right")
    canvas.paint(lung & right & ~upper & ~middle, "lung_lower_lobe_right")
    canvas.paint(lung & ~right & upper, "lung_upper_lobe_left")
    canvas.paint(lung & ~right & ~upper, "lung_lower_lobe_left")


def weigh(canvas: Canvas) -> None:
    """Relative density of lung: it rises by a fifth to the back, where a supine patient's blood and weight lie."""
    lung = canvas.tissue == tissues()["lung"]
    x, y, z = (c[lung] for c in canvas.points)
    mottle = np.sin((x + 0.6 * z) / 3.1) * np.sin((y - 0.7 * x) / 3.7) * np.sin((z + 0.5 * y) / 2.9)
    canvas.density[lung] = 1 - DEPENDENT_PER_MM * y + MOTTLE * mottle
