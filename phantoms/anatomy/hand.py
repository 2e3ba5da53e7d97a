"""The hand in line with the forearm: palm, four fingers a little bent, thumb, and their 27 bones.

In the frame of the right hand: mm along it from the wrist, across it towards the thumb, and out of the palm. Length
190, breadth 86 mm (DIN 33402-2, men); shares of a finger that its phalanges have: Buryanov, Ann Anat 2010, from memory.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.solids import Ellipsoid, Layer, Solid, smooth_union, tube, union

# along, across, radius, half thickness of the palm
PALM = ((-12, 0, 25, 20), (6, 1, 28, 17), (30, 1, 35, 15), (50, 1, 37, 13), (64, 0, 35, 10.5))
BALLS = (((38, 22, 9), (30, 15, 12)), ((40, -24, 6), (32, 13, 11)))
"""Balls of the thumb and of the little finger: middle, and radii."""
# knuckle along and across, length from there, way off the hand's line in degrees
FINGERS = ((87, 27, 88, 5), (91, 9, 97, 1), (87, -9, 90, -4), (77, -26, 69, -10))
PHALANGES, BENDS_DEG = (0.47, 0.3, 0.23), (14.0, 32.0, 42.0)
FINGER_MM, BONE_MM = (8.2, 8.0, 7.3, 5.6), (4.6, 3.4, 3.6, 2.2)
"""Radii of a finger without its skin and of its bones, from the knuckle to the tip."""
THUMB = ((24, 31, 8), (66, 48, 14), (97, 59, 18), (121, 65, 20))
THUMB_MM, THUMB_BONE_MM = (15.0, 11.0, 9.5, 7.0), (5.2, 4.6, 4.0, 2.6)
# along, across, radii
CARPALS = (
    (9, 11, (10, 8, 9)), (6, -4, (9, 7.5, 9)), (9, -17, (8, 7, 8)), (8, -21, (4.5, 4.5, 5)),
    (24, 23, (9, 7.5, 8)), (25, 11, (7, 5.5, 8)), (21, -1, (12, 7, 9)), (22, -15, (10, 7.5, 9)),
)  # fmt: skip
SHAFT, GAP_MM = 0.72, 1.0
"""How much thinner the middle of a bone is than its ends; the joint between two, mm."""


@dataclass(frozen=True, eq=False)
class Hand:
    """outer: all but the skin. palm: what of it holds muscle. carpals, metacarpals, phalanges: the bones."""

    outer: Solid
    palm: Solid
    carpals: Solid
    metacarpals: Solid
    phalanges: Solid


def hand(wrist_mm: Float[ndarray, "3"], way: Float[ndarray, "3"]) -> Hand:
    """The right hand at a wrist, in direction `way`, its thumb to the front and its palm towards the body."""
    along = way / np.linalg.norm(way)
    across = np.array([0.0, 1.0, 0.0]) - along * along[1]
    across /= np.linalg.norm(across)
    palm = np.cross(along, across)
    axes = np.stack([along, across, palm * -np.sign(palm[0] or 1.0)])

    def at(points) -> Float[ndarray, "n 3"]:
        return np.asarray(points, float) @ axes + wrist_mm

    table = np.array(PALM, float)
    flat = axes[2] * (table[:, 2] / table[:, 3])[:, None]
    plate = tube(at(np.insert(table[:, :2], 2, 0.0, axis=1)), table[:, 2], 6.0, flat)  # pyright: ignore[reportArgumentType]
    balls = [Ellipsoid(at([middle])[0], radii, axes) for middle, radii in BALLS]
    ways = [finger(*row) for row in FINGERS]
    fingers = [tube(at(points), FINGER_MM, 8.0) for points in ways] + [tube(at(THUMB), THUMB_MM, 8.0)]
    broad = smooth_union(plate, *balls, round_mm=10.0)

    shafts = [np.array([(31 - 3 * (n == 0), 0.72 * points[0][1], 0), points[0]]) for n, points in enumerate(ways)]
    shafts.append(np.array(THUMB[:2], float))
    heads = [BONE_MM[0] + 0.8] * len(FINGERS) + [THUMB_BONE_MM[0]]
    joints = [
        (at(points[n : n + 2]), radii[n : n + 2])
        for points, radii in [*((points, BONE_MM) for points in ways), (np.array(THUMB[1:], float), THUMB_BONE_MM[1:])]
        for n in range(len(points) - 1)
    ]
    return Hand(
        outer=smooth_union(broad, union(*fingers), round_mm=5.0),
        palm=broad,
        carpals=union(*(Ellipsoid(at([(a, b, 0)])[0], radii, axes) for a, b, radii in CARPALS)),
        metacarpals=union(*(_bone(at(ends), (radius, radius)) for ends, radius in zip(shafts, heads, strict=True))),
        phalanges=union(*(_bone(ends, radii) for ends, radii in joints)),
    )


def finger(along_mm: float, across_mm: float, length_mm: float, off_deg: float) -> Float[ndarray, "4 3"]:
    """Knuckle, both joints and tip of a finger in the frame of the hand, mm."""
    bend, off = np.radians(BENDS_DEG), np.radians(off_deg)
    steps = np.stack([np.cos(bend) * np.cos(off), np.cos(bend) * np.sin(off), np.sin(bend)], axis=-1)
    ends = np.cumsum(length_mm * np.array(PHALANGES)[:, None] * steps, axis=0)
    return np.array([along_mm, across_mm, 0.0]) + np.concatenate([np.zeros((1, 3)), ends])


def _bone(ends: Float[ndarray, "2 3"], radii) -> Solid:
    """A tubular bone between two joints, thinnest in its middle."""
    way = ends[1] - ends[0]
    length = float(np.linalg.norm(way))
    places = np.array([radii[0] + GAP_MM / 2, 0.35 * length, 0.65 * length, length - radii[1] - GAP_MM / 2])
    thin = SHAFT * min(radii)
    return tube(ends[0] + places[:, None] * way / length, [radii[0], thin, thin, radii[1]], 6.0)


def preview():
    """The right hand, its bones in its skin."""
    own = hand(np.zeros(3), np.array([0.0, 0.0, -1.0]))
    bones = [Layer(own.carpals, "carpal_right"), Layer(own.metacarpals, "metacarpal_right")]
    skin = Layer(own.outer.grown(2.5), "skin")
    return [*bones, Layer(own.phalanges, "hand_phalanx_right"), skin], (0, 10, -90), (110, 150, 230), 0.8
