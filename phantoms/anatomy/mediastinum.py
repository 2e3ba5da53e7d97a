"""The mediastinum: all that parts the lungs, its grooves filled with fat; thymus, and lymph nodes along the airways.

The thymus is large in a small child (ICRP 89: 13 g in a newborn of 3.5 kg) and turns to fat: adults keep strands of it
(25 mL, ICRP 145). Nodes have short axes of 3 to 8 mm, widest below the carina (Glazer, AJR 1985;144:261).
"""

from collections.abc import Mapping

import numpy as np

from phantoms.anatomy.airways import Airways, ridden
from phantoms.anatomy.body import Body
from phantoms.anatomy.great_vessels import Vessels
from phantoms.anatomy.heart import Heart
from phantoms.anatomy.lungs import SEPTUM_X_MM
from phantoms.anatomy.vertebra import Vertebra
from phantoms.people.traits import relative_size
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, smooth_union, tube, union, waves

GROOVE_MM, MARGIN_MM, SEPTUM_MM = 10.0, 0.8, 1.0
"""Fillet of fat in the grooves (it is the wider the stouter one is), tissue outside, and between the lungs."""
STOUT = 1.2
"""Power of the relative body-mass index by which the fat of the mediastinum grows."""
SPINE_MM, ARCHES_MM = 1.0, 19.0
# fat behind the sternum and in front of the heart: x, y, z, radius
FRONT = ((0, 20, 150, 17), (-2, 36, 110, 10), (-3, 60, 60, 4), (-6, 76, 10, 5), (-8, 80, -20, 11))
# what joins heart, roots of the lungs and great vessels in the middle, and parts the apices: x, y, z, radius
CORE = (
    (-3, -14, 52, 20), (-2, -18, 78, 19), (2, -10, 100, 17), (2, -4, 125, 16), (0, -3, 150, 19), (0, -1, 166, 25),
    (0, 0, 186, 32),
)  # fmt: skip
# right lobe of the thymus, x, y, z, radius; the left one lies a bit lower
THYMUS = ((6, 26, 146, 4), (8, 34, 128, 9), (8, 40, 108, 11), (9, 47, 88, 9), (8, 54, 72, 3))
LEFT_LOBE_MM = (-17.0, 1.0, -5.0)
THYMUS_FLAT = (0.0, 1.5, 0.6)
# how much wider the thymus of the reference body is in children, mm over age
GROWN_MM = ((0, 1, 5, 10, 15, 20), (17, 14, 9, 6, 3, 0))
# share of fat in the thymus over age, as a threshold of its strands
FAT_FROM = ((10, 20, 40, 70), (9.0, 1.0, -0.6, -1.6))
STRANDS_MM = (5.0, 11.0)
# station: places, and short axis, mm
NODES = {
    "upper paratracheal": (((15, -13, 142), (15, -8, 150), (-16, -20, 138)), 4.5),
    "lower paratracheal": (((17, -16, 120), (16, -10, 114), (20, -15, 111), (-12, -22, 109)), 6.0),
    "below the arch": (((-25, -8, 109), (-30, -2, 108)), 5.0),
    "prevascular": (((-8, 22, 130), (6, 30, 122), (-24, 10, 117)), 3.8),
    "below the carina": (((5, -27, 90), (-4, -29, 86), (10, -30, 84)), 7.0),
    "beside the gullet": (((8, -36, 50), (-10, -30, -14)), 4.0),
    "hilum": (((42, -34, 84), (46, -22, 62), (-52, -28, 74), (-46, -34, 56)), 5.5),
}


