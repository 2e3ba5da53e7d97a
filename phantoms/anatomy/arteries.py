"""Arteries but the aorta: of neck and shoulder, lungs, belly and leg."""

import numpy as np

from phantoms.anatomy.airways import before_spine, ridden
from phantoms.anatomy.aorta import DESCENDING
from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.anatomy.heart import Heart
from phantoms.anatomy.vertebral_artery import vertebral_artery_mm
from phantoms.anatomy.vessel_ways import Bones, both_sides, mirrored, radius_mm, way_tube
from phantoms.solids import Solid, smooth_union, tube, union

# branches of the arch and vessels of neck and shoulder: x, y, z
ARCH_BRANCHES = {
    "brachiocephalic_trunk": ((9, 9, 124), (14, 6, 136), (20, 0, 149), (25, -4, 159)),
    "common_carotid_artery_left": ((-3, 4, 131), (-12, -3, 150), (-22, -6, 178), (-25, -5, 210), (-25, -3, 239)),
    "subclavian_artery_left": (
        (-16, -10, 134), (-23, -15, 152), (-34, -13, 170), (-54, -8, 181), (-75, -2, 181), (-94, 0, 170),
        (-116, -4, 155),
    ),
    "common_carotid_artery_right": ((25, -4, 159), (24, -6, 180), (25, -5, 210), (25, -3, 239)),
    "subclavian_artery_right": (
        (25, -4, 159), (36, -8, 171), (54, -8, 181), (75, -2, 181), (94, 0, 170), (116, -4, 155),
    ),
}  # fmt: skip
VERTEBRAL_MM = (38, -14, 172)
# pulmonary trunk on the heart, then its two branches
PULMONARY_ROOT = ((-15, 42, 56), (-17, 33, 70))
PULMONARY = {
    "pulmonary_trunk": ((-17, 20, 82), (-16, 8, 90)),
    "pulmonary_artery_right": ((-16, 6, 90), (2, -8, 88), (20, -12, 85), (34, -14, 84), (44, -19, 77)),
    "pulmonary_artery_left": ((-16, 6, 91), (-28, -9, 94), (-39, -21, 92), (-47, -29, 86), (-54, -36, 76)),
}
# iliac and femoral vessels of the right side from the bifurcation: x, y, z
ILIAC = ((12, 4, -254), (26, -4, -274), (38, -12, -289))
EXTERNAL_ILIAC = ((38, -12, -289), (48, 0, -305), (58, 28, -322), (66, 50, -338), (72, 59, -354), (75, 57, -372))
INTERNAL_ILIAC = ((38, -12, -289), (43, -26, -304), (45, -42, -325), (46, -49, -350), (50, -36, -378))
FEMORAL = ((75, 57, -372), (78, 54, -398), (82, 48, -430), (80, 38, -480), (72, 26, -540), (66, 12, -620))
DEEP_FEMORAL = ((79, 53, -408), (91, 38, -440), (96, 22, -500), (92, 10, -570))
# branches of the abdominal aorta: first point before the spine (x, before, z), then x, y, z
BELLY = {
    "celiac_trunk": ((-11, 20, -99), ((-10, 9, -97), (-9, 16, -98))),
    "superior_mesenteric_artery": (
        (-9, 20, -112),
        ((-7, 15, -115), (-4, 24, -127), (-2, 35, -150), (0, 42, -176), (4, 43, -202), (16, 37, -228), (30, 31, -246)),
    ),
    "inferior_mesenteric_artery": ((-6, 18, -204), ((-11, 14, -212), (-20, 14, -230), (-27, 8, -254), (-25, 0, -282))),
    "renal_artery_right": ((0, 10, -126), ((14, -16, -130), (28, -20, -137), (40, -17, -142))),
    "renal_artery_left": ((-15, 10, -123), ((-26, -16, -126), (-40, -17, -129))),
}
HEPATIC_ARTERY = ((-9, 16, -98), (4, 20, -98), (18, 19, -97), (27, 14, -88), (32, 8, -76), (36, 6, -68))
GASTRIC_ARTERY = ((-9, 15, -97), (-13, 16, -80), (-22, 4, -58), (-32, 8, -60), (-36, 24, -78), (-28, 38, -100))
SPLENIC_ARTERY = ((-9, 16, -98), (-22, 12, -91), (-40, -2, -85), (-58, -14, -83), (-76, -25, -78), (-88, -34, -68))
COILS_MM, COIL_LENGTH_MM = 3.2, 26.0


