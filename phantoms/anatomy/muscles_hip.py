"""Muscles of hip, pelvic floor and thigh: iliopsoas, gluteals, rotators, quadriceps, adductors, hamstrings.

Knots are (x, y, z, radius) of the right side, mm. Together the gluteals of a man are about 1300 mL a side, maximus 850,
medius 350, minimus 100 (Lube, Surg Radiol Anat 2016); iliopsoas 380 mL; thickness and course from memory of sections.
"""

from collections.abc import Mapping

import numpy as np
from scipy.interpolate import RectBivariateSpline

from phantoms.anatomy.body import Body
from phantoms.anatomy.muscle import Muscle, beside, bundle, fascicles
from phantoms.anatomy.pelvis import Pelvis
from phantoms.anatomy.trunk import Trunk
from phantoms.solids import Ellipsoid, Plane, Sheet, Solid, Tube, common, sheet, smooth_common, smooth_union, union

# x, distance in front of the vertebral bodies' middle, height, radius
PSOAS_BELOW = ((25, -6, -106, 4), (29, -7, -128, 9), (35, -6, -165, 15), (41, -4, -200, 19), (48, 4, -238, 22))
# and on from there, in the reference body
PSOAS = (
    (56, -15, -268, 22.5), (65, 0, -300, 22), (74, 18, -328, 20.5), (82, 33, -350, 19.5), (90, 32, -376, 22),
    (98, 12, -404, 15), (110, -16, -425, 9.5), (113, -30, -430, 6),
)  # fmt: skip
ILIACUS_MM = 19.0
MAXIMUS_INNER = {
    # height: y of its deep face at x = 10, 35, 60, 90, 120, 150
    -285: (-112, -104, -100, -90, -70, -56),
    -330: (-104, -99, -86, -72, -60, -52),
    -370: (-92, -88, -70, -62, -56, -48),
    -410: (-86, -80, -70, -64, -56, -42),
    -450: (-82, -78, -74, -72, -58, -36),
    -490: (-80, -78, -78, -76, -54, -28),
    -520: (-80, -80, -84, -84, -52, -26),
}
MAXIMUS_X = (10, 35, 60, 90, 120, 150)
MAXIMUS_FORWARD_MM = 8.0
# its upper, lower and inner border: points and normals into the muscle
MAXIMUS_BORDERS = (
    ((58, 0, -278), (-0.55, 0.0, -0.83)),
    ((60, 0, -463), (0.5, 0.0, 0.87)),
    ((5, 0, -400), (1.0, 0.0, 0.06)),
)
FASCICLES, FASCICLES_MM = (-0.35, 0.85, 0.25), 10.0
"""Across its coarse bundles, and how far apart the septa between them are."""
MEDIUS_MM, MINIMUS_MM = 50.0, 18.0
FULLER_MM = 2.5
"""How much fuller than their knots the bellies of hip and thigh are, so that they touch."""
TENSOR = ((124, 52, -298, 8), (138, 44, -330, 19), (148, 35, -365, 25), (154, 24, -405, 24), (162, 8, -470, 9))
SARTORIUS = (
    (117, 62, -293, 6), (107, 72, -330, 12), (92, 78, -380, 15), (72, 70, -440, 15), (56, 52, -520, 15),
    (40, 34, -600, 14), (32, 20, -660, 13),
)  # fmt: skip
QUADRICEPS = {
    "rectus": (
        (102, 48, -327, 6), (114, 62, -365, 19), (116, 62, -410, 25), (111, 64, -490, 25), (107, 62, -560, 25),
        (104, 58, -640, 22),
    ),
    "lateral": (
        (148, -16, -398, 11), (150, -10, -425, 24), (144, -6, -470, 36), (140, 0, -540, 40), (132, 4, -640, 38),
    ),
    "middle": ((126, 6, -412, 10), (121, 16, -450, 24), (115, 22, -510, 29), (108, 26, -580, 30), (102, 26, -650, 26)),
    "medial": ((104, -2, -440, 6), (92, 22, -490, 18), (80, 26, -560, 27), (66, 26, -650, 36)),
}  # fmt: skip
ADDUCTORS = {
    "pectineus": ((36, 68, -368, 10), (64, 46, -392, 20), (96, 8, -424, 15), (112, -10, -450, 6)),
    "longus": ((18, 66, -388, 8), (40, 54, -420, 20), (62, 36, -470, 25), (82, 16, -540, 20), (98, -4, -610, 8)),
    "brevis": ((20, 54, -402, 9), (56, 26, -432, 24), (90, -2, -470, 16), (110, -12, -500, 6)),
    "magnus": ((46, -12, -442, 14), (56, -16, -475, 36), (66, -16, -530, 40), (76, -16, -590, 33), (82, -18, -650, 24)),
    "gracilis": ((9, 48, -408, 8), (20, 32, -440, 18), (22, 16, -500, 18), (26, 0, -570, 17), (30, -14, -650, 13)),
}
GRACILIS_FLAT = (1.7, 0.0, 0.0)
HAMSTRINGS = {
    "biceps": ((64, -50, -440, 8), (92, -66, -490, 24), (104, -64, -550, 29), (108, -56, -640, 29)),
    "semitendinosus": ((58, -52, -440, 9), (66, -72, -490, 22), (68, -72, -550, 25), (64, -66, -640, 22)),
    "semimembranosus": ((62, -46, -440, 6), (54, -50, -500, 16), (48, -48, -560, 26), (44, -46, -640, 30)),
}
# what the bellies leave of the thigh belongs to its three compartments, parted by planes: point, normal
BELOW = (60.0, 0.0, -446.0), (0.35, 0.0, -0.94)
THIGH_FRONT, THIGH_SIDE, THIGH_BACK = (
    ((118, -12, -500), (0.44, 0.9, 0.0)),
    ((112, -30, -500), (0.9, 0.44, 0.0)),
    ((118, -34, -500), (-0.12, -0.99, 0.0)),
)
BEHIND_HIP = ((12, -62, 0), (-0.15, -1, 0)), ((12, 0, 0), (1, 0, 0)), ((58, 0, -278), (-0.55, 0, -0.83))
BESIDE_HIP = ((78, 0, 0), (1, 0, 0)), ((0, 34, 0), (0, -1, 0)), ((0, 0, -400), (0, 0, 1)), ((0, 0, -262), (0, 0, -1))
PIRIFORMIS = ((20, -64, -338, 6), (40, -68, -345, 11), (62, -66, -350, 11), (92, -54, -360, 8), (132, -34, -368, 3.5))
OBTURATOR_INSIDE = ((60, 34, -370, 12), (50, 8, -384, 25), (52, -18, -392, 24), (56, -44, -402, 14))
OBTURATOR_INSIDE_FLAT = (2.9, 0.9, 0.2)
OBTURATOR_TENDON = ((58, -54, -404, 7), (80, -54, -396, 7), (108, -44, -384, 6), (133, -32, -372, 3.5))
OBTURATOR_OUTSIDE = (
    (28, 46, -400, 14),
    (46, 20, -414, 21),
    (72, -8, -412, 14),
    (98, -28, -402, 7),
    (120, -34, -386, 3.5),
)
OBTURATOR_OUTSIDE_FLAT = (1.2, 0.8, 0.2)
QUADRATUS_FEMORIS = ((70, -44, -424, 18), (98, -44, -420, 19), (122, -38, -412, 14))
QUADRATUS_FEMORIS_FLAT = (0.0, 1.6, 0.0)
# the pelvic floor: a funnel that hangs from the obturator muscles, its hole in front, and where it begins
FLOOR, FLOOR_FLAT = ((0, 0, -382, 65), (0, -6, -408, 47), (0, -26, -438, 22)), (1.45, 0.0, 0.0)
HIATUS, FLOOR_TOP_MM, FLOOR_BOTTOM_MM = (0.0, 36.0, 11.0), -388.0, -442.0
FLOOR_MM = 4.5


