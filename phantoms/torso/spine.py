"""The spine: a curve with kyphosis and lordosis that carries vertebrae C5 to L5, discs, canal and cord.

Bodies run from 15 mm (C7) over 25 (T12) to 27 mm (lumbar) high and from 28 to 51 mm wide, discs from 4 to 11 mm high:
rounded from vertebral morphometry (Panjabi et al., Spine 1991 and 1992).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import chain

CORTEX_MM = 1.0
CORD_END_MM = -140.0

# level: body height, disc below it, width, depth, length and downward tilt (degrees) of the spinous process
TABLE = {
    "C5": (13.0, 5.0, 25, 16, 20, 20),
    "C6": (13.5, 5.0, 26, 16, 24, 20),
    "C7": (15.0, 5.0, 28, 17, 30, 22),
    "T1": (17.0, 4.5, 30, 18, 32, 25),
    "T2": (18.0, 4.0, 29, 19, 33, 33),
    "T3": (18.0, 4.0, 28, 20, 34, 40),
    "T4": (18.5, 4.0, 27, 22, 35, 45),
    "T5": (19.0, 4.0, 28, 24, 36, 50),
    "T6": (19.5, 4.0, 28, 25, 37, 52),
    "T7": (20.0, 4.5, 29, 27, 37, 52),
    "T8": (20.5, 4.5, 31, 28, 36, 50),
    "T9": (21.0, 5.0, 33, 29, 34, 45),
    "T10": (22.0, 5.0, 36, 30, 31, 35),
    "T11": (23.0, 5.5, 39, 31, 27, 20),
    "T12": (25.0, 6.5, 42, 32, 27, 12),
    "L1": (26.0, 8.0, 43, 33, 30, 8),
    "L2": (27.0, 9.0, 45, 34, 31, 8),
    "L3": (27.0, 10.0, 47, 35, 32, 8),
    "L4": (27.0, 11.0, 49, 35, 30, 8),
    "L5": (27.0, 11.0, 51, 35, 25, 10),
}
LEVELS = tuple(TABLE)
CURVE = {
    -300: -42, -250: -30, -220: -24, -185: -22, -149: -25, -113: -32, -78: -41, -48: -48, -23: -53, 0: -56,
    26: -58, 51: -59, 75: -58, 98: -55, 121: -51, 143: -45, 165: -37, 187: -29, 207: -22, 227: -17, 246: -14, 300: -8,
}  # fmt: skip


@dataclass(frozen=True)
class Vertebra:
    """One vertebra in the reference body: centre of its body, its axes (right, front, up) and sizes, mm."""

    level: str
    centre_mm: Float[ndarray, "3"]
    front: Float[ndarray, "3"]
    up: Float[ndarray, "3"]
    height_mm: float
    width_mm: float
    depth_mm: float
    process_mm: float
    tilt_deg: float

    @property
    def lumbar(self) -> bool:
        """True for L1 to L5, whose processes stand out straight."""
        return self.level[0] == "L"

    @property
    def canal_mm(self) -> float:
        """How far behind the centre of the body the middle of the canal lies, mm."""
        return self.depth_mm / 2 + (8.5 if self.lumbar else 8.0)

    def place(self, right: float, front: float, up: float) -> ndarray:
        """A point of the vertebra's own axes in the reference body, mm."""
        return self.centre_mm + np.array([right, 0, 0]) + front * self.front + up * self.up


def curve(z_mm):
    """y of the centre of the vertebral bodies at height z, mm."""
    return PchipInterpolator(list(CURVE), list(CURVE.values()))(z_mm)


@cache
def vertebrae() -> dict[str, Vertebra]:
    """All vertebrae from C5 to L5; T9 has its centre at height 0."""
    middle, heights = 0.0, {}
    for level in LEVELS:
        height, disc = TABLE[level][:2]
        heights[level] = middle - height / 2
        middle -= height + disc
    return {level: _vertebra(level, heights[level] - heights["T9"]) for level in LEVELS}


def _vertebra(level: str, z: float) -> Vertebra:
    height, _, width, depth, process, tilt = TABLE[level]
    slope = float(curve(z + 8) - curve(z - 8)) / 16
    up = np.array([0.0, slope, 1.0]) / np.hypot(slope, 1)
    front = np.array([0.0, up[2], -up[1]])
    return Vertebra(level, np.array([0.0, float(curve(z)), z]), front, up, height, width, depth, process, tilt)


def tube_mm(outside_mm: float) -> Float[ndarray, "n 8"]:
    """The vertebral bodies and, behind them, their arches; the first tube is `outside_mm` wider than the bodies."""
    bones = vertebrae().values()
    bodies = chain([v.place(0, 0.1 * v.depth_mm, 0) for v in bones], [0.42 * v.width_mm + outside_mm for v in bones])
    arches = chain([v.place(0, -v.canal_mm - 8, 0) for v in bones], [19.0] * len(bones))
    return np.concatenate([bodies, arches])


