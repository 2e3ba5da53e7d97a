"""Hip bones and femora: iliac wings, acetabula, pubis and ischium round the obturator foramina, heads, necks, shafts.

Landmarks of the right side in the reference body, mm; the left side mirrors them. Breadth between the iliac crests 280,
between the anterior superior spines 236 mm; femoral head 48 mm, neck-shaft angle 127 and anteversion 12 degrees; cup
inclined 43 and anteverted 18 degrees (Murray, J Bone Joint Surg Br 1993, ranges; Noble, Clin Orthop 1988, femur). A
woman's pelvis is wider at the inlet and between the ischia, and its subpubic angle is about 85 instead of 65 degrees.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from phantoms.anatomy.blade import Blade, blade
from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import Trunk, trunk
from phantoms.solids import (
    Ellipsoid,
    Layer,
    Plane,
    Solid,
    common,
    smooth_common,
    smooth_union,
    tube,
    union,
)

HIP_MM = (88.0, -8.0, -368.0)
HEAD_MM, JOINT_MM = 24.0, 3.2
"""Radius of the femoral head, and how far from it the bone of the cup lies."""
OPENING = (0.70, 0.28, -0.66)
"""Where the acetabulum faces: to the side, forward and down."""
WING_AXES = ((0.451, 0.8925, 0.0), (0.0, 0.0, 1.0), (0.8925, -0.451, 0.0))
"""Rows: forward along the wing, up, outwards."""
THIN_MM = (2.0, 12.0)
"""Least and greatest half thickness of the wing."""

# middle of the wing: x, y, z, half its thickness, mm
WING = (
    (118, 60, -290, 5.0),
    (138, 28, -254, 6.5),
    (131, -20, -235, 5.0),
    (107, -64, -246, 5.0),
    (74, -91, -275, 6.5),
    (50, -101, -310, 8.0),
    (54, -90, -338, 7.0),
    (66, -64, -296, 9.0),
    (66, -60, -322, 9.0),
    (66, -58, -346, 9.0),
    (97, -40, -290, 3.2),
    (114, -10, -290, 2.2),
    (121, 20, -290, 3.4),
    (122, 46, -292, 4.5),
    (108, -40, -265, 2.6),
    (124, -14, -262, 2.2),
    (130, 15, -268, 4.0),
    (78, -38, -326, 7.0),
    (90, -12, -328, 6.5),
    (100, 16, -326, 6.0),
    (104, 40, -322, 6.0),
    (76, -35, -360, 11.0),
    (88, -10, -345, 11.0),
    (98, 20, -348, 9.0),
)
# rim of the wing, round from the anterior superior spine over the crest and along the sciatic notch
RIM = (
    (119, 62, -291),
    (131, 50, -272),
    (138, 28, -253),
    (136, 2, -239),
    (130, -22, -233),
    (120, -45, -236),
    (105, -67, -247),
    (88, -84, -262),
    (72, -94, -279),
    (57, -101, -297),
    (49, -103, -313),
    (50, -97, -326),
    (55, -88, -338),
    (60, -76, -339),
    (66, -62, -337),
    (72, -50, -342),
    (74, -42, -355),
    (78, -30, -372),
    (96, 10, -372),
    (101, 36, -338),
    (104, 44, -326),
    (107, 44, -316),
    (112, 49, -306),
    (118, 59, -297),
)
CREST = RIM[:11]
CREST_RADII = (6.5, 6.0, 7.2, 5.5, 5.0, 4.8, 5.0, 5.8, 6.5, 7.5, 7.0)

# x, y, z, radius, mm
BRIM = ((64, -54, -322, 8.0), (70, -30, -334, 8.0), (76, -6, -344, 9.0), (76, 14, -352, 10.0))
BEHIND = ((66, -54, -344, 8.5), (74, -42, -362, 11.0), (74, -36, -382, 12.0), (70, -36, -400, 11.5))
UPPER_RAMUS = (
    (82, 14, -350, 12.0),
    (68, 33, -357, 9.5),
    (52, 48, -364, 7.8),
    (34, 61, -372, 7.2),
    (20, 68, -379, 7.5),
    (10, 69, -385, 8.0),
)
PUBIS = ((12, 68, -384, 10.5), (13, 60, -397, 13.0), (14, 52, -407, 10.5))
LOWER_RAMUS = (
    (13, 53, -405, 11.0),
    (20, 41, -421, 10.0),
    (29, 24, -435, 9.0),
    (39, 4, -444, 9.5),
    (50, -18, -446, 11.0),
)
ISCHIUM = ((72, -32, -396, 13.5), (67, -40, -412, 13.0), (61, -43, -428, 13.5))
TUBER = ((60, -46, -424, 13.0), (57, -42, -438, 14.0), (52, -27, -444, 11.0))
ISCHIAL_SPINE = ((68, -44, -382, 7.0), (60, -51, -388, 4.2), (53, -54, -391, 2.2))
SACROILIAC_MM, LIGAMENT_MM = (57, -58, -312), (46, -82, -308)
TUBERCLE, LOWER_SPINE = (25.0, 75.0, -375.0, 4.5), (104.0, 46.0, -324.0, 6.5)
FLAT_PUBIS, FLAT_RAMUS = (0.0, 1.45, 1.0), (1.5, 0.8, -0.1)
"""Directions in which the pubis and its ramus are thinner, and by how much."""

# the right femur: x, y, z, radius of the bone, radius of the marrow, mm
NECK = (
    (88, -8, -368, 17.0, 15.5),
    (103, -11, -379, 15.2, 13.7),
    (116, -15, -390, 16.0, 14.0),
    (128, -18, -402, 19, 15),
)
SHAFT = (
    (128, -19, -398, 19.0, 16.5),
    (126, -19, -414, 18.5, 14.5),
    (124, -18, -430, 17.0, 11.5),
    (122, -16, -450, 15.2, 8.5),
    (119, -12, -490, 14.2, 6.6),
    (114, -6, -540, 13.8, 6.2),
    (108, -1, -600, 13.8, 6.6),
    (103, 1, -660, 14.2, 7.2),
)
GREAT_TROCHANTER = ((134, -20, -404, 16.0), (141, -24, -390, 13.0), (140, -31, -376, 9.0), (135, -36, -370, 5.0))
SMALL_TROCHANTER = ((118, -26, -424, 10.5), (111, -33, -428, 7.0))
RIDGE = ((122, -33, -440, 4.5), (119, -27, -490, 3.2), (114, -20, -540, 2.8), (108, -15, -600, 2.6))
"""Linea aspera on the back of the shaft."""
DEEP_MM = 4.0
"""No bone lies nearer to the surface."""
# cartilage of growing bones: age at which it is gone, and its thickness in the newborn, reference mm
GROWS_UNTIL_Y = {"triradiate": 14.0, "head": 16.0, "trochanter": 16.0, "ramus": 7.0, "crest": 15.0}
PLATE_MM, THINNEST_MM = 9.0, 2.4
HEAD_BONE_Y, TROCHANTER_BONE_Y, CREST_BONE_Y = (0.4, 6.0), (3.0, 9.0), (0.0, 13.0)
"""Ages from when to when the bony nucleus of the femoral head, of the trochanter and of the crest grows."""
SIDES = (("right", lambda solid: solid), ("left", lambda solid: solid.mirrored()))
SHELL_MM, FEMUR_SHELL_MM = 1.25, 1.3

# how far a woman's landmarks lie to the side at these heights, mm, before her pelvis is made smaller as a whole
WIDER_MM = {-620: 0.0, -470: 4.0, -450: 9.0, -420: 5.5, -412: 4.0, -330: 4.5, -290: 1.5, -235: -2.0}
WIDENS_FROM_MM = (10.0, 40.0)
"""Nothing moves at the symphysis; all of it from 40 mm to the side on."""
ARCH_MM = 5.0
"""How much shorter a woman's symphysis is."""


