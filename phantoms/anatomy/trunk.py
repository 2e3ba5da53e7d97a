"""The trunk as three nested outlines, of skin, muscle wall and cavity, and the diaphragm that parts chest from belly.

An outline is a radius r(angle, height) about an upright axis: 0 degrees in front, 90 to the right, 180 behind; left and
right mirror each other. Radii are those of the reference man (176 cm, 73 kg), drawn for a chest 33 cm broad and 23 cm
deep without arms and hips 35 cm broad, with the levels of surface anatomy; mm, height 0 in the middle of T9.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import CubicSpline, PchipInterpolator, RegularGridInterpolator
from scipy.ndimage import map_coordinates

from phantoms.anatomy.body import Body
from phantoms.solids import Plane, Polar, Solid, smooth_common, smooth_union, tube

BOTTOM_MM, TOP_MM, STEP_MM = -480.0, 320.0, 4.0
STEP_DEG = 2.0
HALF_DEG = np.arange(0.0, 181.0, STEP_DEG)
HEIGHTS_MM = np.arange(BOTTOM_MM, TOP_MM + 1, STEP_MM)
KNOTS_DEG = (0, 30, 60, 90, 120, 150, 180)
INFANT_SIDES, INFANT_REACH_MM = 0.5, 40.0
"""How much more an infant's belly stands out at its sides, and how much farther up and down it reaches."""
LARGE_SIDES, LARGE_REACH_MM, LARGE_SINKS_MM = 0.5, 40.0, 30.0
"""The same for a belly that stands out 100 mm, and how far down its middle lies: on the back it spreads."""
PERINEUM_MM, CEILING_MM = -446.0, 300.0
SKIN_MM = 2.0
BREATH, CHEST_MM = 0.6, 20.0
"""The share of a full breath that the outlines show; how far its front moves in a full one: 8 cm of girth."""

# y of the axis at heights
CENTRE = {
    -480: -8,
    -400: -8,
    -340: -2,
    -300: 5,
    -200: 5,
    -60: 2,
    0: 0,
    60: -4,
    110: -10,
    150: -16,
    185: -20,
    215: -18,
    320: -8,
}
# inside of the wall: ribs and muscles of the belly, iliac fossae, walls and floor of the pelvis
CAVITY = {
    -480: (1, 1, 1, 1, 1, 1, 1),
    -440: (8, 8, 8, 8, 8, 8, 8),
    -415: (54, 50, 44, 42, 44, 50, 54),
    -390: (76, 70, 59, 54, 54, 60, 64),
    -360: (86, 86, 78, 68, 64, 66, 68),
    -330: (88, 98, 108, 104, 88, 74, 64),
    -300: (81, 96, 116, 121, 105, 81, 56),
    -240: (79, 90, 109, 117, 106, 82, 54),
    -195: (78, 88, 105, 112, 104, 82, 58),
    -150: (82, 90, 107, 114, 107, 86, 64),
    -100: (89, 98, 115, 123, 118, 96, 72),
    -50: (92, 103, 123, 132, 127, 103, 79),
    0: (87, 99, 123, 134, 130, 106, 81),
    60: (79, 91, 116, 130, 127, 104, 78),
    110: (66, 77, 102, 118, 115, 94, 68),
    150: (50, 57, 76, 90, 88, 73, 52),
    172: (42, 45, 53, 58, 56, 49, 38),
    190: (36, 37, 42, 44, 42, 35, 28),
    215: (34, 32, 30, 30, 28, 22, 15),
    320: (34, 32, 30, 30, 28, 22, 15),
}
# outside of the muscles: pectorals and latissimus, wall of the belly, gluteals
MUSCLE = {
    -480: (44, 54, 80, 96, 90, 70, 52),
    -440: (60, 78, 116, 146, 136, 96, 64),
    -405: (80, 95, 132, 163, 158, 126, 88),
    -370: (90, 103, 135, 162, 160, 136, 104),
    -335: (92, 105, 136, 156, 153, 130, 104),
    -300: (90, 104, 132, 147, 143, 115, 97),
    -240: (89, 101, 125, 139, 135, 111, 90),
    -195: (88, 99, 121, 133, 133, 116, 93),
    -150: (92, 102, 124, 136, 135, 117, 97),
    -100: (100, 111, 133, 145, 144, 123, 102),
    -50: (105, 118, 140, 152, 150, 128, 108),
    0: (102, 117, 142, 155, 154, 134, 112),
    60: (95, 113, 142, 160, 160, 137, 111),
    110: (82, 108, 145, 172, 170, 137, 105),
    145: (68, 90, 142, 190, 183, 136, 98),
    165: (57, 69, 114, 186, 178, 126, 92),
    182: (53, 56, 80, 150, 150, 110, 80),
    200: (52, 53, 60, 84, 94, 86, 68),
    220: (53, 53, 55, 58, 62, 63, 60),
    320: (53, 53, 54, 55, 57, 58, 58),
}
# middle line of the right thigh and radius of its muscles, mm
THIGH = ((92, -12, -370, 72), (96, -14, -430, 80), (96, -12, -500, 80), (95, -6, -600, 72), (94, -2, -720, 64))