def vertebral_arteries(body: Body, bones: Bones) -> dict[str, Solid]:
    """Both, from the subclavian arteries to the skull."""
    radius = radius_mm(body, "vertebral_artery")
    ways = {"right": (1, np.array(VERTEBRAL_MM, float)), "left": (-1, mirrored(VERTEBRAL_MM))}
    return {
        f"vertebral_artery_{side}": way_tube(np.concatenate([[start], vertebral_artery_mm(bones, sign)]), radius)
        for side, (sign, start) in ways.items()
    }


def pulmonary_arteries(body: Body, heart: Heart) -> dict[str, Solid]:
    """Trunk, right and left branch; the branches narrow to the hilum."""
    ways = {name: ridden(body, way) for name, way in PULMONARY.items()}
    root = np.array([heart.place(*point) for point in PULMONARY_ROOT])
    trunk = way_tube(np.concatenate([root, ways["pulmonary_trunk"]]), radius_mm(body, "pulmonary_trunk"))
    branches = [
        way_tube(ways[name], radius_mm(body, name) * np.linspace(1, 0.78, len(ways[name])))
        for name in ("pulmonary_artery_right", "pulmonary_artery_left")
    ]
    return {"pulmonary_artery": union(smooth_union(trunk, *branches, round_mm=5), heart.pulmonary_mouth)}


def belly_arteries(body: Body, bones: Bones) -> dict[str, Solid]:
    """The branches of the abdominal aorta, with those of the celiac trunk."""
    found = {}
    for name, (start, way) in BELLY.items():
        points = np.concatenate([[before_spine(bones, *start)], taken_along(body, way)])
        found[name] = way_tube(points, radius_mm(body, name) * np.linspace(1, 0.75, len(points)))
    hepatic, gastric = taken_along(body, HEPATIC_ARTERY), taken_along(body, GASTRIC_ARTERY)
    found["hepatic_artery"] = way_tube(hepatic, radius_mm(body, "hepatic_artery") * np.linspace(1, 0.7, len(hepatic)))
    found["gastric_artery"] = way_tube(
        gastric, radius_mm(body, "hepatic_artery") * np.linspace(0.75, 0.4, len(gastric))
    )
    found["splenic_artery"] = _coiled(taken_along(body, SPLENIC_ARTERY), radius_mm(body, "splenic_artery"), body)
    return found


def _coiled(way, radius: float, body: Body) -> Solid:
    """A tortuous artery: it winds about its way, more so in the old."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1))])
    s = np.linspace(0, along[-1], 32)
    points = np.stack([np.interp(s, along, way[:, n]) for n in range(3)], axis=-1)
    wide = COILS_MM * np.clip(body.age_y / 50, 0.2, 1.6) * np.sin(np.pi * s / along[-1])
    phase = 2 * np.pi * s / COIL_LENGTH_MM + body.dice("splenic_artery").uniform(0, 2 * np.pi)
    points[:, 2] += wide * np.sin(phase)
    points[:, 1] += 0.6 * wide * np.cos(phase)
    return tube(points, radius)


def leg_arteries(body: Body, bones: Bones) -> dict[str, Solid]:
    """From the fork of the aorta to the middle of the thighs, both sides."""
    fork = before_spine(bones, *DESCENDING[-1][:3])
    found = {}
    for side, turn in (("right", 1), ("left", -1)):
        way = np.concatenate([[fork], np.array(ILIAC, float) * (turn, 1, 1)])
        found[f"iliac_artery_{side}"] = way_tube(way, radius_mm(body, "common_iliac_artery"))
    deep = both_sides(body, "femoral_artery", DEEP_FEMORAL, thin=0.5)
    deep = {name: solid.grown(-1.2) for name, solid in deep.items()}
    femoral = both_sides(body, "femoral_artery", FEMORAL, thin=0.7)
    return {
        **found,
        **both_sides(body, "external_iliac_artery", EXTERNAL_ILIAC),
        **both_sides(body, "internal_iliac_artery", INTERNAL_ILIAC, thin=0.6),
        **{name: solid | deep[name] for name, solid in femoral.items()},
    }
