"""Muscles of chest and shoulder: pectorals, serratus, latissimus, trapezius, rhomboids, rotator cuff and deltoid.

Outlines are seen from the front (x and z) or the side (y and z), right side, mm; how thick each lies under the fat of
the skin or on the ribs is said beside it. Thickness after ultrasound and CT norms (Takahashi, J Phys Ther Sci 2018, for
trapezius and latissimus), rounded; from memory.
"""

from phantoms.anatomy.muscle import Muscle, bundle, seen_from_front, seen_from_side
from phantoms.anatomy.shoulder import Shoulder
from phantoms.anatomy.trunk import Trunk
from phantoms.solids import Ellipsoid, Plane, Solid, common, smooth_union, tube

RIB_MM = 11.0
SERRATUS = (11.3, 16.0)
"""From and to outside of the cavity, mm."""
BEHIND, BEFORE = Plane((0, -12, 0), (0, -1, 0)), Plane((150, -8, 0), (-0.55, 0.83, 0))

TRAPEZIUS = (
    (1.2, -86), (8, -60), (20, 0), (38, 60), (56, 112), (64, 132), (100, 150), (140, 166), (158, 180), (150, 205),
    (100, 215), (60, 235), (45, 270), (1.2, 275),
)  # fmt: skip
TRAPEZIUS_MM, TRAPEZIUS_UPPER_MM, TRAPEZIUS_UPPER_Z = 6.5, 12.0, 150.0
LATISSIMUS = (
    (3, 40), (50, 36), (90, 46), (122, 72), (150, 112), (185, 112), (185, 0), (172, -60), (148, -150), (116, -238),
    (86, -240), (66, -150), (34, -92), (4, -50),
)  # fmt: skip
LATISSIMUS_MM, ARMPIT_MM, ARMPIT_Z = 6.5, 15.0, 55.0
PECTORALIS = (
    (5, 126), (18, 140), (50, 154), (78, 161), (104, 164), (132, 160), (172, 146), (184, 116), (168, 86), (150, 62),
    (128, 40), (100, 20), (70, 4), (40, -6), (14, 2), (6, 30),
)  # fmt: skip
PECTORALIS_MM = 15.0
SERRATUS_SIDE = (
    (34, 128), (48, 92), (58, 60), (50, 50), (66, 34), (56, 24), (72, 6), (58, -2), (70, -24), (54, -28), (56, -54),
    (20, -56), (-30, -40), (-80, 10), (-116, 30), (-116, 168), (-50, 172), (8, 160),
)  # fmt: skip
RHOMBOID = ((3, 212), (10, 205), (54, 160), (56, 60), (44, 58), (3, 120))
RHOMBOID_MM = (7.0, 13.5)
# the small pectoral: angle, height and distance outside the cavity of its middle on the ribs, radius, mm
SMALL_PECTORAL = ((47, 34, 15, 24), (54, 74, 16.5, 21), (62, 112, 20, 15))
SUBSCAPULARIS_MM, INFRASPINATUS_MM, SUPRASPINATUS_MM = 21.0, 24.0, 28.0
"""How far they reach before and behind the blade at most."""
SUBSCAPULARIS = ((108, -70, 134, 18), (122, -44, 134, 16), (136, -18, 136, 11), (148, -12, 138, 6))
INFRASPINATUS = ((112, -88, 128, 18), (132, -72, 138, 14), (150, -58, 147, 9), (160, -48, 152, 4))
SUPRASPINATUS = ((84, -86, 160, 11), (102, -74, 164, 13), (122, -58, 168, 11), (142, -40, 172, 6), (156, -34, 166, 3.5))
TERES_MAJOR = ((86, -110, 34, 9), (108, -98, 66, 17), (130, -70, 92, 16), (146, -36, 110, 10), (152, -18, 116, 6))
DELTOID = (152.0, -36.0, 132.0), (48.0, 62.0, 66.0)
DELTOID_BEFORE = ((108, 12, 164, 8), (132, 12, 152, 14), (156, 0, 130, 18), (168, -18, 108, 16))
DELTOID_BEHIND = ((92, -112, 150, 9), (122, -104, 146, 17), (150, -80, 126, 22), (168, -48, 104, 16))
DELTOID_FROM = (112.0, 0.0, 0.0), (1.0, 0.0, 0.12)
BEFORE_HEAD, BEHIND_HEAD = ((128.0, 0.0, 140.0), (0.75, 0.66, 0.25)), ((0.0, -48.0, 0.0), (0.0, -1.0, 0.0))
"""The deltoid lies before, beside and behind the head of the humerus; the armpit is medial of it."""