# height: latent and usual thickness of the fat in front, at the side and behind, mm
FAT = {
    -480: (("fat_thigh", 11), ("fat_thigh", 11), ("fat_thigh", 11)),
    -400: (("fat_hip_front", 13), ("fat_hip_side", 17), ("fat_buttock", 23)),
    -170: (("fat_belly_front", 15), ("fat_belly_side", 14), ("fat_belly_behind", 15)),
    60: (("fat_chest_front", 8), ("fat_chest_side", 9), ("fat_chest_behind", 9)),
    225: (("fat_neck", 4), ("fat_neck", 4), ("fat_neck", 5)),
}
FLESHY_MM, CHEST_LESS, CHEST_MORE = (-130.0, -30.0), 0.12, 0.4
"""Below the first height little or much muscle changes the whole radius, above the second so much of that: the blades
lie near the surface and cannot give way."""
BACK_MM, BACK_DEG = (-275.0, 95.0), ((180.0, 9.0, -5.0), (157.0, 11.0, 3.5))
"""Between which heights a furrow runs down the back with the erector spinae beside it; of each its angle, half width in
degrees, and how far it stands out, mm."""
SHOULDER_MM, LEAN_SHOULDER = (155.0, 35.0), 0.6
"""Height of the shoulders and how far they reach; how much less fat than the chest's lies on them."""
FLATTEST = 0.85
"""Where an outline narrows fast, as under the buttocks, fat is no thicker than this share of it makes it."""
BREAST_DEG, BREAST_MM = (50.0, 42.0), (36.0, 73.0)
"""Middle and half width of the breast around the chest and along it: on the back it lies flat and falls to the side."""
BREAST_RISES = 2.0
"""Power of its dome (1 - r^2): it leaves the chest without an edge."""
BREAST_TAIL_MM = 0.7
"""How much higher it lies with every degree towards the armpit, into which its tail reaches."""


@dataclass(frozen=True, eq=False)
class Trunk:
    """skin, muscle, cavity: what lies within each outline of the trunk and the thighs (the cavity has no thighs)."""

    wall: Polar
    skin: Solid
    muscle: Solid
    cavity: Solid

    @cached_property
    def flatness(self) -> Float[ndarray, "h a"]:
        """1 / |grad| of the cavity's outline."""
        return self.wall.flatness()

    def point_mm(self, angle_deg, height_mm, outside_mm) -> Float[ndarray, "*n 3"]:
        """Points `outside_mm` beyond the cavity's outline; negative angles are on the left."""
        angle, height, outside = np.broadcast_arrays(
            *(np.asarray(v, float) for v in (angle_deg, height_mm, outside_mm))
        )
        where = np.stack([(height - BOTTOM_MM) / STEP_MM, angle / STEP_DEG + len(HALF_DEG) - 1]).reshape(2, -1)
        radius, flat = (
            map_coordinates(table, where, order=1, mode="nearest").reshape(angle.shape)
            for table in (self.wall.radii, self.flatness)
        )
        rho, turn = radius + outside / flat, np.radians(angle)
        centre = np.interp(height, HEIGHTS_MM, self.wall.axis[:, 1])
        return np.stack([rho * np.sin(turn), centre + rho * np.cos(turn), height], axis=-1)


