"""Great vessels from the base of the heart to neck, belly and thigh: arteries with the aorta's wall, and veins.

Calibres are those of `phantoms.people.calibres` (Framingham, JKSR 2013;69:105 and others) for the reference man; a
patient's own come with the latents "calibre_NAME_mm" and "vessel_size". Vessels before the spine ride on its vertebrae,
those at the heart on the heart. The branches inside the lungs are drawn in `lung_tree`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.airways import before_spine, ridden
from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.anatomy.heart import VEIN_MOUTHS, Heart
from phantoms.anatomy.spine import Vertebra, vertebral_artery_mm
from phantoms.people.calibres import mean_calibres
from phantoms.people.organs import reference_adult
from phantoms.solids import Ellipsoid, Layer, Solid, smooth_union, tube, union

Bones = Mapping[str, Vertebra]

STEP_MM = 6.0
AORTA_WALL_MM = 1.5
# where the aorta lies: on the heart (reference mm), free in the upper chest, before the spine (x, before, z); calibre
ROOT = ((-9, 15.5, 41, "ascending_aorta"), (3, 17, 57, "ascending_aorta"), (13, 19, 76, "ascending_aorta"))
SINUSES_MM, SINUS_OUT_MM = (-4.5, 16.0, 47.0), 8.5
ARCH = (
    (18, 15, 98, "ascending_aorta"), (12, 10, 115, "aortic_arch"), (0, 5, 125, "aortic_arch"),
    (-13, -5, 127, "aortic_arch"), (-22, -21, 121, "aortic_arch"), (-26, -37, 107, "descending_aorta_proximal"),
)  # fmt: skip
DESCENDING = (
    (-26, -3, 92, "descending_aorta_proximal"), (-25, -3, 60, "descending_aorta"), (-23, -2, 20, "descending_aorta"),
    (-20, 0, -20, "aorta_diaphragm"), (-16, 8, -60, "aorta_diaphragm"), (-11, 11, -95, "aorta_celiac"),
    (-8, 11, -122, "aorta_suprarenal"), (-6, 11, -160, "aorta_infrarenal"), (-4, 11, -205, "aorta_infrarenal"),
    (-3, 10, -228, "aorta_bifurcation"), (-2, 9, -238, "aorta_bifurcation"),
)  # fmt: skip
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
JUGULAR = ((26, -16, 328), (30, -12, 300), (33, -8, 262), (34, -3, 220), (36, 3, 182), (37, 5, 160))
SUBCLAVIAN_VEIN = ((37, 5, 160), (54, 6, 173), (74, 10, 177), (94, 11, 166), (116, 5, 149))
BRACHIOCEPHALIC_VEIN = {
    "right": ((37, 5, 160), (34, 9, 145), (28, 9, 127)),
    "left": ((-37, 5, 160), (-27, 15, 148), (-4, 22, 138), (16, 17, 131), (27, 10, 126)),
}
CAVA_TOP = ((27, 9, 127), (30, 6, 108), (31, 5, 90))
CAVA_IN_HEART = ((32, 5, 72), (33, 6, 54))
# inferior vena cava: before the spine, then behind the liver, into the heart
CAVA_LOW = ((15, 8, -246), (20, 11, -228), (21, 11, -190), (21, 11, -150), (22, 13, -118))
CAVA_LIVER = ((24, -11, -70), (26, -15, -35), (29, -6, -14))
CAVA_TO_HEART = ((31, 2, -3), (32, 5, 8))
AZYGOS = ((9, 5, -70), (8, 4, -30), (7, 3.5, 20), (7, 3.5, 60), (9, 4, 88))
AZYGOS_ARCH = ((16, -37, 101), (26, -22, 108), (31, -4, 105))
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
ILIAC_VEIN = {
    "right": ((18, 0, -258), (30, -13, -276), (36, -19, -290)),
    "left": ((0, 1, -256), (-18, -11, -274), (-34, -19, -290)),
}
EXTERNAL_ILIAC_VEIN = ((35, -19, -290), (43, -8, -306), (51, 18, -324), (56, 42, -340), (60, 56, -356), (62, 55, -374))
INTERNAL_ILIAC_VEIN = ((35, -19, -290), (39, -34, -308), (41, -51, -330), (42, -56, -352))
FEMORAL_VEIN = ((62, 55, -374), (65, 51, -400), (71, 43, -432), (74, 30, -480), (72, 17, -540), (68, 4, -620))
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
PORTAL = ((7, 15, -111), (14, 12, -100), (24, 8, -84), (32, 5, -70))
SPLENIC_VEIN = (
    (7, 15, -111),
    (-10, 12, -106),
    (-26, 8, -100),
    (-42, -5, -96),
    (-60, -17, -91),
    (-76, -27, -84),
    (-87, -34, -74),
)
MESENTERIC_VEIN = ((7, 15, -111), (8, 25, -126), (9, 35, -150), (11, 43, -178), (14, 44, -205), (28, 34, -236))
RENAL_VEIN = {"right": ((22, -2, -131), (32, -12, -137), (40, -15, -141)),
              "left": ((16, 2, -122), (-4, 10, -121), (-22, 1, -124), (-40, -15, -128))}  # fmt: skip
# inside the liver, after its segments: hepatic veins to the cava, branches of the portal vein from the hilum
HEPATIC_VEINS = (
    ((31, -9, -14), (42, -3, -19), (60, 4, -26), (84, 13, -48), (104, 18, -80)),
    ((60, 4, -26), (78, 0, -22), (94, 2, -30)),
    ((28, -5, -13), (31, 6, -20), (37, 17, -34), (45, 36, -56), (52, 56, -86)),
    ((37, 17, -34), (54, 26, -36), (66, 34, -44)),
    ((25, -3, -13), (16, 10, -18), (3, 24, -26), (-18, 36, -36), (-40, 44, -48)),
    ((3, 24, -26), (6, 48, -42), (4, 70, -64)),
    ((84, 13, -48), (96, -4, -64), (104, -16, -90)),
)
PORTAL_BRANCHES = (
    ((31, 5, -70), (40, 2, -63), (52, 0, -59)),
    ((52, 0, -59), (62, 12, -48), (70, 20, -28), (74, 24, -8)),
    ((62, 12, -48), (70, 32, -68), (76, 44, -98)),
    ((52, 0, -59), (68, -18, -58), (80, -34, -38), (86, -40, -14)),
    ((68, -18, -58), (86, -24, -84), (96, -20, -118)),
    ((31, 5, -70), (20, 10, -60), (9, 20, -56), (6, 34, -66), (5, 48, -84)),
    ((9, 20, -56), (-16, 24, -44), (-46, 24, -36)),
    ((5, 48, -84), (-14, 60, -84), (-34, 66, -80)),
    ((5, 40, -74), (22, 52, -78), (30, 58, -96)),
)
PORTAL_BRANCH_MM, HEPATIC_VEIN_THINS = (6.2, 4.0, 2.2), 0.35
# calcified plaques: from this age, so many more a year; most of them below the kidneys, in the arch, and in the iliacs
PLAQUE_AGE_Y, PLAQUES_PER_Y = 48.0, 0.45
PLAQUE_MM = (0.8, 1.7)
UNFOLDS_FROM_Y, UNFOLDS_MM_PER_Y, UNFOLDS_MM = 45.0, 0.2, 8.0
"""The ageing aorta grows longer: its arch rises, its descending part bows to the left (from memory, to be checked)."""


@dataclass(frozen=True, eq=False)
class Vessels:
    """Blood by structure name, arteries and veins; `chest`: all that lies between the lungs, with the aorta's wall."""

    arteries: Mapping[str, Solid]
    veins: Mapping[str, Solid]
    aorta: Solid
    plaques: Solid | None
    chest: Solid


