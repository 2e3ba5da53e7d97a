"""The adrenal glands: two thin limbs behind a ridge, an upright Y on the right and a lambda on the left.

Limbs 4 to 5 mm and bodies 6 to 8 mm thick (Vincent, Clin Radiol 1994;49:453). Volumes of the reference man: 7.9 mL
right, 8.9 mL left (ICRP 145, 2020).
"""

import numpy as np

from phantoms.anatomy import kidneys
from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.solids import Layer, Solid, smooth_union, tube
from simdata import Subject

# ridge: x, y, z, radius; limbs: x, y, z of the middle line, half breadth; half thickness, mm
RIGHT = {
    "ridge": ((29, -22, -63, 2.6), (31, -24, -80, 3.8), (33, -25, -99, 3.4)),
    "medial": ((28, -30, -65, 7), (29, -35, -82, 10.5), (31, -35, -102, 8.5)),
    "lateral": ((32, -29, -65, 7), (38, -34, -82, 11.5), (43, -34, -101, 8.5)),
}
LEFT = {
    "ridge": ((-31, -12, -64, 2.8), (-33, -10, -82, 4.0), (-35, -9, -101, 3.6)),
    "medial": ((-28, -20, -66, 8), (-29, -21, -84, 11.5), (-31, -18, -103, 9.5)),
    "lateral": ((-37, -19, -66, 8), (-41, -18, -84, 11.5), (-43, -14, -103, 9.5)),
}
HALF_MM = 2.8
FILLET_MM = 3.0


def adrenal(body: Body, side: str) -> Solid:
    """The gland of that side."""
    table = {name: np.array(knots, float) for name, knots in (RIGHT if side == "right" else LEFT).items()}
    ridge = table["ridge"]
    middle = ridge[1:2, :3]
    shift = (taken_along(body, middle) - middle)[0] + body.dice(f"adrenal_{side}").normal(0, (0.8, 0.8, 3), 3)
    parts: list[Solid] = [tube(ridge[:, :3] + shift, ridge[:, 3], 4.0)]
    for limb in (table["medial"], table["lateral"]):
        parts.append(_limb(limb, ridge, shift))
    return smooth_union(*parts, round_mm=FILLET_MM).grown(body.grown(f"adrenal_gland_{side}"))


def _limb(limb: np.ndarray, ridge: np.ndarray, shift: np.ndarray) -> Solid:
    """A flat tube as thick as it is told, in the plane that holds the ridge."""
    across = limb[:, :3] - ridge[:, :3]
    normal = np.cross(across, limb[-1, :3] - limb[0, :3])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return tube(limb[:, :3] + shift, limb[:, 3], 4.0, normal * limb[:, 3:] / HALF_MM)


def layers(body: Body) -> list[Layer]:
    """Both glands, over the fat around the kidneys and under liver, vessels and kidneys."""
    return [Layer(adrenal(body, side), f"adrenal_gland_{side}") for side in kidneys.SIDES]


def preview():
    """The adrenal glands on the kidneys."""
    body = Body(Subject("male", 40, 176, 73))
    return [*kidneys.layers(body), *layers(body)], (0, -25, -100), (170, 90, 110), 1.5
