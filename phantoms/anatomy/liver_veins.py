"""Inside the liver: hepatic veins to the cava, and branches of the portal vein from the hilum."""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.anatomy.vessel_ways import radius_mm, way_tube
from phantoms.solids import Layer, Solid, union

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


def in_liver(body: Body, liver: Solid) -> list[Layer]:
    """Hepatic veins and branches of the portal vein inside the liver."""
    thick, thin = radius_mm(body, "hepatic_vein"), HEPATIC_VEIN_THINS
    veins = [way_tube(taken_along(body, way), np.linspace(thick, thin * thick, len(way))) for way in HEPATIC_VEINS]
    size = radius_mm(body, "portal_vein") / radius_mm(Body(), "portal_vein")
    first, second, last = (size * radius for radius in PORTAL_BRANCH_MM)
    ends = [(first, second if n == 0 else last) if n in (0, 5) else (second, last) for n in range(len(PORTAL_BRANCHES))]
    branches = [
        way_tube(taken_along(body, way), np.linspace(a, b, len(way)))
        for way, (a, b) in zip(PORTAL_BRANCHES, ends, strict=True)
    ]
    inside = liver.grown(-1.0)
    return [Layer(union(*branches) & inside, "portal_vein_branch"), Layer(union(*veins) & inside, "hepatic_vein")]