@dataclass(frozen=True, eq=False)
class Pelvis:
    """The right hip bone and femur, and what is between them; `.mirrored()` gives the left.

    canal: the room for the marrow of the femur. wing: the iliac wing, whose outer side is the lateral one.
    head: the femoral head with its cartilage. fossa: the fat at the bottom of the cup. joint, ligament: what fills the
    gap to the sacrum in front and behind, under both bones. symphysis: crosses the midline.
    """

    hip: Solid
    femur: Solid
    canal: Solid
    wing: Blade
    head: Solid
    fossa: Solid
    joint: Solid
    ligament: Solid
    symphysis: Solid

    @property
    def bones(self) -> Solid:
        """Both hip bones and both femora."""
        right = self.hip | self.femur
        return right | right.mirrored()


@lru_cache(maxsize=4)
def pelvis(body: Body) -> Pelvis:
    """The solids of a patient's pelvic girdle."""
    centre = placed(body, HIP_MM)
    head = Ellipsoid(centre, (HEAD_MM,) * 3)
    socket = head.grown(JOINT_MM)
    fossa = _fossa(centre)
    wing = _wing(body)
    struts = [_tube(body, knots) for knots in (BRIM, BEHIND, UPPER_RAMUS, ISCHIUM, TUBER)]
    struts.append(_tube(body, LOWER_RAMUS, FLAT_RAMUS))
    balls = [Ellipsoid(placed(body, knob), (knob[3],) * 3) for knob in (TUBERCLE, LOWER_SPINE)]
    knobs = union(_tube(body, ISCHIAL_SPINE), *balls)
    plate = smooth_common(_tube(body, PUBIS, FLAT_PUBIS), Plane((2.3, 0, 0), (1, 0, 0)), round_mm=2.0)
    crest = _tube(body, [(*p, r - 1.0) for p, r in zip(CREST, CREST_RADII, strict=True)], (0.35, 0, 0.35))
    whole = smooth_union(
        wing.solid(3.0), crest, smooth_union(*struts, round_mm=7.0), plate, _cup(centre), knobs, round_mm=6.0
    )
    mouth = tube([centre, centre + 60 * _unit(OPENING)], [HEAD_MM + JOINT_MM - 0.5, HEAD_MM + 10.0])
    hip = common(
        whole, ~socket, ~(mouth & Plane(centre + 3 * _unit(OPENING), OPENING)), ~fossa, Plane((2.3, 0, 0), (1, 0, 0))
    )
    femur, marrow = _femur(body)
    low = _tube(body, [(0, y, z, r - 1) for _, y, z, r in PUBIS], FLAT_PUBIS)
    symphysis = low & Plane((5, 0, 0), (-1, 0, 0)) & Plane((-5, 0, 0), (1, 0, 0))
    return Pelvis(hip, femur, marrow, wing, head.grown(1.6), fossa, *_sacroiliac(body), symphysis)


