"""The head around the brain: skull, face with sinuses and teeth, eyes, muscles of the jaw, fat and skin.

`skin` is what the trunk is joined with; the brain is painted on top of all this by `phantoms.anatomy.brain`.
Sizes: head 197 mm long, 153 broad, chin to vertex 232 (ICRP 89 reference man; DIN 33402-2).
"""

from functools import lru_cache

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.cranium import both, cranium, sides
from phantoms.anatomy.face import APEX, EYE, Face, face
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, smooth_common, smooth_union, tube, union

SKIN_MM = 2.0
EAR_SKIN_MM = 3.3
LID_MM, LID_RADII_MM = (32.0, 59.5, 366.0), (17.0, 14.5, 13.0)
MOUTH_MM = ((-23, 80.5, 299.6), (-12, 87.5, 299), (0, 90.5, 298), (12, 87.5, 299), (23, 80.5, 299.6))
"""Where the lips meet."""
LINE_MM = 1.3
"""Depth of the lines between lids and lips: they go along the surface and never under it."""
EAR_MM = (78.0, -24.0, 351.0)
EAR_AXES = ((0.951, 0.310, 0.0), (-0.301, 0.923, 0.24), (0.074, -0.228, 0.971))
"""Rows: out of the right ear, to the front, up."""
NAPE_MM = 297.0
"""Up to here the muscles of the back reach as one column; above they part."""


def layers(body: Body) -> list[Layer]:
    """The head without brain and skin, the topmost first; below all of it lies fat, as far as the skin reaches."""
    bones, head, inside = face(body), cranium(body), skin(body).grown(-SKIN_MM)
    return [
        *_eyes(bones),
        Layer(bones.teeth, "teeth"),
        *_air(bones),
        Layer(bones.spongy & inside.grown(-3), "mandible", "spongy_bone"),
        Layer(bones.mandible & inside.grown(-1), "mandible"),
        Layer(both(bones.orbit) & inside, "head_fat"),
        Layer((head.marrow | bones.marrow) & inside.grown(-3), "skull_diploe"),
        Layer((head.bone | bones.bone) & inside.grown(-1), "skull"),
        *_muscles(body),
        Layer(muscle() & inside, "head_muscle"),
        Layer(both(_auricle()), "head_soft_tissue", "cartilage"),
        Layer(_nape(inside), "head_muscle"),
        Layer(inside - below_jaw(), "head_fat"),
    ]


@lru_cache(maxsize=4)
def skin(body: Body) -> Solid:
    """All of the head, down to the neck."""
    cheek = Ellipsoid((33, 42, 322), (29, 33, 44))
    temple = Ellipsoid((45, 30, 362), (29, 36, 34))
    jaw = tube([(47, 4, 312), (46, 8, 290), (37, 35, 276), (21, 56, 270), (0, 67, 269)], (19, 18, 16, 15.5, 15.5), 10.0)
    behind = tube([(57, -24, 344), (52, -14, 304)], (15, 16))
    middle = Ellipsoid((0, 48, 338), (46, 31, 38))
    mouth = Ellipsoid((0, 56, 306), (32, 34, 30))
    lips = union(
        tube([(-21, 77, 301), (0, 87, 302.5), (21, 77, 301)], (3, 6, 3), 8.0),
        tube([(-20, 77, 297), (0, 85, 293), (20, 77, 297)], (3, 6, 3), 8.0),
    )
    nose = smooth_union(
        tube([(0, 78, 377), (0, 83, 357), (0, 87, 338)], (7.5, 9.5, 12), 8.0),
        Ellipsoid((0, 95, 331), (9, 10.5, 8.5)),
        both(Ellipsoid((10.5, 88, 327.5), (7, 10, 7.5))),
        round_mm=6,
    )
    brow = tube(
        [(-48, 58, 381), (-36, 68, 385), (-18, 75, 386), (0, 77, 383), (18, 75, 386), (36, 68, 385), (48, 58, 381)],
        (5, 7, 8, 8, 8, 7, 5), 8.0,
    )  # fmt: skip
    lids = Ellipsoid(LID_MM, LID_RADII_MM)
    throat = Ellipsoid((0, 18, 290), (46, 48, 40))
    neck = tube([(0, -16, 352), (0, -13, 300), (0, -10, 262)], (62, 55, 50))
    whole = smooth_union(
        cranium(body).scalp,
        both(temple),
        both(cheek),
        both(jaw),
        both(behind),
        middle,
        mouth,
        throat,
        neck,
        brow,
        round_mm=16,
    )
    lower = smooth_union(smooth_union(whole, nose, round_mm=8), both(lids), round_mm=5)
    face = smooth_union(lower, lips, round_mm=5)
    lines = union(both(_slits()), tube(MOUTH_MM, 1.3, 6.0)) - face.grown(-LINE_MM)
    return (face - lines) | both(_ear())