def vessels(body: Body, heart: Heart, bones: Bones) -> Vessels:
    """All great vessels of a patient."""
    aorta = _aorta(body, heart, bones)
    lumen = smooth_union(aorta, _sinuses(body, heart), round_mm=3) | heart.aortic_mouth
    arteries = {
        **_named(body, ARCH_BRANCHES),
        **_vertebrals(body, bones),
        **_pulmonary_arteries(body, heart),
        **_belly_arteries(body, bones),
        **_leg_arteries(body, bones),
    }
    veins = {
        **_pulmonary_veins(body, heart),
        **_caval_veins(body, heart, bones),
        **_portal_veins(body),
        **_leg_veins(body, bones),
    }
    near = ("brachiocephalic", "subclavian", "common_carotid", "pulmonary", "superior_vena", "azygos", "inferior_vena")
    for side in ("left", "right"):
        if f"absent_kidney_{side}" in body.variants:
            del arteries[f"renal_artery_{side}"], veins[f"renal_vein_{side}"]
    chest = [solid for name, solid in {**arteries, **veins}.items() if name.startswith(near)]
    return Vessels(arteries, veins, lumen, _plaques(body, heart, bones), union(lumen.grown(AORTA_WALL_MM), *chest))


VEIN_MOUTH_MM = 7.0
"""The mouths of the pulmonary veins are thinner than twice this; what of the atrium is thicker is atrium."""