def psoas(bones: Mapping) -> Tube:
    """From T12 to the lesser trochanter."""
    upper = [(*beside(bones, x, front, z), r) for x, front, z, r in PSOAS_BELOW]
    return bundle([*upper, *PSOAS])


def muscles(body: Body, trunk: Trunk, girdle: Pelvis, bones: Mapping) -> list[Muscle]:
    """All of the right side, the topmost first."""
    room = trunk.muscle
    names = [
        ("iliopsoas", _iliopsoas(girdle, bones), 1.0),
        ("piriformis", bundle(PIRIFORMIS).grown(FULLER_MM), 1.0),
        ("obturator_internus", bundle(OBTURATOR_INSIDE, OBTURATOR_INSIDE_FLAT) | bundle(OBTURATOR_TENDON), 1.0),
        ("levator_ani", _floor(), 0.0),
        ("obturator_externus", bundle(OBTURATOR_OUTSIDE, OBTURATOR_OUTSIDE_FLAT).grown(FULLER_MM), 1.0),
        ("skeletal_muscle", bundle(QUADRATUS_FEMORIS, QUADRATUS_FEMORIS_FLAT).grown(FULLER_MM), 1.0),
        ("sartorius", bundle(SARTORIUS, (0.3, 1.6, 0.0)).grown(1.0), 1.2),
        ("tensor_fasciae_latae", bundle(TENSOR, (1.5, 0.3, 0.0)).grown(FULLER_MM), 1.0),
        *[("quadriceps_femoris", bundle(knots).grown(FULLER_MM), 0.9) for knots in QUADRICEPS.values()],
        *[
            ("adductor", bundle(knots, GRACILIS_FLAT if part == "gracilis" else (0, 0, 0)).grown(FULLER_MM), 1.0)
            for part, knots in ADDUCTORS.items()
        ],
        *[("hamstring", bundle(knots).grown(FULLER_MM), 1.0) for knots in HAMSTRINGS.values()],
        ("gluteus_minimus", _minimus(girdle).grown(FULLER_MM), 1.0),
        ("gluteus_medius", _medius(girdle) - maximus(), 1.3),
    ]
    made = [Muscle(name, shape, room, seam) for name, shape, seam in names]
    coarse = fascicles(FASCICLES, FASCICLES_MM, body.dice("gluteus_maximus"))
    return [*made, Muscle("gluteus_maximus", maximus(), room, 3.0, streaks=coarse)]


