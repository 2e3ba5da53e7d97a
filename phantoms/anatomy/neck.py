"""The neck: thyroid gland, larynx and hyoid bone, pharynx and tongue, salivary glands, muscles and carotid forks.

mm of the reference man: thyroid 22 mL, tongue 72 mL, salivary glands 85 mL (ICRP 145); cricoid at C6, hyoid at C4,
fork of the common carotid artery at z 240. The outline of the neck itself belongs to the trunk.
"""

from collections.abc import Mapping

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.cranium import both, sides
from phantoms.anatomy.face import across
from phantoms.anatomy.head import skin
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, smooth_union, tube, union

AIRWAY_Z = 206.0
TRAPEZIUS = (
    (9, -84, 354),
    (11, -70, 325),
    (15, -62, 285),
    (20, -60, 250),
    (36, -58, 222),
    (62, -54, 203),
    (86, -48, 190),
)


def layers(body: Body) -> list[Layer]:
    """The organs of the neck, to lie over its vessels; these lie over its `muscles`."""
    return [*_throat(body), Layer(thyroid(body), "thyroid_gland"), *_glands(body), *_carotids()]


def thyroid(body: Body) -> Solid:
    """Two lobes beside the trachea and an isthmus before it; `body.grown("thyroid_gland")` moves their surface."""
    axes = ((0.97, 0.26, 0.0), (-0.26, 0.97, 0.0), (0.0, 0.0, 1.0))
    lobe = smooth_union(
        Ellipsoid((18, 5, 176), (9.0, 10.9, 17.4), axes), Ellipsoid((18.5, 3, 192), (6.9, 8.9, 18.4), axes), round_mm=6
    )
    isthmus = tube([(16, 10, 173), (0, 15, 175), (-16, 10, 173)], (4, 3.2, 4), 5.0, flat=(0, 0, 0.4))
    whole = smooth_union(both(lobe), isthmus, round_mm=4).grown(body.grown("thyroid_gland"))
    return whole - airway().grown(1.5)


def airway() -> Solid:
    """Air of larynx and pharynx from the trachea up to the back of the nose."""
    larynx = tube([(0, 4, 184), (0, 7, AIRWAY_Z), (0, 10, 222)], (8.5, 8.5, 8), 6.0)
    glottis = tube([(0, 11, 222), (0, 12, 228), (0, 12, 234)], (8, 5.5, 8), 3.0, flat=(2.4, 0, 0))
    vestibule = tube([(0, 12, 236), (0, 9, 248), (0, 8, 262)], (9, 11, 13), 5.0, flat=(0, 1.7, 0))
    piriform = both(tube([(12, 4, 234), (13, 5, 250)], (3.0, 4.2)))
    throat = tube(
        [(0, 8, 262), (0, 7, 285), (0, 7, 302), (0, 11, 318), (0, 16, 330), (0, 22, 338)],
        (14, 14, 13, 12.5, 13, 12),
        6.0,
        flat=(0, 1.8, 0.3),
    )
    return union(larynx, glottis, vestibule, piriform, throat)


def _throat(body: Body) -> list[Layer]:
    """Epiglottis, soft palate and tongue in front of the air; hyoid bone and cartilages of the larynx around it."""
    age = 1.0 if body.age_y > 15 else 0.0
    hyoid = tube(
        [(20, 8, 261), (17, 22, 257), (8, 32, 255), (0, 34, 255), (-8, 32, 255), (-17, 22, 257), (-20, 8, 261)],
        (2, 2.4, 3.2, 3.8, 3.2, 2.4, 2),
        4.0,
    )
    peak = 37.0 if not body.female else 34.0
    plate = tube(
        [(17, 4, 230), (8, 24, 231), (0, peak - 3, 232)],
        (14, 13, 11),
        4.0,
        flat=across(((17, 4, 0), (8, 24, 0), (0, peak - 3, 0)), 9.0),
    )
    horns = both(tube([(18, 4, 222), (18, 3, 240), (19, 5, 256)], (2, 1.9, 1.5)))
    cricoid = common(tube([(0, 7, 206), (0, 8, 214)], 12.5), ~tube([(0, 7, 196), (0, 9, 226)], 9.5))
    signet = common(tube([(0, -3, 208), (0, -4, 220)], (9, 8), flat=(0, 2.4, 0)), ~airway().grown(1))
    epiglottis = tube([(0, 24, 243), (0, 21, 256), (0, 15, 268)], (4, 9, 8), 4.0, flat=(0, 6, 2))
    tongue = smooth_union(
        Ellipsoid((0, 34, 297), (23, 30, 17)),
        Ellipsoid((0, 24, 283), (19, 19, 25)),
        Ellipsoid((0, 54, 300), (17, 16, 7)),
        round_mm=10,
    )
    velum = tube([(0, 20, 318), (0, 10, 311), (0, 6, 297)], (13, 11, 4), 5.0, flat=(0, 1.5, 2.2))
    folds = common(Ellipsoid((0, 12, 228), (9, 11, 5)), ~tube([(0, 2, 228), (0, 26, 228)], (4, 0.8)))
    return [
        Layer(epiglottis, "laryngeal_cartilage"),
        Layer(folds, "skeletal_muscle"),
        Layer(velum, "head_muscle"),
        Layer(airway() & Plane((0, 0, AIRWAY_Z), (0, 0, 1)), "pharynx"),
        Layer(hyoid.grown(-1.3 * age), "hyoid_bone", "spongy_bone"),
        Layer(hyoid, "hyoid_bone"),
        Layer(union(both(plate & Plane((-0.6, 0, 0), (1, 0, 0))), horns, cricoid, signet), "laryngeal_cartilage"),
        Layer(smooth_union(tongue, Ellipsoid((0, 60, 280), (8, 12, 12)), round_mm=6), "tongue"),
        Layer(airway().grown(3), "head_soft_tissue"),
    ]