def layers(made: Vessels, heart: Heart) -> list[Layer]:
    """Plaques, arteries, the aorta with its wall, veins; nothing of it lies in a chamber of the heart."""
    blood = heart.blood | heart.valves
    chambers = {"pulmonary_vein": heart.left_atrium.grown(-VEIN_MOUTH_MM)}
    chambers |= dict.fromkeys(("pulmonary_artery", "superior_vena_cava", "inferior_vena_cava"), blood)

    def cut(name: str, solid: Solid) -> Layer:
        return Layer(solid - chambers[name] if name in chambers else solid, name)

    plaques = [Layer(made.plaques, "aortic_calcification")] if made.plaques else []
    return [
        *plaques,
        Layer(made.aorta - (heart.left_ventricle | heart.valves), "aorta"),
        *(cut(name, solid) for name, solid in made.arteries.items()),
        Layer(made.aorta.grown(AORTA_WALL_MM) - blood, "aorta_wall"),
        *(cut(name, solid) for name, solid in made.veins.items()),
    ]


def in_liver(body: Body, liver: Solid) -> list[Layer]:
    """Hepatic veins and branches of the portal vein inside the liver."""
    thick, thin = radius_mm(body, "hepatic_vein"), HEPATIC_VEIN_THINS
    veins = [_tube(taken_along(body, way), np.linspace(thick, thin * thick, len(way))) for way in HEPATIC_VEINS]
    size = radius_mm(body, "portal_vein") / radius_mm(Body(), "portal_vein")
    first, second, last = (size * radius for radius in PORTAL_BRANCH_MM)
    ends = [(first, second if n == 0 else last) if n in (0, 5) else (second, last) for n in range(len(PORTAL_BRANCHES))]
    branches = [
        _tube(taken_along(body, way), np.linspace(a, b, len(way)))
        for way, (a, b) in zip(PORTAL_BRANCHES, ends, strict=True)
    ]
    inside = liver.grown(-1.0)
    return [Layer(union(*branches) & inside, "portal_vein_branch"), Layer(union(*veins) & inside, "hepatic_vein")]


# --- calibres and paths --------------------------------------------------------------------------------------------


def radius_mm(body: Body, name: str) -> float:
    """Half the calibre of a vessel in the reference body; name: as in `phantoms.people.calibres`, or with a side."""
    reference, factor = _calibres(body)
    known = name if name in reference else name.removesuffix("_left").removesuffix("_right")
    return 0.5 * reference[known] * factor[known]