def muscles(trunk: Trunk, bone: Shoulder) -> list[Muscle]:
    """All of the right side, the topmost first."""
    room = trunk.muscle
    on_ribs = room & ~trunk.wall.grown(RIB_MM)
    beyond_serratus = room & ~trunk.wall.grown(SERRATUS[1] + 0.5)
    under = {mm: room & ~trunk.muscle.grown(-mm) for mm in (TRAPEZIUS_MM, LATISSIMUS_MM, PECTORALIS_MM)}
    serratus = trunk.wall.grown(SERRATUS[1]) & ~trunk.wall.grown(SERRATUS[0])
    rhomboid = trunk.muscle.grown(-RHOMBOID_MM[0]) & ~trunk.muscle.grown(-RHOMBOID_MM[1])
    high = room & ~trunk.muscle.grown(-TRAPEZIUS_UPPER_MM) & Plane((0, 0, TRAPEZIUS_UPPER_Z), (0, 0, 1))
    armpit = room & ~trunk.muscle.grown(-ARMPIT_MM) & Plane((0, 0, ARMPIT_Z), (-0.3, 0, 1))
    back = common(seen_from_front(LATISSIMUS), Plane((0, 2, 0), (0, -1, 0)))
    names = [
        ("serratus_anterior", seen_from_side(SERRATUS_SIDE) & Plane((30, 0, 0), (1, 0, 0)), serratus, 0.7),
        ("pectoralis_minor", _small_pectoral(trunk, bone), on_ribs, 1.0),
        ("trapezius", seen_from_front(TRAPEZIUS) & BEHIND, under[TRAPEZIUS_MM] | high, 0.8),
        ("rhomboid", seen_from_front(RHOMBOID) & BEHIND, rhomboid & on_ribs, 0.6),
        ("supraspinatus", _above_crest(bone), beyond_serratus, 0.9),
        ("subscapularis", _before_blade(bone), beyond_serratus, 1.0),
        ("infraspinatus", _behind_blade(bone), beyond_serratus, 0.9),
        ("teres_major", bundle([(*bone.place(k), k[3]) for k in TERES_MAJOR]), beyond_serratus, 1.0),
        ("pectoralis_major", seen_from_front(PECTORALIS) & BEFORE, under[PECTORALIS_MM] & on_ribs, 1.0),
        ("deltoid", _deltoid(bone), beyond_serratus, 1.2),
        ("latissimus_dorsi", back, (under[LATISSIMUS_MM] | armpit) & on_ribs, 0.8),
    ]
    return [Muscle(name, shape, place, seam) for name, shape, place, seam in names]


def _small_pectoral(trunk: Trunk, bone: Shoulder) -> Solid:
    """From the third to fifth rib to the coracoid process, flat on the ribs."""
    angle, height, outside, radius = zip(*SMALL_PECTORAL, strict=True)
    way = [*trunk.point_mm(angle, height, outside), bone.place((126, -8, 157))]
    flat = [(0.68 * 5, 0.73 * 5, 0.0)] * 2 + [(0.8 * 4, 0.6 * 4, 0.0), (0.0, 1.0, 0.0)]
    return tube(way, [*radius, 5.0], 10.0, flat)


def _crest_plane(bone: Shoulder) -> Plane:
    """All above the spine of the scapula."""
    ends = bone.place((54, -108, 140)), bone.place((140, -76, 171))
    across = bone.place((54, -98, 142))
    a, b = ends[1] - ends[0], across - ends[0]
    normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    sign = 1.0 if normal[2] > 0 else -1.0
    return Plane([float(v) for v in ends[0]], [float(sign * v) for v in normal])


def _before_blade(bone: Shoulder) -> Solid:
    flat = bone.flat
    fossa = common(~flat.middle, flat.middle.grown(SUBSCAPULARIS_MM), flat.border.grown(1.0))
    return smooth_union(fossa, bundle([(*bone.place(k), k[3]) for k in SUBSCAPULARIS]), round_mm=8.0)


def _behind_blade(bone: Shoulder) -> Solid:
    flat = bone.flat
    fossa = common(flat.middle, ~flat.middle.grown(-INFRASPINATUS_MM), flat.border.grown(3.0), ~_crest_plane(bone))
    return smooth_union(fossa, bundle([(*bone.place(k), k[3]) for k in INFRASPINATUS]), round_mm=8.0)


def _above_crest(bone: Shoulder) -> Solid:
    flat = bone.flat
    fossa = common(flat.middle, ~flat.middle.grown(-SUPRASPINATUS_MM), flat.border.grown(3.0), _crest_plane(bone))
    return smooth_union(fossa, bundle([(*bone.place(k), k[3]) for k in SUPRASPINATUS]), round_mm=6.0)


def _deltoid(bone: Shoulder) -> Solid:
    """A cap over the head of the humerus."""
    centre, radii = DELTOID
    cap = (
        Ellipsoid([float(v) for v in bone.place(centre)], radii)
        & Plane(*DELTOID_FROM)
        & (Plane(*BEFORE_HEAD) | Plane(*BEHIND_HEAD))
    )
    ends = [bundle([(*bone.place(k), k[3]) for k in part]) for part in (DELTOID_BEFORE, DELTOID_BEHIND)]
    return smooth_union(cap, *ends, round_mm=12.0)