def paint_spine(canvas: Canvas) -> None:
    """Discs, then vertebrae, then the canal with the cord through all of them."""
    bones = list(vertebrae().values())
    for upper, lower in zip(bones, [*bones[1:], None], strict=True):
        half = np.array([60.0, 75.0, 34.0])
        window = canvas.window(upper.centre_mm - half, upper.centre_mm + half)
        body, gap = _body(window, upper)
        if lower is not None:
            below = TABLE[upper.level][1] + 1.5
            disc = (gap < 0) & (gap > -below) & (body > -1.0) & (window.z < upper.centre_mm[2])
            window.paint(disc & ~window.has(f"vertebrae_{lower.level}"), "intervertebral_disc")
        bone = np.maximum(np.minimum(body, gap), window.tubes(_arch(upper))[0])
        window.paint_bone(bone, (bone > 0) & (window.body > 3), f"vertebrae_{upper.level}", CORTEX_MM)
    _paint_canal(canvas)


def _body(window: Canvas, bone: Vertebra):
    """Depth inside the waisted column of the vertebral body, and inside its end plates."""
    dx, dy, dz = (c - np.float32(m) for c, m in zip(window.points, bone.centre_mm, strict=True))
    front, up = bone.front.astype(np.float32), bone.up.astype(np.float32)
    v, w = dy * front[1] + dz * front[2], dy * up[1] + dz * up[2]
    half = np.float32(bone.height_mm / 2)
    waist = np.float32(1) - np.float32(0.07) * np.clip(1 - (w / half) ** 2, 0, 1)
    across = (np.abs(dx) / np.float32(bone.width_mm / 2)) ** np.float32(2.3)
    along = (np.abs(v) / np.float32(bone.depth_mm / 2)) ** np.float32(2.3)
    column = (waist - (across + along) ** np.float32(1 / 2.3)) * np.float32(bone.depth_mm / 2)
    hollow = v + np.float32(0.44 * bone.depth_mm) - 1.5 * np.exp(-((dx / 8) ** 2))
    return np.minimum(column, hollow), half - np.abs(w)


def _arch(bone: Vertebra) -> Float[ndarray, "n 8"]:
    """Pedicles, laminae, articular, transverse and spinous processes as round cones."""
    back, h = -bone.depth_mm / 2, bone.height_mm
    ring = bone.canal_mm + (11.0 if bone.lumbar else 9.5)
    stem, pillar, lamina = (5.0, 7.2, 4.2) if bone.lumbar else (3.9, 5.0, 3.6)
    if bone.lumbar:
        tip, end_r = (38, back - 15, 0.12 * h), 4.0
    elif bone.level[0] == "C":
        tip, end_r = (26, back - 2, 0.0), 3.8
    else:
        tip, end_r = (31 - 1.6 * max(int(bone.level[1:]) - 9, 0), back - 23, 0.22 * h), 5.2
    cones = []
    for side in (-1, 1):
        hinge = (side * 13.0, back - 11, 0.12 * h)
        cones += [
            ((side * 0.33 * bone.width_mm, back + 4, up * h), (side * 13.0, back - 11, up * h), stem, stem - 0.2)
            for up in (0.05, 0.16, 0.28)
        ]
        cones += [
            ((side * 13.0, back - 12, up * h), (side * 1.5, -ring - 1.5, (up - 0.12) * h), lamina, lamina)
            for up in (0.12, -0.04, -0.2, -0.36)
        ]
        cones += [
            ((side * 13.5, back - 14, 0.5 * h), (side * 13.0, back - 15, -0.5 * h), pillar - 0.8, pillar),
            (hinge, (side * tip[0], tip[1], tip[2]), stem + 0.4, end_r),
        ]
    reach, tilt = bone.process_mm - (8 if bone.lumbar else 6), np.radians(bone.tilt_deg)
    for drop in (0.0, 3.0, 6.0, 9.0, 12.0) if bone.lumbar else (0.0, 2.5, 5.0):
        root = (0, -ring, -0.1 * h - drop)
        end = (0, -ring - reach * np.cos(tilt), -0.1 * h - drop - reach * np.sin(tilt))
        cones.append((root, end, 3.6, 4.2))
    return np.array([[*bone.place(*a), *bone.place(*b), ra, rb] for a, b, ra, rb in cones])


def _paint_canal(canvas: Canvas) -> None:
    bones = list(vertebrae().values())
    middle = [bone.place(0, -bone.canal_mm, 0) for bone in bones]
    low, high = np.min(middle, axis=0) - 16, np.max(middle, axis=0) + 16
    window = canvas.window(low, high)
    inside, _ = window.tubes(chain(middle, [9.2 if bone.lumbar else 8.0 for bone in bones]))
    cord, _ = window.tubes(chain([m for m in middle if m[2] > CORD_END_MM], 4.6))
    window.paint((inside > -0.3) & (inside <= 1.2), "soft_tissue")
    window.paint(inside > 1.2, "spinal_canal_csf")
    window.paint((cord > 0) & (window.z > CORD_END_MM), "spinal_cord")