@lru_cache(maxsize=4)
def _calibres(body: Body) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Calibres of the reference man, mm, and by what this patient's differ: the usual size, then each one's own."""
    reference = mean_calibres(reference_adult("male"))
    ratio = {name: body.latent(f"calibre_{name}_mm", mm) / mm for name, mm in reference.items()}
    usual = float(np.exp(np.mean(np.log(list(ratio.values())))))
    return reference, {name: body.latent("vessel_size", 1.0) * own / usual for name, own in ratio.items()}


def _tube(points, radii) -> Solid:
    return tube(points, radii, STEP_MM)


def _named(body: Body, table: Mapping[str, tuple]) -> dict[str, Solid]:
    return {name: _tube(ridden(body, way), radius_mm(body, name)) for name, way in table.items()}


def _mirrored(way) -> Float[ndarray, "n 3"]:
    return np.array(way, float) * (-1, 1, 1)


def _sides(body: Body, name: str, right, calibre: str = "", thin: float = 1.0) -> dict[str, Solid]:
    """The same vessel on both sides, its end `thin` times as wide as its start."""
    radii = radius_mm(body, calibre or name) * np.linspace(1, thin, len(right))
    return {f"{name}_right": _tube(right, radii), f"{name}_left": _tube(_mirrored(right), radii)}


# --- arteries ------------------------------------------------------------------------------------------------------


def _aorta_path(body: Body, heart: Heart, bones: Bones) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """Middle line and radius of the aorta's lumen."""
    older = float(np.clip(UNFOLDS_MM_PER_Y * (body.age_y - UNFOLDS_FROM_Y), 0, UNFOLDS_MM))
    arch = np.array([knot[:3] for knot in ARCH], float) + older * np.array([[0.4, 0.4, 0.3]] + [[-0.2, 0, 0.8]] * 5)
    spine = np.array([before_spine(bones, *knot[:3]) for knot in DESCENDING])
    spine[:4, 0] -= older * np.array([0.5, 0.8, 0.8, 0.3])
    points = np.concatenate([[heart.place(*knot[:3]) for knot in ROOT], arch, spine])
    radii = [radius_mm(body, str(knot[3])) - AORTA_WALL_MM for knot in (*ROOT, *ARCH, *DESCENDING)]
    radii[0] *= 0.85
    return points, np.array(radii)


def _aorta(body: Body, heart: Heart, bones: Bones) -> Solid:
    return _tube(*_aorta_path(body, heart, bones))


def _sinuses(body: Body, heart: Heart) -> Solid:
    """The three bulges over the cusps of the aortic valve."""
    axis = np.array([0.45, 0.25, 0.86]) / np.linalg.norm([0.45, 0.25, 0.86])
    side = np.cross(axis, [0.0, 1.0, 0.0]) / np.linalg.norm(np.cross(axis, [0.0, 1.0, 0.0]))
    radius = radius_mm(body, "aortic_sinus") - AORTA_WALL_MM - SINUS_OUT_MM
    balls = []
    for turn in np.radians((30, 150, 270)):
        out = SINUS_OUT_MM * (np.cos(turn) * side + np.sin(turn) * np.cross(axis, side))
        middle = heart.place(*(np.array(SINUSES_MM) + out)).tolist()
        balls.append(Ellipsoid(middle, (radius, radius, 1.25 * radius)))
    return union(*balls)


def _vertebrals(body: Body, bones: Bones) -> dict[str, Solid]:
    radius = radius_mm(body, "vertebral_artery")
    ways = {"right": (1, np.array(VERTEBRAL_MM, float)), "left": (-1, _mirrored(VERTEBRAL_MM))}
    return {
        f"vertebral_artery_{side}": _tube(np.concatenate([[start], vertebral_artery_mm(bones, sign)]), radius)
        for side, (sign, start) in ways.items()
    }


def _pulmonary_arteries(body: Body, heart: Heart) -> dict[str, Solid]:
    """Trunk, right and left branch; the branches narrow to the hilum."""
    ways = {name: ridden(body, way) for name, way in PULMONARY.items()}
    root = np.array([heart.place(*point) for point in PULMONARY_ROOT])
    trunk = _tube(np.concatenate([root, ways["pulmonary_trunk"]]), radius_mm(body, "pulmonary_trunk"))
    branches = [
        _tube(ways[name], radius_mm(body, name) * np.linspace(1, 0.78, len(ways[name])))
        for name in ("pulmonary_artery_right", "pulmonary_artery_left")
    ]
    return {"pulmonary_artery": union(smooth_union(trunk, *branches, round_mm=5), heart.pulmonary_mouth)}


