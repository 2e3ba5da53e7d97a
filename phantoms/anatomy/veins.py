"""Veins: of the lungs, venae cavae and what they gather, portal and splenic vein, those of the leg."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.airways import before_spine, ridden
from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.anatomy.heart import VEIN_MOUTHS, Heart
from phantoms.anatomy.vessel_ways import STEP_MM, Bones, beside_thyroid, both_sides, radius_mm, way_tube
from phantoms.solids import Solid, smooth_union, tube, union

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
ILIAC_VEIN = {
    "right": ((18, 0, -258), (30, -13, -276), (36, -19, -290)),
    "left": ((0, 1, -256), (-18, -11, -274), (-34, -19, -290)),
}
EXTERNAL_ILIAC_VEIN = ((35, -19, -290), (43, -8, -306), (51, 18, -324), (56, 42, -340), (60, 56, -356), (62, 55, -374))
INTERNAL_ILIAC_VEIN = ((35, -19, -290), (39, -34, -308), (41, -51, -330), (42, -56, -352))
FEMORAL_VEIN = ((62, 55, -374), (65, 51, -400), (71, 43, -432), (74, 30, -480), (72, 17, -540), (68, 4, -620))
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


def pulmonary_veins(body: Body, heart: Heart) -> dict[str, Solid]:
    """The four veins between the left atrium and the hila."""
    radius = radius_mm(body, "pulmonary_vein")
    mouths = [np.array([heart.place(*point) for point in points]) for points, _ in VEIN_MOUTHS]
    return {"pulmonary_vein": union(*(tube(way, (radius * 1.15, radius)) for way in mouths))}


def caval_veins(body: Body, heart: Heart, bones: Bones) -> dict[str, Solid]:
    """Both venae cavae with what flows into them from neck, shoulders, kidneys and chest."""
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
        "superior_vena_cava": way_tube(np.concatenate([ridden(body, CAVA_TOP), heart_top]), upper),
        "inferior_vena_cava": tube(inferior, widths, STEP_MM, (0.0, 1.25, 0.0)),
        **{
            f"brachiocephalic_vein_{side}": way_tube(way, radius_mm(body, f"brachiocephalic_vein_{side}"))
            for side, way in BRACHIOCEPHALIC_VEIN.items()
        },
        **both_sides(body, "internal_jugular_vein", beside_thyroid(body, JUGULAR)),
        **both_sides(body, "subclavian_vein", SUBCLAVIAN_VEIN),
        "azygos_vein": way_tube(azygos, radius_mm(body, "azygos_vein") * np.linspace(0.5, 1.1, len(azygos))),
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


def portal_veins(body: Body) -> dict[str, Solid]:
    """Portal, splenic and superior mesenteric vein."""
    portal = way_tube(taken_along(body, PORTAL), radius_mm(body, "portal_vein"))
    splenic = taken_along(body, SPLENIC_VEIN)
    splenic = way_tube(splenic, radius_mm(body, "splenic_vein") * np.linspace(1.05, 0.8, len(splenic)))
    mesenteric = radius_mm(body, "superior_mesenteric_vein") * np.linspace(1, 0.6, len(MESENTERIC_VEIN))
    return {
        "portal_vein_and_splenic_vein": smooth_union(portal, splenic, round_mm=3),
        "superior_mesenteric_vein": way_tube(taken_along(body, MESENTERIC_VEIN), mesenteric),
    }


def leg_veins(body: Body, bones: Bones) -> dict[str, Solid]:
    """From the lower vena cava to the middle of the thighs, both sides."""
    start = before_spine(bones, *CAVA_LOW[0])
    return {
        **{
            f"iliac_vena_{side}": way_tube(np.concatenate([[start], way]), radius_mm(body, "common_iliac_vein"))
            for side, way in ILIAC_VEIN.items()
        },
        **both_sides(body, "external_iliac_vein", EXTERNAL_ILIAC_VEIN),
        **both_sides(body, "internal_iliac_vein", INTERNAL_ILIAC_VEIN, "external_iliac_vein", 0.6),
        **both_sides(body, "femoral_vein", FEMORAL_VEIN, thin=0.75),
    }
