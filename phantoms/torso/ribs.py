"""The rib cage: twelve pairs that slope forward and down in the chest wall, their cartilages, and the breastbone.

A rib's shaft lies in the wall by construction: it is the set of points 5.5 mm outside the cavity along a line
height(angle), with an elliptic cross-section; only its neck is a round cone, to the vertebra of its number.
"""

from functools import cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.outline import Outline
from phantoms.torso.shapes import chain
from phantoms.torso.spine import vertebrae

CORTEX_MM = 0.9
START_DEG = 154.0
MIDDLE_MM = 5.5
HALF_THICK_MM, HALF_HIGH_MM = 3.9, 6.3

# rib: angle and height of the costochondral joint (or free tip), then height of its sternal notch or None
TABLE = {
    1: (36, 139, 132),
    2: (29, 103, 103),
    3: (28, 75, 80),
    4: (29, 49, 58),
    5: (33, 21, 38),
    6: (38, -9, 20),
    7: (45, -43, 6),
    8: (52, -73, None),
    9: (60, -97, None),
    10: (69, -119, None),
    11: (99, -131, None),
    12: (131, -124, None),
}


@cache
def _begin_mm(rib: int) -> float:
    bone = vertebrae()[f"T{rib}"]
    return float(bone.place(0, 0, 0.45 * bone.height_mm)[2]) - 9.0


def height_mm(rib: int, angle_deg):
    """Height of a rib's middle line at an angle; steep behind, flat in front."""
    end_deg, end_mm, _ = TABLE[rib]
    t = np.clip((START_DEG - angle_deg) / (START_DEG - end_deg), 0, 1)
    return _begin_mm(rib) + (end_mm - _begin_mm(rib)) * np.sin(t * np.pi / 2) ** 1.1


def paint_ribs(canvas: Canvas, outline: Outline) -> None:
    """Costal cartilages, the breastbone and 24 ribs."""
    wall = canvas.window((-200, -130, -165), (200, 140, 200))
    cartilage, _ = wall.tubes(_cartilages(outline))
    wall.paint((cartilage > 0) & (wall.muscle > 0), "costal_cartilages")
    _paint_sternum(wall.window((-40, 0, -45), (40, 140, 150)))

    shell = (wall.cavity < 0) & (wall.cavity > -2 * MIDDLE_MM - 3)
    z, angle, outside = wall.z[shell], wall.angle_deg[shell], -wall.cavity[shell]
    for rib in TABLE:
        depth = np.full(wall.x.shape, -1.0, np.float32)
        depth[shell] = _shaft(rib, angle, z, outside, outline)
        neck, _ = wall.tubes(_necks(rib, outline))
        depth = np.maximum(depth, neck)
        for side, here in (("left", wall.x < 0), ("right", wall.x >= 0)):
            wall.paint_bone(depth, (depth > 0) & here & (wall.body > 3), f"rib_{side}_{rib}", CORTEX_MM)


def _shaft(rib: int, angle, z, outside, outline: Outline):
    """Depth inside the elliptic shaft of points of the chest wall, mm."""
    line_deg = np.arange(0, 181, 2.0)
    line = outline.point_mm(line_deg, height_mm(rib, line_deg), MIDDLE_MM)
    length = np.hypot(np.gradient(line[:, 0]), np.gradient(line[:, 1]))
    rise = np.gradient(line[:, 2]) / np.maximum(length, 1e-6)
    along = np.interp(angle, line_deg, 1 / np.sqrt(1 + rise**2)).astype(np.float32)
    per_deg = np.interp(angle, line_deg, length / 2).astype(np.float32)

    off = (z - np.interp(angle, line_deg, line[:, 2]).astype(np.float32)) * along
    past_end = np.maximum(TABLE[rib][0] - angle, angle - START_DEG) * per_deg
    off = np.hypot(off / HALF_HIGH_MM, np.maximum(past_end, 0) / HALF_HIGH_MM)
    return (1 - np.hypot((outside - MIDDLE_MM) / HALF_THICK_MM, off)) * HALF_THICK_MM


def _necks(rib: int, outline: Outline) -> Float[ndarray, "n 8"]:
    """Head at the vertebral body, tubercle at the transverse process, and on to the shaft; both sides."""
    bone = vertebrae()[f"T{rib}"]
    head = bone.place(bone.width_mm / 2 + 2, -0.30 * bone.depth_mm, 0.42 * bone.height_mm)
    tubercle = bone.place(29, -bone.depth_mm / 2 - 14, 0.25 * bone.height_mm - 4)
    shaft = [outline.point_mm(a, height_mm(rib, a), MIDDLE_MM) for a in (START_DEG, START_DEG - 6)]
    right = chain([head, tubercle, *shaft], [4.2, 4.2, 4.2, 4.4])
    return np.concatenate([right, right * np.array([-1, 1, 1, -1, 1, 1, 1, 1])])


def _cartilages(outline: Outline) -> Float[ndarray, "n 8"]:
    """From the end of each rib to the breastbone, or, for ribs 8 to 10, to the cartilage above."""
    paths, ends = [], {}
    for rib, (end_deg, end_mm, notch_mm) in TABLE.items():
        if rib > 10:
            break
        t = np.linspace(0, 1, 7)
        if notch_mm is None:
            goal_deg, goal_mm = ends[rib - 1][2]
        else:
            goal_deg, goal_mm = 9.0, float(notch_mm)
        angle = end_deg + 1 + (goal_deg - end_deg - 1) * t
        height = end_mm + (goal_mm - end_mm) * t ** (1.0 if rib < 5 else 1.5)
        ends[rib] = list(zip(angle, height, strict=True))
        paths.append(chain(outline.point_mm(angle, height, 6.0), np.linspace(5.6, 5.0, 7)))
    right = np.concatenate(paths)
    return np.concatenate([right, right * np.array([-1, 1, 1, -1, 1, 1, 1, 1])])


def _paint_sternum(wall: Canvas) -> None:
    """Manubrium, body and xiphoid process: a plate in the front wall."""
    half_width = np.interp(wall.z, [-38, -12, -4, 30, 70, 100, 112, 130, 143], [3, 6, 14, 18, 16, 14, 19, 27, 24])
    thick = np.interp(wall.z, [-38, -10, 0, 100, 143], [2.0, 2.5, 5.0, 5.0, 6.5])
    depth = np.minimum(half_width - np.abs(wall.x), thick - np.abs(-wall.cavity - 8.0))
    depth = np.minimum(depth, np.minimum(143 - 0.01 * wall.x**2 - wall.z, wall.z + 38)).astype(np.float32)
    wall.paint_bone(depth, (depth > 0) & (wall.y > 0) & (wall.muscle > -1), "sternum", CORTEX_MM)