@lru_cache(maxsize=1)
def muscle() -> Solid:
    """Muscles of expression, floor of the mouth and upper pharynx: what is not fat below the skin of the face."""
    lips = smooth_union(
        tube([(-22, 75, 300), (0, 82, 303), (22, 75, 300)], (4, 6, 4), 8.0),
        tube([(-22, 75, 297), (0, 80, 290), (22, 75, 297)], (4, 6.5, 4), 8.0),
        round_mm=4,
    )
    cheek = tube([(34, 22, 304), (33, 46, 300), (24, 70, 299)], (14, 14, 8), 8.0, flat=(3, 1, 0))
    floor = tube([(0, 66, 272), (0, 40, 272), (0, 28, 266)], (10, 22, 20), 8.0, flat=(0, 0, 1.8))
    pharynx = Ellipsoid((0, 14, 310), (21, 12, 40))
    frown = tube([(-40, 72, 390), (0, 84, 390), (40, 72, 390)], 2.5, 8.0)
    return union(lips, both(cheek), floor, pharynx, frown)


def below_jaw() -> Solid:
    """All below the plane from the nape to the chin: there the neck fills the skin as the outline of the trunk says."""
    return Plane((0, -10, 296), (0, -0.6, -1))


def _nape(inside: Solid) -> Solid:
    """Muscles behind the jaw and below the skull, down to where those of the neck go on."""
    fat = tube([(27, 6, 338), (29, 4, 300)], (8, 7), flat=(1.4, 0, 0))
    ends = Plane((0, 0, 336), (0, 0.08, -1)), Plane((0, -10, NAPE_MM), (0, 0.1, 1))
    return common(inside.grown(-6), *ends, Plane((0, 14, 300), (0, -1, -0.3))) - both(fat)


def _auricle() -> Solid:
    """The right ear: a plate that stands off behind, with its hollow in front, open to the side."""
    return smooth_common(_auricle_plate(), ~Ellipsoid((83, -15, 348), (7, 7, 11)), round_mm=2)


def _auricle_plate() -> Ellipsoid:
    return Ellipsoid(EAR_MM, (4, 16, 30), EAR_AXES)


def _slits() -> Solid:
    """Where the closed lids of the right eye meet, and the fold of the upper one."""
    x = np.linspace(-13.5, 13.5, 10)
    lines = [(4.0 * (x / 13.5) ** 2 - 4.5, 1.4), (5.5 - 3.5 * (x / 13.5) ** 2, 0.9)]
    ways = []
    for z, radius in lines:
        y = LID_RADII_MM[1] * np.sqrt(1 - (x / LID_RADII_MM[0]) ** 2 - (z / LID_RADII_MM[2]) ** 2)
        ways.append(tube(np.stack([x, y, z], axis=-1) + LID_MM, radius, 4.0))
    return union(*ways)


