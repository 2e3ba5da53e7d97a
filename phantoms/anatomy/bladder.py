"""The urinary bladder behind the symphysis: a rounded tetrahedron that rises as it fills, and the urethra.

Its neck stays where it is, on the prostate or on the pelvic floor; the dome rises. Wall 3 mm filled, 5 mm nearly empty
(from memory, to be checked). ICRP 145: wall 49 mL, urine 192 mL.
"""

from dataclasses import dataclass

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, smooth_common, smooth_union, tube
from simdata import Subject

# the neck in men and in women; radii of the bladder of the reference man, mm
NECK_MM = {False: (0.0, 14.0, -391.0), True: (0.0, 18.0, -402.0)}
RADII_MM = (48.0, 38.5, 40.5)
# how strongly a mm of growth widens it in x, y, z: it fills upwards more than to the front
FILLS = (1.0, 0.8, 1.15)
LEAN = 0.32
"""How far the middle lies before the neck, mm per mm of height."""
# where the flat sides lie, as shares of the radii, and where they face: base (to the rectum), roof, behind the pubis
SIDES = ((0.80, (0, -0.86, -0.5)), (0.86, (0, -0.25, 0.97)), (0.88, (0, 0.8, -0.6)))
CORNER_MM = 22.0
# where the bladder narrows to its neck: x, y, z from there, radius
FUNNEL_MM, FUNNEL_ROUND_MM = ((0, 0, 4, 5.0), (0, 2, 16, 9.0)), 14.0
WALL_EMPTY_MM, WALL_FULL_MM, EMPTY_MM, FULL_MM = 5.0, 2.2, -20.0, 8.0
# from the neck down: through prostate and bulb in men, to the front of the vagina in women
URETHRA_MM = {
    False: (
        (0, 14, -391, 3.2),
        (0, 9, -408, 3.6),
        (0, 13, -424, 3.0),
        (0, 15, -436, 3.0),
        (0, 32, -444, 3.2),
        (0, 56, -438, 3.2),
    ),
    True: ((0, 18, -402, 5.0), (0, 18, -415, 5.5), (0, 23, -430, 5.5), (0, 30, -442, 4.5)),
}


@dataclass(frozen=True, eq=False)
class Bladder:
    """outer: surface of the wall. urine: what it holds. urethra: its outer surface. middle_mm, radii_mm: of `outer`."""

    outer: Solid
    urine: Solid
    urethra: Solid
    middle_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]


def bladder(body: Body) -> Bladder:
    """The bladder of one person; its fill is what the volume solver made of "urinary_bladder"."""
    grown = body.grown("urinary_bladder")
    radii = np.maximum(np.array(RADII_MM) + np.array(FILLS) * grown, 5.0)
    neck = np.array(NECK_MM[body.female])
    middle = neck + np.array([0.0, LEAN * radii[2], radii[2] * 0.96])
    whole = Ellipsoid(middle, radii)  # pyright: ignore[reportArgumentType]
    facing = [(share, np.array(side) / np.linalg.norm(side)) for share, side in SIDES]
    sides = [Plane(middle + share * radii * side, -side) for share, side in facing]  # pyright: ignore[reportArgumentType]
    funnel = tube(np.array(FUNNEL_MM)[:, :3] + neck, np.array(FUNNEL_MM)[:, 3])
    outer = smooth_union(smooth_common(whole, *sides, round_mm=CORNER_MM), funnel, round_mm=FUNNEL_ROUND_MM)
    wall = float(np.interp(grown, (EMPTY_MM, FULL_MM), (WALL_EMPTY_MM, WALL_FULL_MM)))
    passage = np.array(URETHRA_MM[body.female], float)
    return Bladder(
        outer=outer,
        urine=outer.grown(-wall),
        urethra=tube(passage[:, :3], passage[:, 3], 4.0),
        middle_mm=tuple(middle.tolist()),
        radii_mm=tuple(radii.tolist()),
    )


def layers(room: Solid, bag: Bladder) -> list[Layer]:
    """Urine within its wall, and the urethra. bag: `bladder`. room: the pelvis less its bones."""
    return [
        Layer(bag.urine & room, "urinary_bladder"),
        Layer(bag.urethra, "urethra"),
        Layer(bag.outer & room, "urinary_bladder_wall"),
    ]


def preview():
    """The bladder alone."""
    body = Body(Subject(sex="male"))
    return layers(trunk(body).cavity, bladder(body)), (0, 20, -380), (130, 130, 150), 1.5