def _glands(body: Body) -> list[Layer]:
    """Parotid behind the ramus of the mandible and over the masseter, submandibular gland below its body."""
    grown = body.grown("salivary_gland")
    parotid = smooth_union(
        Ellipsoid((52, -12, 308), (12, 14, 27)), Ellipsoid((58.5, 10, 312), (5, 18, 19)), round_mm=8
    ).grown(grown)
    submandibular = Ellipsoid((29, 26, 268), (10.5, 16, 13), ((0.9, 0.44, 0), (-0.44, 0.9, 0), (0, 0, 1))).grown(grown)
    within = skin(body).grown(-4)
    return [*sides(parotid, "parotid_gland", within), *sides(submandibular, "submandibular_gland")]


def _carotids() -> list[Layer]:
    """Bulb, internal and external carotid artery above the fork of the common one."""
    inner = tube(
        [(25, -3, 236), (26, -6, 246), (25, -8, 270), (24, -8, 300), (25, -6, 330)], (4, 4.3, 2.9, 2.7, 2.6), 5.0
    )
    outer = tube(
        [(25, -3, 236), (25, 4, 246), (29, 8, 270), (38, 0, 300), (46, -4, 330)], (3.6, 2.8, 2.5, 2.2, 1.8), 5.0
    )
    return [*sides(inner, "internal_carotid_artery"), Layer(both(outer), "head_artery")]


def muscles(body: Body, bones: Mapping) -> list[Layer]:
    """Muscles before, beside and behind the spine; each a flat or round band from origin to insertion."""
    size = body.latent("muscle_size", 1.0)
    neck = [bones[level] for level in ("C3", "C4", "C5", "C6", "C7") if level in bones]
    long = [tuple(b.place(9, b.size.depth / 2 + 3.5, 0)) for b in neck]
    long = [
        (9, 2, 330),
        *([] if len(neck) > 3 else [(9, 4, 290)]),
        *long,
        tuple(bones["T2"].place(6, bones["T2"].size.depth / 2 + 2, 0)),
    ]
    prevertebral = tube(long, 6.0 * size, 6.0, flat=(0, 1.6, 0))
    mastoid = tube(
        [(57, -26, 330), (50, -12, 280), (43, 4, 235), (30, 21, 190), (13, 33, 152)],
        np.array((9, 14, 15, 12, 6)) * size,
        8.0,
        flat=(2.2, 0.9, 0),
    )
    clavicular = tube(
        [(48, -8, 262), (42, 5, 215), (38, 16, 175), (40, 18, 160)],
        np.array((9, 13, 11, 7)) * size,
        8.0,
        flat=(1.3, 1.9, 0),
    )
    front = tube([(24, -8, 262), (28, -6, 215), (42, 0, 181), (56, 12, 163)], np.array((5, 7.5, 5.5, 3)) * size, 8.0)
    rear = tube([(28, -16, 282), (36, -20, 225), (48, -25, 190), (61, -26, 174)], np.array((5, 10, 7, 4)) * size, 8.0)
    path = np.array(TRAPEZIUS, float)
    outwards = (path - (0, -12, 0)) * (1, 1, 0)
    outwards *= 2.8 / np.linalg.norm(outwards, axis=1, keepdims=True)
    trapezius = tube(path, np.array((6, 9, 14, 17, 17, 15, 12)) * size, 8.0, outwards)
    levator = tube([(30, -22, 315), (40, -34, 255), (60, -58, 200)], np.array((6, 9, 9)) * size, 8.0)
    splenius = tube(
        [(44, -48, 327), (36, -46, 300), (27, -48, 276)], np.array((10, 15, 11)) * size, 8.0, flat=(1.7, 0.8, 0)
    )
    semispinalis = tube([(15, -64, 324), (15, -57, 305), (15, -52, 278)], np.array((9, 13, 10)) * size, 8.0)
    straps = tube(
        [(9, 32, 252), (11, 30, 215), (13, 24, 180), (12, 30, 150)],
        np.array((5, 8, 9, 8)) * size,
        8.0,
        flat=(0, 2.4, 0),
    )
    digastric = tube([(9, 62, 268), (24, 34, 262), (42, -2, 285), (54, -24, 322)], np.array((5, 3.5, 5, 5)) * size, 8.0)
    within = trunk(body).muscle | skin(body).grown(-4)
    turner, deep, behind = mastoid | clavicular, union(levator, digastric), union(splenius, semispinalis)
    sheath = tube([(26, -5, 300), (26, -4, 240), (24, -4, 190)], (9, 11, 10), flat=(1.3, 0, 0))
    planes = union(*[band.grown(1.3) for band in (turner, trapezius, straps, front | rear, deep, behind)], sheath)
    return [
        *sides(turner, "sternocleidomastoid", within),
        *sides(front | rear, "scalene"),
        Layer(both(prevertebral), "prevertebral_muscle"),
        Layer(both(union(straps, deep)) & within, "skeletal_muscle"),
        *sides(trapezius, "trapezius", within),
        Layer(both(behind) & within, "skeletal_muscle"),
        Layer(both(planes) & within, "head_fat"),
    ]


def preview():
    """The neck with the outline of the trunk, without spine and vessels."""
    from phantoms.anatomy import head
    from phantoms.anatomy.vertebrae import vertebrae

    body = Body()
    inside = [*layers(body), *muscles(body, vertebrae(body)), *head.layers(body)]
    return [*inside, Layer(head.skin(body), "skin")], (0, -5, 235), (190, 210, 210), 1.5