def _ear() -> Solid:
    """The skin of the right ear: the rim of the helix, the groove within it, the ridge, the concha and the lobe."""
    axes = np.array(EAR_AXES)
    middle = np.array(EAR_MM)

    def at(points) -> np.ndarray:
        return middle + np.asarray(points, float) @ axes

    plate = _auricle_plate().grown(EAR_SKIN_MM)
    turn = np.radians(np.arange(-20, 216, 12.0))
    groove = at(np.stack([6.0 + 0 * turn, -12.0 * np.sin(turn + 0.35), 23.0 * np.cos(turn + 0.35)], axis=-1))
    concha = Ellipsoid(at([(7.5, 3.5, -3)])[0], (6.5, 8.5, 12.5), axes)
    lobe = Ellipsoid(at([(0.5, 3, -27)])[0], (5, 9, 9), axes)
    tragus = Ellipsoid(at([(3.5, 13.5, -5)])[0], (3.5, 4, 5.5), axes)
    return union((plate | lobe) - union(tube(groove, 2.6, 4.0), concha), tragus)


def _eyes(bones: Face) -> list[Layer]:
    nerve = tube(
        [(31, 48, 366), (23, 36, 369), (APEX[0], APEX[1], APEX[2]), (8, 14, 377), (0, 9, 381)],
        (2.2, 2.0, 2.0, 1.9, 2.0),
        5.0,
    )
    x, y, z = EYE
    lines = [
        ((x + dx, y + 1, z + dz), ((x + dx) * 0.75 + 4, 44, z + 0.75 * dz + 1), APEX)
        for dx, dz in ((12, 0), (-11.5, 0), (0, 12), (0, -12))
    ]
    straps = union(*[tube(line, (1.4, 2.4, 1.2), 6.0) for line in lines])
    return [
        *sides(bones.lens, "lens"),
        *sides(bones.eye, "eye"),
        Layer(both(nerve), "optic_nerve"),
        Layer(both(straps), "extraocular_muscle"),
    ]


def _air(bones: Face) -> list[Layer]:
    hollow = bones.nasal
    return [
        *sides(bones.maxillary, "maxillary_sinus"),
        *sides(bones.frontal, "frontal_sinus"),
        *sides(bones.ethmoid, "ethmoid_cells"),
        *sides(bones.mastoid, "mastoid_cells"),
        Layer(both(bones.sphenoid), "sphenoid_sinus"),
        Layer(both(bones.ear_canal), "head_air"),
        Layer(common(union(bones.turbinates, bones.septum), hollow), "nasal_mucosa"),
        Layer(hollow, "nasal_cavity"),
    ]


def _muscles(body: Body) -> list[Layer]:
    """Masseter, temporalis and pterygoids."""
    size, inside = body.latent("muscle_size", 1.0), skin(body).grown(-4)
    masseter = tube(
        [(57, 40, 340), (55, 22, 312), (51, 10, 288)], (13 * size, 16 * size, 13 * size), 6.0, flat=(2.2, 0.6, 0)
    )
    fan = Ellipsoid((62, 14, 384), (9 * size, 46, 46))
    temporalis = union(
        common(fan, cranium(body).scalp.grown(-3)), tube([(54, 24, 362), (50, 21, 338)], (12, 6), flat=(1.4, 0, 0))
    )
    medial = tube([(22, 20, 342), (40, 10, 292)], (9, 8), flat=(1.5, 0, 0))
    lateral = tube([(24, 24, 344), (45, -2, 338)], (9, 6))
    return [
        *sides(masseter, "masseter", inside),
        *sides(temporalis, "temporalis", inside),
        *sides(union(medial, lateral), "pterygoid"),
    ]


def preview():
    """Head, brain and neck with skin."""
    from phantoms.anatomy import brain, neck
    from phantoms.anatomy.vertebrae import vertebrae

    body = Body()
    throat = [*neck.layers(body), *neck.muscles(body, vertebrae(body))]
    inside = [*brain.layers(body), *throat, *layers(body)]
    return [*inside, Layer(skin(body), "skin")], (0, 0, 365), (170, 240, 250), 1.5