def _belly_arteries(body: Body, bones: Bones) -> dict[str, Solid]:
    found = {}
    for name, (start, way) in BELLY.items():
        points = np.concatenate([[before_spine(bones, *start)], taken_along(body, way)])
        found[name] = _tube(points, radius_mm(body, name) * np.linspace(1, 0.75, len(points)))
    hepatic, gastric = taken_along(body, HEPATIC_ARTERY), taken_along(body, GASTRIC_ARTERY)
    found["hepatic_artery"] = _tube(hepatic, radius_mm(body, "hepatic_artery") * np.linspace(1, 0.7, len(hepatic)))
    found["gastric_artery"] = _tube(gastric, radius_mm(body, "hepatic_artery") * np.linspace(0.75, 0.4, len(gastric)))
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


def _leg_arteries(body: Body, bones: Bones) -> dict[str, Solid]:
    fork = before_spine(bones, *DESCENDING[-1][:3])
    found = {}
    for side, turn in (("right", 1), ("left", -1)):
        way = np.concatenate([[fork], np.array(ILIAC, float) * (turn, 1, 1)])
        found[f"iliac_artery_{side}"] = _tube(way, radius_mm(body, "common_iliac_artery"))
    deep = _sides(body, "femoral_artery", DEEP_FEMORAL, thin=0.5)
    deep = {name: solid.grown(-1.2) for name, solid in deep.items()}
    femoral = _sides(body, "femoral_artery", FEMORAL, thin=0.7)
    return {
        **found,
        **_sides(body, "external_iliac_artery", EXTERNAL_ILIAC),
        **_sides(body, "internal_iliac_artery", INTERNAL_ILIAC, thin=0.6),
        **{name: solid | deep[name] for name, solid in femoral.items()},
    }


def _plaques(body: Body, heart: Heart, bones: Bones) -> Solid | None:
    """Calcified plaques in the wall of the aorta, the more the older."""
    dice = body.dice("plaques")
    count = dice.poisson(max(body.age_y - PLAQUE_AGE_Y, 0) * PLAQUES_PER_Y * body.latent("plaques", 1.0))
    if not count:
        return None
    path, radii = _aorta_path(body, heart, bones)
    where = np.where(dice.random(count) < 0.65, dice.uniform(14, 19, count), dice.uniform(3, 14, count))
    return union(*(_plaque(path, radii, place, dice) for place in where))


def _plaque(path, radii, place: float, dice) -> Solid:
    """A short crust on the inside of the wall, at `place` along the knots of the aorta."""
    knots = np.arange(len(path))
    ahead = np.stack([np.interp(place + d, knots, path[:, n]) for d in (-0.05, 0.05) for n in range(3)]).reshape(2, 3)
    axis = (ahead[1] - ahead[0]) / np.linalg.norm(ahead[1] - ahead[0])
    side = np.cross(axis, (0.3, 0.9, 0.1))
    side /= np.linalg.norm(side)
    turn = dice.uniform(0, 2 * np.pi) + np.linspace(-0.5, 0.5, 4) * dice.uniform(0.2, 1.0)
    slant = np.linspace(-0.5, 0.5, 4) * dice.uniform(0, 9)
    out = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * np.cross(axis, side)
    points = ahead.mean(axis=0) + (np.interp(place, knots, radii) + 0.2) * out + slant[:, None] * axis
    return tube(points, dice.uniform(*PLAQUE_MM, 4))


# --- veins ---------------------------------------------------------------------------------------------------------


def _pulmonary_veins(body: Body, heart: Heart) -> dict[str, Solid]:
    """The four veins between the left atrium and the hila."""
    radius = radius_mm(body, "pulmonary_vein")
    mouths = [np.array([heart.place(*point) for point in points]) for points, _ in VEIN_MOUTHS]
    return {"pulmonary_vein": union(*(tube(way, (radius * 1.15, radius)) for way in mouths))}


