"""The trunk as three nested outlines, of skin, muscle wall and cavity, each a radius r(angle, height).

The angle runs from the front (0 degrees) over the side (90) to the back (180); left and right mirror each other. Radii
are those of the reference man (176 cm, 73 kg), drawn for a chest 33 cm broad and 23 cm deep without arms, with the
levels of surface anatomy; all in mm, height 0 at the middle of the ninth thoracic vertebra.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32
from numba import njit
from numpy import ndarray
from scipy.interpolate import CubicSpline, PchipInterpolator

from phantoms.torso.frame import Frame

BOTTOM_MM, TOP_MM, STEP_MM = -300.0, 300.0, 4.0
STEP_DEG = 2.0
ANGLES_DEG = np.arange(0.0, 181.0, STEP_DEG)
HEIGHTS_MM = np.arange(BOTTOM_MM, TOP_MM + 1, STEP_MM)
KNOTS_DEG = (0, 30, 60, 90, 120, 150, 180)

# height: depth axis (y of the polar centre), then radii at KNOTS_DEG
CENTRE = {-300: 5, -200: 5, -60: 2, 0: 0, 60: -4, 110: -10, 150: -16, 185: -20, 215: -18, 300: -8}
CAVITY = {
    -300: (82, 98, 118, 124, 108, 82, 50),
    -240: (84, 96, 114, 121, 108, 82, 54),
    -195: (84, 94, 110, 117, 107, 83, 58),
    -150: (88, 96, 112, 118, 110, 88, 64),
    -100: (93, 101, 117, 124, 118, 96, 72),
    -50: (92, 103, 123, 132, 127, 103, 79),
    0: (87, 99, 123, 134, 130, 106, 81),
    60: (79, 91, 116, 130, 127, 104, 78),
    110: (66, 77, 102, 118, 115, 94, 68),
    150: (50, 57, 78, 94, 91, 74, 52),
    172: (42, 46, 62, 74, 70, 56, 40),
    190: (36, 37, 44, 50, 46, 36, 28),
    215: (34, 32, 30, 30, 28, 22, 15),
    300: (34, 32, 30, 30, 28, 22, 15),
}
MUSCLE = {
    -300: (92, 108, 134, 146, 142, 116, 94),
    -240: (94, 107, 130, 143, 139, 116, 92),
    -195: (94, 105, 126, 138, 136, 117, 93),
    -150: (98, 108, 129, 140, 138, 119, 97),
    -100: (104, 114, 135, 146, 144, 123, 102),
    -50: (105, 118, 140, 152, 150, 128, 108),
    0: (102, 117, 142, 155, 154, 134, 112),
    60: (95, 113, 142, 160, 160, 137, 111),
    110: (82, 108, 145, 172, 170, 137, 105),
    145: (68, 92, 141, 178, 172, 134, 98),
    165: (59, 73, 118, 166, 160, 122, 90),
    182: (53, 58, 82, 126, 128, 104, 79),
    200: (52, 53, 60, 78, 88, 84, 68),
    220: (53, 53, 55, 58, 62, 63, 60),
    300: (53, 53, 54, 55, 57, 58, 58),
}


@dataclass(frozen=True, eq=False)
class Outline:
    """Radius and steepness of the three surfaces on a table of angle and height.

    table: (3, heights, angles, 2) float32, [skin, muscle, cavity]; last axis radius (mm) and |grad| of r - rho.
    centre_y_mm: (heights,) of the polar axis.
    """

    table: Float32[ndarray, "3 h a 2"]
    centre_y_mm: Float32[ndarray, " h"]

    def depth(self, x, y, z) -> tuple[ndarray, ndarray, ndarray, ndarray]:
        """Depth below skin, muscle outline and cavity outline of points of the reference body, mm, and their angle."""
        skin, muscle, cavity, angle = (np.empty_like(x) for _ in range(4))
        outline_depth(x, y, z, self.table, self.centre_y_mm, skin, muscle, cavity, angle)
        return skin, muscle, cavity, angle

    def point_mm(self, angle_deg, height_mm, outside_mm: float):
        """(..., 3) points of the right side, `outside_mm` beyond the cavity outline."""
        from scipy.ndimage import map_coordinates

        angle_deg, height_mm = np.broadcast_arrays(np.asarray(angle_deg, float), np.asarray(height_mm, float))
        where = np.stack([(height_mm - BOTTOM_MM) / STEP_MM, angle_deg / STEP_DEG])
        if where.ndim == 1:
            return self.point_mm(angle_deg[None], height_mm[None], outside_mm)[0]
        radius, steep = (map_coordinates(self.table[2, ..., n], where, order=1, mode="nearest") for n in (0, 1))
        rho = radius + outside_mm * steep
        angle = np.radians(angle_deg)
        centre = np.interp(height_mm, HEIGHTS_MM, self.centre_y_mm)
        return np.stack([rho * np.sin(angle), centre + rho * np.cos(angle), height_mm], axis=-1)


def outline(frame: Frame) -> Outline:
    """The outlines of a patient: visceral fat pushes the belly wall out, subcutaneous fat lies on the muscle."""
    angles, heights = np.meshgrid(np.radians(ANGLES_DEG), HEIGHTS_MM)
    belly = np.exp(-(((heights + 140) / 75) ** 2)) * np.clip(np.cos(angles) + 0.35, 0, None) / 1.35
    cavity = _surface(CAVITY) + frame.belly_mm * belly
    muscle = np.maximum(_surface(MUSCLE) * frame.muscle + frame.belly_mm * belly, cavity + 9)
    skin = muscle + frame.fat_mm(angles, heights) * _steepness(muscle)
    table = np.stack([np.stack([r, _steepness(r)], axis=-1) for r in (skin, muscle, cavity)]).astype(np.float32)
    centre = PchipInterpolator(list(CENTRE), list(CENTRE.values()))(HEIGHTS_MM)
    return Outline(table, centre.astype(np.float32))


def _surface(knots: dict[int, tuple[int, ...]]) -> Float[ndarray, "h a"]:
    around = CubicSpline(KNOTS_DEG, np.array(list(knots.values()), float), axis=1, bc_type="clamped")(ANGLES_DEG)
    return PchipInterpolator(list(knots), around, axis=0)(HEIGHTS_MM)


def _steepness(radius: Float[ndarray, "h a"]) -> Float[ndarray, "h a"]:
    along, around = np.gradient(radius, STEP_MM, np.radians(STEP_DEG))
    return np.sqrt(1 + along**2 + (around / radius) ** 2)


def outline_depth_reference(x, y, z, table, centre_y):
    """NumPy twin of `outline_depth`: the clear version that it must equal. Gives (skin, muscle, cavity, angle)."""
    from scipy.ndimage import map_coordinates

    height = np.clip((z - BOTTOM_MM) / STEP_MM, 0, len(centre_y) - 1)
    dy = y - np.interp(height, np.arange(len(centre_y)), centre_y)
    angle = np.degrees(np.arctan2(np.abs(x), dy)) / STEP_DEG
    rho = np.hypot(x, dy)
    look = [[map_coordinates(t[..., n], [height, angle], order=1, mode="nearest") for n in (0, 1)] for t in table]
    return [*((radius - rho) / steep for radius, steep in look), angle * STEP_DEG]


@njit(nogil=True, cache=True)
def outline_depth(x, y, z, table, centre_y, skin, muscle, cavity, angle) -> None:
    """Signed depth (r - rho) / |grad| below each surface, linear in the table, and the angle; fills the last four."""
    last_height, last_angle = table.shape[1] - 1, table.shape[2] - 1
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            for k in range(x.shape[2]):
                h = min(
                    max((z[i, j, k] - np.float32(BOTTOM_MM)) / np.float32(STEP_MM), np.float32(0)),
                    np.float32(last_height),
                )
                h0 = min(int(h), last_height - 1)
                fh = h - np.float32(h0)
                dy = y[i, j, k] - (centre_y[h0] + fh * (centre_y[h0 + 1] - centre_y[h0]))
                dx = abs(x[i, j, k])
                angle[i, j, k] = np.degrees(np.arctan2(dx, dy))
                a = angle[i, j, k] / np.float32(STEP_DEG)
                a0 = min(int(a), last_angle - 1)
                fa = a - np.float32(a0)
                rho = np.sqrt(dx * dx + dy * dy)
                for s in range(3):
                    t = table[s]
                    r0 = t[h0, a0, 0] + fa * (t[h0, a0 + 1, 0] - t[h0, a0, 0])
                    r1 = t[h0 + 1, a0, 0] + fa * (t[h0 + 1, a0 + 1, 0] - t[h0 + 1, a0, 0])
                    g0 = t[h0, a0, 1] + fa * (t[h0, a0 + 1, 1] - t[h0, a0, 1])
                    g1 = t[h0 + 1, a0, 1] + fa * (t[h0 + 1, a0 + 1, 1] - t[h0 + 1, a0, 1])
                    depth = (r0 + fh * (r1 - r0) - rho) / (g0 + fh * (g1 - g0))
                    if s == 0:
                        skin[i, j, k] = depth
                    elif s == 1:
                        muscle[i, j, k] = depth
                    else:
                        cavity[i, j, k] = depth
