"""The kidneys: beans beside the psoas, hilum to the front and middle, with cortex, pyramids and pelvis."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import ellipsoid

CENTRE_MM = {"left": (-60.0, -32.0, -128.0), "right": (61.0, -32.0, -142.0)}
RADII_MM = (30.0, 25.5, 58.0)
BEND_MM = 9.0
CORTEX_MM = 7.0
CAPSULE_MM = 3.0
PYRAMIDS = 9
REACH_MM = 78.0


def axes(side: str) -> ndarray:
    """Rows: to the hilum, across, and to the upper pole, which leans inward and back; orthonormal."""
    sign = 1.0 if side == "right" else -1.0
    pole = np.array([-0.24 * sign, -0.22, 1.0])
    pole /= np.linalg.norm(pole)
    hilum = np.array([-0.82 * sign, 0.57, 0.0])
    hilum -= pole * (pole @ hilum)
    hilum /= np.linalg.norm(hilum)
    return np.stack([hilum, np.cross(pole, hilum), pole])


def window(canvas: Canvas, side: str) -> Canvas:
    """The part of the canvas that can hold this kidney."""
    centre = np.array(CENTRE_MM[side])
    return canvas.window(centre - REACH_MM, centre + REACH_MM)


def _own(points, side: str, size: float) -> list[Float32[ndarray, "x y z"]]:
    """Places along the kidney's own axes in the bent bean, mm at size 1."""
    offset = [p - np.float32(c) for p, c in zip(points, CENTRE_MM[side], strict=True)]
    h, a, p = (sum(o * np.float32(e / size) for o, e in zip(offset, axis, strict=True)) for axis in axes(side))
    bend = np.float32(BEND_MM) * np.clip((p / RADII_MM[2]) ** 2, 0, 1.5)
    return [h - bend + np.float32(2), a, p]  # pyright: ignore[reportReturnType]


def bed_depth(view: Canvas, side: str, size: float) -> Float32[ndarray, "x y z"]:
    """Depth inside the kidney or anywhere straight behind it: room that liver and spleen leave free, mm."""
    behind = np.maximum(view.y, np.float32(CENTRE_MM[side][1] - 4))
    return ellipsoid(_own((view.x, behind, view.z), side, size), (0, 0, 0), RADII_MM) * np.float32(size)


def paint_kidneys(canvas: Canvas, size: float) -> None:
    """Cortex with its columns, pyramids, sinus fat, pelvis and the start of the ureter."""
    for side in CENTRE_MM:
        view = window(canvas, side)
        own = _own(view.points, side, size)
        h, _, p = own
        depth = ellipsoid(own, (0, 0, 0), RADII_MM)
        sinus = ellipsoid(own, (20, 0, 0), (20, 9.5, 26))
        pelvis = np.maximum(ellipsoid(own, (22, 0, -2), (15, 5.0, 12)), ellipsoid(own, (34, 0, -8), (9, 3.5, 8)))
        around = np.arctan2(p * 0.6, 16 - h)
        pyramid = (np.cos(PYRAMIDS * around) > -0.55) & (depth > CORTEX_MM) & (sinus < -1.5)
        free = view.has("visceral_fat", "diaphragm", "liver", "spleen")
        kidney = (depth > 0) & (sinus < 0) & free
        view.paint(kidney & ~pyramid, f"kidney_cortex_{side}")
        view.paint(kidney & pyramid, f"kidney_medulla_{side}")
        view.paint(
            (pelvis > 0) & (depth < 26) & view.has("visceral_fat", f"kidney_cortex_{side}"), f"kidney_pelvis_{side}"
        )