def _caval_veins(body: Body, heart: Heart, bones: Bones) -> dict[str, Solid]:
    upper, hepatic, low = (
        radius_mm(body, name)
        for name in ("superior_vena_cava", "inferior_vena_cava_hepatic", "inferior_vena_cava_infrarenal")
    )
    heart_top, heart_low = ([heart.place(*p) for p in way] for way in (CAVA_IN_HEART, CAVA_TO_HEART))
    spine = [before_spine(bones, *knot) for knot in CAVA_LOW]
    liver = taken_along(body, CAVA_LIVER)
    inferior = np.concatenate([spine, liver, heart_low])
    widths = np.interp(inferior[:, 2], (-170, -110), (low, hepatic))
    azygos = np.concatenate([[before_spine(bones, *knot) for knot in AZYGOS], ridden(body, AZYGOS_ARCH)])
    return {
        "superior_vena_cava": _tube(np.concatenate([ridden(body, CAVA_TOP), heart_top]), upper),
        "inferior_vena_cava": tube(inferior, widths, STEP_MM, (0.0, 1.25, 0.0)),
        **{
            f"brachiocephalic_vein_{side}": _tube(way, radius_mm(body, f"brachiocephalic_vein_{side}"))
            for side, way in BRACHIOCEPHALIC_VEIN.items()
        },
        **_sides(body, "internal_jugular_vein", JUGULAR),
        **_sides(body, "subclavian_vein", SUBCLAVIAN_VEIN),
        "azygos_vein": _tube(azygos, radius_mm(body, "azygos_vein") * np.linspace(0.5, 1.1, len(azygos))),
        **{
            f"renal_vein_{side}": tube(
                _to_kidney(body, way), radius_mm(body, f"renal_vein_{side}"), STEP_MM, (0.0, 1.2, 0.0)
            )
            for side, way in RENAL_VEIN.items()
        },
    }


def _to_kidney(body: Body, way) -> Float[ndarray, "n 3"]:
    """A way from the cava, which the diaphragm does not take along, to a kidney, which it does."""
    held, free = np.array(way, float), taken_along(body, way)
    return held + np.linspace(0, 1, len(held))[:, None] * (free - held)


def _portal_veins(body: Body) -> dict[str, Solid]:
    portal = _tube(taken_along(body, PORTAL), radius_mm(body, "portal_vein"))
    splenic = taken_along(body, SPLENIC_VEIN)
    splenic = _tube(splenic, radius_mm(body, "splenic_vein") * np.linspace(1.05, 0.8, len(splenic)))
    mesenteric = radius_mm(body, "superior_mesenteric_vein") * np.linspace(1, 0.6, len(MESENTERIC_VEIN))
    return {
        "portal_vein_and_splenic_vein": smooth_union(portal, splenic, round_mm=3),
        "superior_mesenteric_vein": _tube(taken_along(body, MESENTERIC_VEIN), mesenteric),
    }


def _leg_veins(body: Body, bones: Bones) -> dict[str, Solid]:
    start = before_spine(bones, *CAVA_LOW[0])
    return {
        **{
            f"iliac_vena_{side}": _tube(np.concatenate([[start], way]), radius_mm(body, "common_iliac_vein"))
            for side, way in ILIAC_VEIN.items()
        },
        **_sides(body, "external_iliac_vein", EXTERNAL_ILIAC_VEIN),
        **_sides(body, "internal_iliac_vein", INTERNAL_ILIAC_VEIN, "external_iliac_vein", 0.6),
        **_sides(body, "femoral_vein", FEMORAL_VEIN, thin=0.75),
    }


def preview():
    """The great vessels with heart and airways."""
    from phantoms.anatomy import airways, heart
    from phantoms.anatomy.spine import spine, vertebrae

    body = Body()
    bones, made = vertebrae(body), heart.heart(body)
    tubes = airways.layers(body, airways.airways(body, bones))
    column = Layer(spine(body).column, "vertebrae_T9")
    own = layers(vessels(body, made, bones), made)
    return [*own, *tubes, *heart.layers(made), column], (0, 0, -140), (240, 200, 940), 2.0
