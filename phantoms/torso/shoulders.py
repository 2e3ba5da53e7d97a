"""Collarbones, shoulder blades and the heads of the humeri; the arms themselves are left out."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.outline import Outline
from phantoms.torso.shapes import chain

CORTEX_MM = 1.2
# the shoulder blade as a triangle on the wall: angle in degrees, height in mm; how far it lies outside the cavity, mm
BLADE = ((148.0, 164.0), (139.0, 54.0), (103.0, 140.0))
BLADE_OUTSIDE_MM, BLADE_HALF_MM = 21.0, 2.3
PER_DEGREE_MM = 2.2
COLLARBONE = chain(
    [(24, 45, 147), (58, 42, 156), (94, 12, 167), (126, -16, 171), (146, -28, 170)], [9, 7, 6.2, 6.5, 7], 8
)
HUMERUS_MM, HUMERUS_RADIUS_MM = (146.0, -24.0, 146.0), 22.0
MIRROR = np.array([-1, 1, 1, -1, 1, 1, 1, 1])


def paint_shoulders(canvas: Canvas, outline: Outline) -> None:
    """Scapula, clavicle and humerus of both sides."""
    view = canvas.window((-185, -130, 35), (185, 70, 200))
    flat = _blade(view)
    ridge = _ridge(outline)
    allowed = (view.body > 4) & view.has("skeletal_muscle", "soft_tissue", "subcutaneous_fat")
    for side, sign in (("left", -1), ("right", 1)):
        here = allowed & (view.x * sign > 0)
        mirror = MIRROR if sign < 0 else 1
        head, _ = view.tubes(np.array([[*HUMERUS_MM, *HUMERUS_MM, HUMERUS_RADIUS_MM, HUMERUS_RADIUS_MM]]) * mirror)
        view.paint_bone(head, (head > 0) & here, f"humerus_{side}", CORTEX_MM)
        blade = np.minimum(np.maximum(flat, view.tubes(ridge * mirror)[0]), -head - 3)
        view.paint_bone(blade, (blade > 0) & here, f"scapula_{side}", CORTEX_MM)
        collar, _ = view.tubes(COLLARBONE * mirror)
        view.paint_bone(collar, (collar > 0) & here, f"clavicula_{side}", CORTEX_MM)


def _blade(view: Canvas):
    """Depth inside the flat of the shoulder blade, mm."""
    u = view.angle_deg * np.float32(PER_DEGREE_MM)
    corners = np.array(BLADE) * (PER_DEGREE_MM, 1.0)
    inside = np.full(view.x.shape, 1e3, np.float32)
    for (u0, z0), (u1, z1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        length = np.hypot(u1 - u0, z1 - z0)
        inside = np.minimum(inside, ((u1 - u0) * (view.z - z0) - (z1 - z0) * (u - u0)) / np.float32(-length))
    bowed = BLADE_OUTSIDE_MM + 0.0016 * (view.z - 105) ** 2
    return np.minimum(inside, BLADE_HALF_MM - np.abs(-view.cavity - bowed)).astype(np.float32)


def _ridge(outline: Outline) -> Float[ndarray, "n 8"]:
    """Spine of the scapula out to the acromion, its side border up to the socket, and the coracoid process."""
    spine = [outline.point_mm(a, z, out) for a, z, out in ((147, 138, 24), (132, 146, 32), (118, 155, 42))]
    border = [outline.point_mm(a, z, BLADE_OUTSIDE_MM) for a, z in BLADE[1:]]
    socket = np.array([121.0, -28.0, 143.0])
    return np.concatenate(
        [
            chain([*spine, (140, -48, 170), (150, -30, 172)], [3.6, 4.5, 5, 6.5, 6.5], 8),
            chain([*border, socket], [4.5, 6.5, 10.5], 8),
            chain([socket, (122, -12, 158), (118, 6, 157)], [8, 5, 4.5], 8),
        ]
    )