def placed(body: Body, point) -> Any:
    """A landmark of the right side of the pelvis in this body: a woman's is wider."""
    x, y, z = (float(v) for v in point[:3])
    if not body.female or body.age_y < 8:
        return np.array([x, y, z])
    heights = sorted(WIDER_MM)
    share = float(np.interp(x, WIDENS_FROM_MM, (0, 1)))
    lift = ARCH_MM * float(np.interp(x, (15, 45), (1, 0)) * np.interp(z, (-408, -384), (1, 0)))
    return np.array([x + share * float(np.interp(z, heights, [WIDER_MM[h] for h in heights])), y, z + lift])


def _tube(body: Body, knots, flat=(0.0, 0.0, 0.0)) -> Solid:
    return tube([placed(body, k) for k in knots], [k[3] for k in knots], 6.0, flat)


def _unit(vector) -> Any:
    return np.asarray(vector, float) / np.linalg.norm(vector)


def _wing(body: Body) -> Blade:
    """The iliac wing; its outer side is the lateral one."""
    rim, places = (np.array([placed(body, point) for point in points]) for points in (RIM, WING))
    return blade(places, np.array([point[3] for point in WING]), rim, np.array(WING_AXES), THIN_MM)


def _cup(centre: Any) -> Solid:
    """The bone round the socket: thick above and behind, thin towards the pelvis."""
    x, y, z = centre
    ball = Ellipsoid((x - 1, y, z), (HEAD_MM + 11, HEAD_MM + 13, HEAD_MM + 12))
    roof = Ellipsoid((x + 4, y + 2, z + 30), (17, 24, 17))
    rim = Plane(centre + 5 * _unit(OPENING), -_unit(OPENING))
    inner = Plane((x - HEAD_MM - 8.0, y, z), (1, 0.12, 0.25))
    return smooth_common(smooth_union(ball, roof, round_mm=8.0), rim, inner, round_mm=3.0)


def _fossa(centre: Any) -> Solid:
    """The notch of the cup, below and towards the pelvis."""
    way = _unit((-0.62, 0.12, -0.55))
    down = _unit((-0.05, 0.22, -1.0))
    return tube(
        [centre + 14 * way, centre + 18 * way + 8 * down, centre + 16 * down + 18 * _unit(OPENING)], [14.5, 12.5, 11.0]
    )


def _sacroiliac(body: Body) -> tuple[Solid, Solid]:
    """The cartilage of the joint with the sacrum, and the ligaments behind it, where no bone is."""
    front, behind = placed(body, SACROILIAC_MM), placed(body, LIGAMENT_MM)
    turn = np.array(WING_AXES)
    return Ellipsoid(front, (19, 27, 7), turn), Ellipsoid(behind, (17, 26, 12), turn)


def _femur(body: Body) -> tuple[Solid, Solid]:
    """The bone, and its marrow: spongy in head, neck and trochanters, a canal in the shaft."""
    head = Ellipsoid(placed(body, HIP_MM), (HEAD_MM,) * 3)
    pit = Ellipsoid(placed(body, HIP_MM) - 25 * _unit((0.75, 0.1, 0.35)), (5.0, 5.0, 5.0))
    outside = [_tube(body, [(*k[:3], k[3]) for k in knots]) for knots in (NECK, SHAFT)]
    inside = [_tube(body, [(*k[:3], k[4]) for k in knots]) for knots in (NECK, SHAFT)]
    knobs = [_tube(body, GREAT_TROCHANTER), _tube(body, SMALL_TROCHANTER)]
    bone = smooth_union(outside[1], *knobs, outside[0], head, round_mm=7.0) | _tube(body, RIDGE)
    marrow = smooth_union(inside[1], knobs[0].grown(-2), inside[0], head.grown(-1.2), round_mm=7.0)
    return bone - pit, marrow