def trunk(body: Body) -> Trunk:
    """The outlines of a patient: visceral fat pushes the belly wall out, subcutaneous fat lies on the muscle."""
    wall, outer, skin = (_polar(radii) for radii in outlines(body))

    thighs = thigh_muscles(body)
    thigh_fat = body.latent("fat_thigh", 11.0) + SKIN_MM
    floor, ceiling = Plane((0, 0, PERINEUM_MM), (0, 0, 1)), Plane((0, 0, CEILING_MM), (0, 0, -1))
    return Trunk(
        wall=wall,
        skin=smooth_union(
            smooth_common(skin, floor.grown(6), ceiling, round_mm=40), thighs.grown(thigh_fat), round_mm=40
        ),
        muscle=smooth_union(smooth_common(outer, floor, ceiling, round_mm=30), thighs, round_mm=18),
        cavity=wall & ceiling,
    )


def slim_cavity(body: Body, most_mm: float) -> Polar:
    """The inside of the wall as it were if the belly stood out by no more than `most_mm`."""
    return _polar(cavity_outline(body, most_mm))


def outlines(body: Body) -> tuple[Float[ndarray, "h a"], ...]:
    """Radii of cavity, muscle and skin of the trunk at HEIGHTS_MM and HALF_DEG, reference mm."""
    angles, heights = np.meshgrid(HALF_DEG, HEIGHTS_MM)
    cavity, plain = cavity_outline(body), _surface(CAVITY)
    muscle = _surface(MUSCLE) * _muscle_size(body, heights) + back_mm(angles, heights) + (cavity - plain)
    muscle = np.maximum(muscle, cavity + 7)
    flat = _polar(muscle).flatness()[:, len(HALF_DEG) - 1 :]
    fat = fat_mm(body, angles, heights) + breast_mm(body, angles, heights)
    return cavity, muscle, muscle + fat / np.maximum(flat, FLATTEST)


def cavity_outline(body: Body, most_mm: float = np.inf) -> Float[ndarray, "h a"]:
    """Radii of the cavity at HEIGHTS_MM and HALF_DEG, reference mm; most_mm: by how much the belly may stand out."""
    angles, heights = np.meshgrid(HALF_DEG, HEIGHTS_MM)
    return _surface(CAVITY) + _belly_mm(body, angles, heights, most_mm) + _breath_mm(body, angles, heights)


def back_mm(angle_deg, height_mm) -> Float[ndarray, "h a"]:
    """How far the back stands out more than its outline: two bulges of the erector spinae beside a furrow."""
    levels = 1 / (1 + np.exp((BACK_MM[0] - height_mm) / 18)) / (1 + np.exp((height_mm - BACK_MM[1]) / 18))
    return levels * sum(out * np.exp(-(((angle_deg - at) / wide) ** 2)) for at, wide, out in BACK_DEG)


def _muscle_size(body: Body, height_mm) -> Float[ndarray, "h a"]:
    """Radius of the flesh over the reference man's; the chest, where skeleton makes the radius, changes least."""
    size = body.latent("muscle_size", 1.0) - 1
    return 1 + size * np.interp(height_mm, FLESHY_MM, (1.0, CHEST_LESS if size < 0 else CHEST_MORE))


def thigh_muscles(body: Body) -> Solid:
    """The muscles of both thighs and buttocks."""
    from phantoms.anatomy.muscles_hip import gluteal_outline  # which itself lies on the trunk

    points, radii = np.array(THIGH, float)[:, :3], np.array(THIGH, float)[:, 3]
    right = tube(points, radii * body.latent("muscle_size", 1.0), 30.0)
    return smooth_union(right | right.mirrored(), gluteal_outline(), round_mm=16)


