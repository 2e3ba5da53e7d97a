"""The diaphragm: two domes that rise from the wall of the trunk, carry the heart and part the chest from the belly."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import CubicSpline, PchipInterpolator

from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import Trunk
from phantoms.solids import Layer, Solid, depths, sampled, smooth_union, tube, union

MUSCLE_MM = 3.0
BED_MM = 0.5
LATTICE_MM = 4.0
LOW_MM, HIGH_MM = (-156.0, -136.0, -175.0), (156.0, 124.0, 85.0)
# where the diaphragm springs from the wall: height over the angle, from the xiphoid process to the twelfth rib
SPRING_DEG = (0, 30, 60, 90, 120, 150, 180)
SPRING_MM = (-18, -42, -95, -128, -138, -135, -125)
# over which distance from the wall it rises to the dome, over the angle, and how: between a slope (1) and a quarter of
# a circle (2); where lung would be thinner than this the pleura lies on itself and the diaphragm on the wall, mm
RISE_DEG, RISE_OVER_MM = (0, 60, 100, 140, 180), (46.0, 56.0, 66.0, 78.0, 72.0)
ROUND = 1.45
CLOSED_MM = 4.0
APPOSED = 0.3
"""Share of the way to the dome over which the diaphragm lies on the wall in quiet breathing, and no more in a full one:
about a quarter to a third of the rib cage (Mead 1979, Am Rev Respir Dis 119:31; from memory)."""
# x and y of the top of the right and left dome, their reach in x and y, and how far they rise over the middle
DOMES = ((70, -4, 76, 95, 46), (-76, -10, 66, 90, 32))
MIDDLE_MM = -38.0
# the share of its movement that what lies below it goes along with, over the height
TAKES_ALONG = ((-215, -140, -70, -30), (0.0, 0.42, 0.55, 0.85))
BROAD = 1.4
"""Power of the squared distance from a dome's top: above 1 it is broader than a bell."""
# what lies behind the belly and holds the diaphragm up, right and left: the fat around adrenal gland and upper pole of
# the kidney; x, y, z, radius
HELD = (
    ((34, -28, -62, 9), (38, -32, -84, 16), (50, -34, -112, 22)),
    ((-35, -16, -62, 9), (-38, -20, -84, 16), (-48, -32, -104, 22)),
)
INFANT_HELD_MM = 8.0
"""How much larger it is in the newborn, whose adrenal glands are a third as large as the kidneys."""
# right crus: x, distance in front of the spine, height, radius, mm; the left one mirrors it
CRUS = ((13, 15, -62, 4.5), (12, 15, -95, 5.0), (13, 14, -125, 4.5), (14, 13, -158, 2.5))


def above(body: Body, trunk: Trunk, heart: Solid) -> Solid:
    """All that lies above the diaphragm, and the bed of the `heart`, which rests on it.

    z = wall(angle) + (dome(x, y) - wall) (1 - (1 - d / D)^p)^(1 / p), with d the distance from the wall: steep where it
    leaves it, flat on top. Nearer than the recess is open, d is as there: the lung ends with a narrow edge.
    """
    dome_mm = body.latent("dome_mm")
    apposed = APPOSED * (1 - body.latent("breath"))

    def height(x, y, z):
        points = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
        angle = np.degrees(np.arctan2(np.abs(x), y))
        over_mm = PchipInterpolator(RISE_DEG, RISE_OVER_MM)(angle)
        depth = depths(trunk.cavity, points)
        inward = 1 - np.clip(np.maximum(depth, CLOSED_MM) / over_mm, 0, 1)
        wall = CubicSpline(SPRING_DEG, SPRING_MM, bc_type="clamped")(angle)
        dome = dome_height_mm(x, y, dome_mm)
        wall = wall + apposed * np.maximum(dome - wall, 0)
        rise = (1 - inward**ROUND) ** (1 / ROUND)
        slope = (depth > CLOSED_MM) * (dome - wall) * (inward / rise) ** (ROUND - 1) / over_mm
        return (z - (wall + (dome - wall) * rise)) / np.sqrt(1 + slope**2)

    domes = sampled(height, LOW_MM, HIGH_MM, LATTICE_MM)
    return smooth_union(domes, heart.grown(BED_MM), round_mm=10) & ~_held(body)


def _held(body: Body) -> Solid:
    """The fat around adrenal glands and upper poles, over which the diaphragm hangs when it is low."""
    infant = INFANT_HELD_MM * float(np.exp(-body.age_y / 2))
    tables = [np.array(knots, float) for knots in HELD]
    return union(*(tube(taken_along(body, table[:, :3]), table[:, 3] + infant, 8.0) for table in tables))


def dome_height_mm(x, y, dome_mm: float) -> Float[ndarray, "*n"]:
    """Height of the domes over a place far from the wall, mm; `dome_mm` lifts both."""
    domes = [
        rise * np.exp(-((((x - cx) / wide) ** 2 + ((y - cy) / deep) ** 2) ** BROAD))
        for cx, cy, wide, deep, rise in DOMES
    ]
    return np.sum(np.broadcast_arrays(dome_mm + MIDDLE_MM, *domes), axis=0)


def taken_along(body: Body, points) -> Float[ndarray, "n 3"]:
    """Points of the upper belly, moved as far as the diaphragm takes them along; the lower they lie, the less.

    In a deep breath the diaphragm goes 2 to 10 cm, the kidneys about half as far. Davies, Phys Med Biol 1994;39:1951
    and Schwartz, Radiology 1994; both from memory.
    """
    points = np.array(points, float)
    points[:, 2] += body.latent("dome_mm") * np.interp(points[:, 2], *TAKES_ALONG)
    return points


def layers(above_it: Solid, chest: Solid, bones) -> list[Layer]:
    """The muscle, under the chest's floor, and its crura on the lumbar spine.

    above_it: `above`. chest: the cavity of the trunk. bones: vertebrae by level.
    """
    right = tube([_before_spine(bones, *knot[:3]) for knot in CRUS], [knot[3] for knot in CRUS], 8.0)
    sheet = chest & above_it.grown(MUSCLE_MM) & ~above_it
    return [Layer(union(right, right.mirrored()) & ~above_it, "diaphragm"), Layer(sheet, "diaphragm")]


def _before_spine(bones, x_mm: float, front_mm: float, z_mm: float) -> ndarray:
    """A point in front of the middle of the vertebral bodies at height z."""
    order = sorted(bones.values(), key=lambda bone: bone.centre_mm[2])
    heights = [bone.centre_mm[2] for bone in order]
    x, y = (np.interp(z_mm, heights, [bone.centre_mm[n] for bone in order]) for n in (0, 1))
    return np.array([x + x_mm, y + front_mm, z_mm])