def growing(body: Body) -> list[tuple[str, Solid]]:
    """What of the right bones is still cartilage in a child: bone, and where.

    Growth plates of the femoral head and the great trochanter with what is not bone yet of both, the triradiate
    cartilage of the cup, the joint between pubis and ischium, the rim of the iliac crest. Ages after Scheuer and Black,
    Developmental Juvenile Osteology (2000), chapters 10 and 11; from memory.
    """
    age, centre = body.age_y, placed(body, HIP_MM)
    thick = {name: max(PLATE_MM * (1 - age / until), THINNEST_MM) for name, until in GROWS_UNTIL_Y.items()}
    found: list[tuple[str, str, Solid]] = []

    neck = _unit(placed(body, NECK[2]) - centre)
    beyond = Plane(centre + 11 * neck, -neck)
    nucleus = 0.92 * HEAD_MM * float(np.interp(age, HEAD_BONE_Y, (0.0, 1.0)))
    bony = Ellipsoid(centre, (max(nucleus, 0.5),) * 3) & beyond
    found.append(("head", "femur", beyond.grown(thick["head"]) & ~bony & Ellipsoid(centre, (HEAD_MM + 3,) * 3)))

    top, low = placed(body, GREAT_TROCHANTER[3]), placed(body, GREAT_TROCHANTER[0])
    cap = _tube(body, GREAT_TROCHANTER).grown(3) & Plane(low, top - low)
    bony = _tube(body, GREAT_TROCHANTER).grown(-16 + 14 * float(np.interp(age, TROCHANTER_BONE_Y, (0.0, 1.0))))
    found.append(("trochanter", "femur", cap & ~(bony & Plane(low, top - low).grown(-thick["trochanter"]))))

    ball = Ellipsoid(centre, (HEAD_MM + 22,) * 3)
    half = thick["triradiate"] / 2
    arms = (((0, 0, 6), (0.0, 0.35, 0.94), (0, 0, 0)), ((0, 4, 0), (0.25, 0.94, -0.2), (0, 0, -1)))
    for shift, normal, side in arms:
        plane = Plane(centre + np.array(shift), normal)
        slab = common(plane.grown(half), (~plane).grown(half), ball)
        found.append(("triradiate", "hip", slab & Plane(centre, side) if any(side) else slab))

    middle = placed(body, LOWER_RAMUS[2])
    along = _unit(placed(body, LOWER_RAMUS[3]) - placed(body, LOWER_RAMUS[1]))
    plane = Plane(middle, along)
    slab = common(plane.grown(thick["ramus"] / 2), (~plane).grown(thick["ramus"] / 2), Ellipsoid(middle, (16, 16, 16)))
    found.append(("ramus", "hip", slab))

    rim = float(np.interp(age, CREST_BONE_Y, (0.0, 5.0)))
    found.append(("crest", "hip", _tube(body, [(*p, r + 2 - rim) for p, r in zip(CREST, CREST_RADII, strict=True)])))
    return [(bone, solid) for name, bone, solid in found if age < GROWS_UNTIL_Y[name]]


def layers(body: Body, trunk: Trunk) -> list[Layer]:
    """Hip bones, femora, the cartilage between them and the symphysis."""
    own, deep = pelvis(body), trunk.skin.grown(-DEEP_MM)
    made = []
    for side, here in SIDES:
        femur, hip = here(own.femur) & deep, here(own.hip) & deep
        whole = {"femur": femur, "hip": hip}
        made += [Layer(here(solid) & whole[bone], f"{bone}_{side}", "cartilage") for bone, solid in growing(body)]
        made += [
            Layer(here(own.canal) & femur.grown(-FEMUR_SHELL_MM), f"femur_{side}", "spongy_bone"),
            Layer(femur, f"femur_{side}", "cortical_bone"),
            Layer(hip.grown(-SHELL_MM), f"hip_{side}", "spongy_bone"),
            Layer(hip, f"hip_{side}", "cortical_bone"),
            Layer(here(own.head), "joint_cartilage"),
            Layer(here(own.fossa & own.head.grown(6)), "intermuscular_fat"),
            Layer(here(own.joint), "joint_cartilage"),
            Layer(here(own.ligament), "fascia"),
        ]
    return [*made, Layer(own.symphysis, "pubic_symphysis")]


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The reference man's pelvis."""
    from phantoms.anatomy.sacrum import layers as sacrum_layers

    body = Body()
    return [*layers(body, trunk(body)), *sacrum_layers(body)], (0, -15, -400), (330, 210, 350), 2.0