def _belly_mm(body: Body, angle_deg, height_mm, most_mm: float = np.inf) -> Float[ndarray, "h a"]:
    """How far the wall of the belly stands out more than in the reference body, mostly in front; at most `most_mm`."""
    belly_mm = min(body.latent("belly_mm"), most_mm)
    infant, large = np.exp(-body.age_y / 3), max(belly_mm, 0) / 100
    sides = 0.35 + INFANT_SIDES * infant + LARGE_SIDES * large
    front = np.clip(np.cos(np.radians(angle_deg)) + sides, 0, None) / (1 + sides)
    reach_mm = 80 + INFANT_REACH_MM * infant + LARGE_REACH_MM * large
    up_and_down = np.exp(-((np.abs(height_mm + 150 + LARGE_SINKS_MM * large) / reach_mm) ** (2 + 1.5 * large)))
    return belly_mm * up_and_down * front


def _breath_mm(body: Body, angle_deg, height_mm) -> Float[ndarray, "h a"]:
    """How far the chest wall stands out more than the outlines show, in a deeper breath or around large lungs.

    The back hardly moves.
    """
    ribs = 1 / (1 + np.exp((-95 - height_mm) / 18)) / (1 + np.exp((height_mm - 135) / 14))
    front_mm = CHEST_MM * (body.latent("breath", BREATH) - BREATH) + body.latent("chest_out_mm")
    return front_mm * ribs * (0.25 + 0.75 * (1 + np.cos(np.radians(angle_deg))) / 2)


def fat_mm(body: Body, angle_deg, height_mm) -> Float[ndarray, "h a"]:
    """Thickness of skin and subcutaneous fat, reference mm, between the places where people are measured."""
    levels = [[body.latent(name, usual) for name, usual in row] for row in FAT.values()]
    around = PchipInterpolator((0, 90, 180), levels, axis=1)(HALF_DEG)
    table = PchipInterpolator(list(FAT), around, axis=0)(np.clip(HEIGHTS_MM, min(FAT), max(FAT)))
    shoulder = np.exp(-(((height_mm - SHOULDER_MM[0]) / SHOULDER_MM[1]) ** 2)) * np.sin(np.radians(angle_deg)) ** 2
    fat = RegularGridInterpolator((HEIGHTS_MM, HALF_DEG), table)((height_mm, angle_deg))
    return SKIN_MM + fat * (1 - LEAN_SHOULDER * shoulder)


def breast_mm(body: Body, angle_deg, height_mm) -> Float[ndarray, "h a"]:
    """How far the breasts stand out from the chest wall, reference mm; 0 in men and children."""
    return body.latent("breast_mm") * np.clip(breast_dome(angle_deg, height_mm), 0, None) ** BREAST_RISES


def breast_dome(angle_deg, height_mm) -> Float[ndarray, "h a"]:
    """1 at the middle of the breast, 0 at its rim, negative beyond."""
    tail = BREAST_TAIL_MM * (np.abs(angle_deg) - BREAST_DEG[0])
    return (
        1
        - ((np.abs(angle_deg) - BREAST_DEG[0]) / BREAST_DEG[1]) ** 2
        - ((height_mm - BREAST_MM[0] - tail) / BREAST_MM[1]) ** 2
    )


def _surface(knots: dict[int, tuple[int, ...]]) -> Float[ndarray, "h a"]:
    return _drawn(tuple((height, *row) for height, row in knots.items()))


@cache
def _drawn(rows: tuple[tuple[int, ...], ...]) -> Float[ndarray, "h a"]:
    """Radii at HEIGHTS_MM and HALF_DEG through rows of a height and the radii there."""
    knots = {height: row for height, *row in rows}
    around = CubicSpline(KNOTS_DEG, np.array(list(knots.values()), float), axis=1, bc_type="clamped")(HALF_DEG)
    return PchipInterpolator(list(knots), around, axis=0)(HEIGHTS_MM)


def _polar(radii: Float[ndarray, "h a"]) -> Polar:
    centre = PchipInterpolator(list(CENTRE), list(CENTRE.values()))(HEIGHTS_MM)
    axis = np.stack([np.zeros_like(centre), centre], axis=-1)
    return Polar(np.concatenate([radii[:, :0:-1], radii], axis=1), axis, BOTTOM_MM, STEP_MM)
