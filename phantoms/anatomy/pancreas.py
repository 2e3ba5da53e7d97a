"""The pancreas: head in the loop of the duodenum, uncinate process, neck, body and tail to the hilum of the spleen.

Its surface is lobulated, more so and with clefts of fat in the old (Saisho, Clin Anat 2007;20:933). Main
duct 2 to 3 mm. Volume of the reference man: 166 mL (ICRP 145, 2020).
"""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.anatomy.duodenum import duodenum
from phantoms.solids import Ellipsoid, Layer, Solid, smooth_union, tube, waves
from simdata import Subject

# x, y, z, radius: neck to tail; thinner from front to back
BODY = (
    (14, 28, -113, 13), (0, 31, -107, 13.5), (-16, 27, -101, 15.5), (-34, 14, -97, 16.5), (-52, -2, -94, 16.5),
    (-68, -13, -90, 16), (-82, -23, -84, 13.5),
)  # fmt: skip
HEAD = ((26, 23, -117, 19), (25, 21, -134, 22), (22, 20, -152, 20), (20, 21, -165, 14))
UNCINATE = ((22, 16, -146, 16), (10, 14, -149, 14), (0, 14, -148, 9))
BODY_FLAT, HEAD_FLAT, UNCINATE_FLAT = (0.55, 1.1, 0.0), (0.0, 1.3, 0.0), (0.0, 1.7, 0.3)
FILLET_MM = 8.0
# tail and body to the papilla
DUCT = (
    (-76, -19, -86), (-52, -2, -94), (-34, 14, -97), (-16, 27, -101), (2, 29, -107), (15, 25, -114), (24, 18, -124),
    (31, 14, -137),
)  # fmt: skip
DUCT_MM = 1.2
LOBULE_MM, LOBULES_APART_MM = 0.7, (7.0, 13.0)
CLEFT_MM, CLEFTS_APART_MM = 1.0, (5.0, 10.0)
OLD_Y, YOUNG_Y = 85.0, 40.0


def pancreas(body: Body) -> Solid:
    """The whole gland."""
    age = old(body)
    body_flat = np.array(BODY_FLAT) * (1 + 0.12 * age)
    parts = [
        tube(taken_along(body, np.array(knots)[:, :3]), np.array(knots)[:, 3], 6.0, flat)
        for knots, flat in ((BODY, body_flat), (HEAD, HEAD_FLAT), (UNCINATE, UNCINATE_FLAT))
    ]
    plain = smooth_union(*parts, round_mm=FILLET_MM).grown(body.grown("pancreas"))
    return plain + waves(LOBULE_MM * (1 + 0.5 * age), LOBULES_APART_MM, body.dice("pancreas"), 8)


def layers(body: Body, whole: Solid) -> list[Layer]:
    """Duct, fat between the lobules, and the gland; duodenum, veins and common bile duct belong on top.

    whole: `pancreas`.
    """
    threshold = 1.9 - 1.2 * old(body)
    clefts = waves(CLEFT_MM, CLEFTS_APART_MM, body.dice("pancreas_fat"), 8).grown(-threshold * CLEFT_MM)
    duct = tube(taken_along(body, DUCT), DUCT_MM * (1 + 0.3 * old(body)), 5.0)
    return [Layer(duct, "pancreatic_duct"), Layer(clefts & whole, "pancreas", "adipose"), Layer(whole, "pancreas")]


def old(body: Body) -> float:
    """0 up to 40 years, 1 from 85 on."""
    return float(np.clip((body.age_y - YOUNG_Y) / (OLD_Y - YOUNG_Y), 0, 1))


def preview():
    """The pancreas of the reference man in the loop of the duodenum, with the confluence of the portal vein."""
    body = Body(Subject("male", 40, 176, 73))
    portal = tube([(8, 22, -150), (6, 16, -112), (22, 9, -90)], 5.5, 6.0)
    marks = [Layer(duodenum(body), "duodenum"), Layer(portal, "portal_vein_and_splenic_vein")]
    kidney = Ellipsoid((-60, -32, -128), (25, 27, 60))
    return [*marks, *layers(body, pancreas(body)), Layer(kidney, "kidney_left")], (-15, 5, -125), (160, 100, 130), 1.5