def mediastinum(body: Body, heart: Heart, vessels: Vessels, airways: Airways, bones: Mapping[str, Vertebra]) -> Solid:
    """All that lies between the lungs; the lungs get the rest of the chest."""
    stout = relative_size(body.subject)[1] ** STOUT
    front, core = (np.array(knots, float) for knots in (FRONT, CORE))
    front[:, 3] *= stout
    fat = union(*(tube(ridden(body, knots[:, :3]), knots[:, 3], 10.0) for knots in (front, core)))
    parts = [heart.whole, vessels.chest, airways.whole, _spine(bones), fat | thymus(body)]
    septum = common(
        Plane((SEPTUM_X_MM - SEPTUM_MM, 0, 0), (1, 0, 0)), Plane((SEPTUM_X_MM + SEPTUM_MM, 0, 0), (-1, 0, 0))
    )
    return (smooth_union(*parts, round_mm=GROOVE_MM * stout) | (septum & Plane((0, 0, 0), (0, 1, 0)))).grown(MARGIN_MM)


def layers(body: Body, between: Solid) -> list[Layer]:
    """Nodes, thymus and fat, to lie below heart, vessels and airways; between: `mediastinum`, cut to the chest."""
    gland = thymus(body) & between.grown(-1.0)
    left = float(np.interp(body.age_y, *FAT_FROM))
    strands = waves(1.0, STRANDS_MM, body.dice("thymus"), 8).grown(left)
    return [
        Layer(nodes(body) & between, "lymph_node"),
        Layer(gland & strands, "thymus"),
        Layer(gland, "thymus", "adipose"),
        Layer(between, "mediastinum"),
    ]


def thymus(body: Body) -> Solid:
    """Two lobes before the great vessels; `body.grown("thymus")` moves their surface."""
    table = np.array(THYMUS, float)
    wider = float(np.interp(body.age_y, *GROWN_MM))
    right = tube(table[:, :3], table[:, 3], 8.0, THYMUS_FLAT)
    left = tube(table[:, :3] * (-1, 1, 1) + np.array(LEFT_LOBE_MM) + (17, 0, 0), table[:, 3], 8.0, THYMUS_FLAT)
    return smooth_union(right, left, round_mm=6).grown(wider + body.grown("thymus"))


def nodes(body: Body) -> Solid:
    """Lymph nodes: oval, half of them twice as long as wide."""
    dice = body.dice("nodes")
    found = []
    for places, short_mm in NODES.values():
        for place in ridden(body, places):
            size = 0.5 * short_mm * np.exp(dice.normal(0, 0.3))
            longer = dice.uniform(1.1, 2.0)
            middle = (place + dice.normal(0, 1.5, 3)).tolist()
            found.append(Ellipsoid(middle, (size, size * 1.15, size * longer)))
    return union(*found)


def _spine(bones: Mapping[str, Vertebra]) -> Solid:
    """Vertebral bodies with their ligaments, and the arches behind them."""
    chest = [bone for level, bone in bones.items() if level[0] in "TL" or level == "C7"]
    bodies = tube(
        [bone.place(0, 0.1 * bone.size.depth, 0) for bone in chest],
        [0.42 * bone.size.width + SPINE_MM for bone in chest],
    )
    arches = tube([bone.place(0, -bone.size.depth / 2 - 16, 0) for bone in chest], ARCHES_MM)
    return bodies | arches


def preview():
    """The chest with its lungs."""
    from phantoms.anatomy import airways, great_vessels, heart, lung_tree, lungs
    from phantoms.anatomy.diaphragm import above
    from phantoms.anatomy.spine import spine
    from phantoms.anatomy.trunk import trunk
    from phantoms.anatomy.vertebrae import vertebrae

    body = Body()
    bones, pump, wall = vertebrae(body), heart.heart(body), trunk(body)
    pipes, tubes = great_vessels.vessels(body, pump, bones), airways.airways(body, bones)
    between = mediastinum(body, pump, pipes, tubes, bones)
    over = above(body, wall, pump.fat)
    both = lungs.lungs(wall.cavity, over, between)
    column = Layer(spine(body).column, "vertebrae_T9")
    painted = [
        *airways.layers(body, tubes), *great_vessels.layers(pipes, pump), *heart.layers(pump), column,
        *lung_tree.layers(body, pump, both.grown(1) | between), *lungs.layers(body, both),
        *layers(body, common(between, wall.cavity, over)),
        Layer(wall.cavity, "visceral_fat"),
    ]  # fmt: skip
    return painted, (0, -5, 60), (280, 220, 280), 1.5
