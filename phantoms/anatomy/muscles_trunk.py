"""Muscles of back and belly: erector spinae, quadratus lumborum, rectus abdominis and the three flat muscles.

Sections after Takahashi (Spine 1990) for the muscles of the back and Rankin (Muscle Nerve 2006) for the wall of the
belly: transversus 4, internal oblique 9, external oblique 7, rectus 10 mm thick in men at rest; from memory.
"""

from collections.abc import Mapping

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.muscle import Muscle, beside, bundle, fascicles, seen_from_front, within_wall
from phantoms.anatomy.trunk import Trunk
from phantoms.solids import Plane, Solid, Tube, common, tube

# height: distance from the midline, behind the middle of the vertebral bodies, half width, half depth, mm
OUTER_COLUMN = {
    -345: (20, 50, 9, 5),
    -310: (29, 46, 18, 9),
    -285: (38, 44, 26, 17),
    -250: (42, 46, 30, 22),
    -220: (43, 47, 31, 23),
    -150: (42, 46, 30, 22),
    -100: (38, 44, 27, 18),
    -50: (34, 43, 25, 15),
    20: (30, 44, 21, 12),
    120: (27, 41, 17, 11),
    180: (23, 38, 14, 11),
    260: (20, 34, 13, 12),
    315: (20, 30, 12, 11),
}
INNER_COLUMN = {
    -365: (8, 49, 6, 5),
    -330: (12, 50, 11, 8),
    -290: (15, 47, 15, 13),
    -250: (15, 46, 15, 17),
    -150: (13, 44, 13, 16),
    -80: (11, 42, 11, 14),
    0: (10, 43, 10, 12),
    120: (10, 42, 10, 13),
    200: (11, 37, 12, 14),
    280: (12, 32, 13, 14),
    318: (12, 32, 12, 12),
}
# x, distance in front of the vertebral bodies' middle, height, half width, mm
QUADRATUS = ((46, -35, -96, 11), (54, -35, -140, 17), (63, -32, -190, 20), (74, -28, -232, 22), (80, -22, -252, 16))
QUADRATUS_FLAT = (0.9, 2.0, 0.0)

# outline of the right rectus in x and z, and heights of its tendinous bands, mm
RECTUS = (
    (3, -374), (24, -378), (33, -345), (50, -290), (64, -210), (71, -150), (77, -80), (81, -20), (80, 10), (62, 18),
    (34, 12), (12, 0), (8, -40), (6, -130), (3.0, -190), (1.5, -280),
)  # fmt: skip
RECTUS_OUTSIDE_MM = 1.0
BANDS_MM = (-52.0, -102.0, -158.0)
BAND_HALF_MM = 1.3
# the flat muscles end beside the rectus, behind, at the groin and, the inner two, under the costal margin
SEMILUNAR_MM = 5.0
LINEA_ALBA_MM, LINEA_ENDS_MM = 9.0, (-370.0, -30.0)
"""Linea alba, between the two recti."""
EXTERNAL_END_Y, INNER_END_Y = -42.0, -60.0
GROIN = (118.0, 60.0, -288.0), (-0.675, 0.0, 0.738)
MARGIN = (20.0, 0.0, -28.0), (-0.70, 0.0, -0.71)
EXTERNAL_TOP_MM = 12.0
SHARES = (0.06, 0.27, 0.33, 0.64, 0.69, 1.0)
"""Where transversus, internal and external oblique begin and end between cavity and skin fat."""
RIB_MM = 10.5
"""Thickness of ribs and muscles between them, outside the cavity."""


def deep(body: Body, trunk: Trunk, bones: Mapping) -> list[Muscle]:
    """Muscles along the spine."""
    room, right = trunk.muscle.grown(-1.5), Plane((0.6, 0, 0), (1, 0, 0))
    inner, outer = (_column(bones, knots) & right for knots in (INNER_COLUMN, OUTER_COLUMN))
    return [
        Muscle("autochthon", inner, room, 0.4, streaks=fascicles((0.5, 0.7, 0.4), 9.0, body.dice("multifidus"))),
        Muscle("autochthon", outer, room, streaks=fascicles((0.8, 0.6, 0.1), 11.0, body.dice("erector_spinae"))),
        Muscle("quadratus_lumborum", quadratus(bones), room),
    ]


def _column(bones: Mapping, knots: Mapping) -> Tube:
    """A belly beside the spine, flattened from front to back."""
    heights = list(knots)
    places = [beside(bones, x, -behind, z) for z, (x, behind, *_) in knots.items()]
    wide, thick = (np.array([knots[z][n] for z in heights]) for n in (2, 3))
    flat = np.outer(np.maximum(wide / thick, 1.0), (0.12, 0.99, 0.0))
    return tube(places, wide, 12.0, flat)  # pyright: ignore[reportArgumentType]


def quadratus(bones: Mapping) -> Tube:
    """From the twelfth rib to the iliac crest."""
    knots = [(*beside(bones, x, front, z), r) for x, front, z, r in QUADRATUS]
    return bundle(knots, QUADRATUS_FLAT)


def wall(trunk: Trunk) -> list[Muscle]:
    """Rectus and, beside it, external and internal oblique and transversus, from outside to inside."""
    front = Plane((0, 15, 0), (0, 1, 0))
    rectus = common(seen_from_front(RECTUS), front, Plane((1, 0, 0), (1, 0, 0)))
    out = trunk.muscle & ~trunk.wall.grown(RECTUS_OUTSIDE_MM)
    over_ribs = out & (~trunk.wall.grown(RIB_MM) | Plane((0, 0, -70), (0, 0, -1)))
    bands = tuple(
        common(Plane((0, 0, z + BAND_HALF_MM), (0.08, 0, -1)), Plane((0, 0, z - BAND_HALF_MM), (-0.08, 0, 1)))
        for z in BANDS_MM
    )
    lateral = ~(seen_from_front(RECTUS).grown(SEMILUNAR_MM) & front) & Plane(*GROIN) & Plane((0, 0, 0), (1, 0, 0))
    external = common(lateral, Plane((0, EXTERNAL_END_Y, 0), (0, 1, 0)), Plane((0, 0, EXTERNAL_TOP_MM), (0.35, 0, -1)))
    inner = common(lateral, Plane((0, INNER_END_Y, 0), (0, 1, 0)), Plane(*MARGIN))
    a, b, c, d, e, f = within_wall(trunk, SHARES)
    return [
        Muscle("rectus_abdominis", rectus, over_ribs, 0.6, bands),
        Muscle("fascia", _linea_alba() & front, over_ribs, 0.0),
        Muscle("external_oblique", external, over_ribs & f & ~e, 0.0),
        Muscle("internal_oblique", inner, d & ~c, 0.0),
        Muscle("transversus_abdominis", inner, b & ~a, 0.0),
    ]


def _linea_alba() -> Solid:
    """Right half of the sinewy line between the two recti."""
    sides = Plane((LINEA_ALBA_MM, 0, 0), (-1, 0, 0)) & Plane((-1, 0, 0), (1, 0, 0))
    low, high = LINEA_ENDS_MM
    return common(sides, Plane((0, 0, low), (0, 0, 1)), Plane((0, 0, high), (0, 0, -1)))