def _iliopsoas(girdle: Pelvis, bones: Mapping) -> Solid:
    """Psoas, and iliacus from the fossa of the wing."""
    wing = girdle.wing
    fossa = Ellipsoid((98, 8, -298), (48, 62, 66))
    iliacus = common(~wing.middle, wing.middle.grown(ILIACUS_MM), fossa, Plane((0, -50, -300), (0, 1, 0.2)))
    return smooth_union(psoas(bones), iliacus, round_mm=8.0)


def _floor() -> Solid:
    """Levator ani and coccygeus: right half of a funnel."""
    bowl = bundle(FLOOR, FLOOR_FLAT)
    x, y, radius = HIATUS
    hiatus = Ellipsoid((x, y, -430), (radius, 26, 60))
    below = Plane((0, 0, FLOOR_TOP_MM), (0, 0.15, -1)) & Plane((0, 0, FLOOR_BOTTOM_MM), (0, 0, 1))
    return common(bowl, ~bowl.grown(-FLOOR_MM), below, ~hiatus, Plane((0, 0, 0), (1, 0, 0)))


def maximus() -> Solid:
    """All behind its deep face and within its borders."""
    heights = sorted(MAXIMUS_INNER)
    face = RectBivariateSpline(
        MAXIMUS_X, heights, -MAXIMUS_FORWARD_MM - np.array([MAXIMUS_INNER[h] for h in heights]).T, kx=2, ky=2
    )
    behind = sheet(
        lambda x, z: face(x[:, 0], z[0]), (0, 160), (-520, -270), 5.0, axes=((1, 0, 0), (0, 0, 1), (0, -1, 0))
    )
    planes = [Plane(point, normal) for point, normal in MAXIMUS_BORDERS]
    return smooth_common(behind, *planes, round_mm=20.0)


def _fan(wing: Sheet, centre, radii, thick_mm: float, insertion) -> Solid:
    """A fan on the outside of the iliac wing that narrows to its tendon on the great trochanter."""
    body = smooth_common(Ellipsoid(centre, radii), wing, ~wing.grown(-thick_mm), round_mm=8.0)
    return smooth_union(body, bundle(insertion), round_mm=12.0)


def _medius(girdle: Pelvis) -> Solid:
    tendon = ((130, -4, -322, 26), (143, -4, -348, 25), (150, -12, -368, 18), (156, -22, -388, 8))
    return _fan(girdle.wing.middle, (124, -14, -296), (54, 86, 68), MEDIUS_MM, tendon)


def _minimus(girdle: Pelvis) -> Solid:
    tendon = ((112, 10, -328, 19), (124, 14, -350, 19), (132, 14, -368, 15), (144, 0, -386, 8))
    return _fan(girdle.wing.middle, (112, 8, -308), (34, 46, 40), MINIMUS_MM, tendon)


def compartments(trunk: Trunk) -> list[Muscle]:
    """What the bellies leave: front, back and inner side of the thigh, and the gluteal region above."""
    thigh, hip = trunk.muscle.grown(-2.0), trunk.muscle.grown(-1.0) & ~trunk.cavity
    here = Plane(*BELOW) & Plane((14, 0, 0), (1, 0, 0))
    front, side, back = (Plane(*plane) for plane in (THIGH_FRONT, THIGH_SIDE, THIGH_BACK))
    names = (("quadriceps_femoris", (front | side)), ("hamstring", back), ("adductor", here))
    behind, beside = (common(*(Plane(*plane) for plane in planes)) for planes in (BEHIND_HIP, BESIDE_HIP))
    legs = [Muscle(name, where & here, thigh) for name, where in names]
    return [*legs, Muscle("gluteus_maximus", behind, hip), Muscle("gluteus_medius", beside, hip)]


def gluteal_outline() -> Solid:
    """The buttocks as they bulge behind the trunk and thighs: to be joined to the outline of the muscles."""
    right = smooth_union(
        Ellipsoid((58, -58, -392), (56, 54, 62)), Ellipsoid((100, -40, -385), (58, 52, 72)), round_mm=20.0
    )
    return union(right, right.mirrored())
