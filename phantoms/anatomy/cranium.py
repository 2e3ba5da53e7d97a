"""The cranial cavity that holds the brain, and the bone around it: vault, base with three fossae, petrous pyramids.

The inside is a vault of rounded shapes over one height field, the base: anterior fossa with the roofs of the orbits,
middle fossa, sella, clivus, petrous ridges and posterior fossa. mm of the reference man, whose head is 197 mm long,
153 mm broad (skin) and holds 1.6 L; vault 6 to 7 mm thick. Landmarks after Gray's Anatomy, 41st ed., chapters 26-27.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.solids import (
    Ellipsoid,
    Layer,
    Plane,
    Sheet,
    Solid,
    common,
    sheet,
    smooth_common,
    smooth_union,
    tube,
    union,
    waves,
)

BONE_MM = 6.5
SCALP_MM = 4.8
# centre and radii of the rounded shapes of the vault (inner table); x mirrored where it is not 0
VAULT = (
    ((0, -22, 404), (64.7, 76.7, 69.2)),
    ((0, 18, 402), (53.7, 53.7, 62.7)),
    ((23, -58, 362), (33.7, 36.7, 36.5)),
)
# the middle fossa: back, front
TEMPORAL = ((36, -28, 376, 25), (31, 17, 373, 23))
# the base in the midline: y, z of cribriform plate, sella, dorsum, clivus, margin of the foramen magnum, occiput
MIDLINE = (
    (80, 378), (66, 377), (48, 376), (30, 378), (25, 377), (22, 369), (15, 368), (13, 376), (10, 376), (-9, 335),
    (-44, 333), (-70, 340), (-100, 364),
)  # fmt: skip
MAGNUM = (0, -26, 15, 17.5)
RIDGE_Z = 366.0
EDGE_MM = 9.0
"""How far the rounding of the edge between vault and base reaches."""
# where the squamous part of the temporal bone is half as thick as the vault
TEMPLE, TEMPLE_MM = (66, 10, 368), (24, 34, 24)


@dataclass(frozen=True, eq=False)
class Cranium:
    """cavity: inside of the dura. vault: the same without a base. bone: skull around it. tentorium: all above it.

    marrow: spongy bone of vault and clivus. scalp: the vault out to the skin.
    """

    cavity: Solid
    vault: Solid
    base: Sheet
    bone: Solid
    marrow: Solid
    tentorium: Sheet
    scalp: Solid


@lru_cache(maxsize=4)
def cranium(body: Body) -> Cranium:
    """The cranium of a patient; it is as much larger as the brain in it."""
    lobes = [Ellipsoid(centre, radii) for centre, radii in VAULT]
    lobes += [Ellipsoid((-c[0], *c[1:]), r) for c, r in VAULT if c[0]]
    table = np.array(TEMPORAL, float)
    middle = tube(table[:, :3], table[:, 3])
    vault = smooth_union(*lobes, middle, middle.mirrored(), round_mm=14).grown(body.grown("brain"))
    base = sheet(base_mm, (-81, 81), (-111, 90), 3.0)
    cavity = smooth_common(vault, base, round_mm=EDGE_MM) | _magnum() | both(_meatus())
    bone_mm = body.latent("skull_mm", BONE_MM)
    rough = waves(0.5, (30, 60), body.dice("skull"))
    thin = both(Ellipsoid(TEMPLE, TEMPLE_MM))
    shell = smooth_common(
        vault.grown(0.5 * bone_mm) | smooth_common(vault.grown(bone_mm) + rough, ~thin, round_mm=9),
        base.grown(0.9 * bone_mm),
        round_mm=EDGE_MM,
    )
    petrous = both(_petrous().grown(4.0))
    marrow = common(shell.grown(-1.5), ~cavity.grown(1.5), Plane((0, 0, 356), (0, -0.4, 1))) - petrous
    return Cranium(
        cavity=cavity,
        vault=vault,
        base=base,
        bone=(shell | _base_bones()) - _magnum(),
        marrow=marrow | _clivus().grown(-1.8),
        tentorium=sheet(tentorium_mm, (-81, 81), (-111, 60), 3.0),
        scalp=vault.grown(bone_mm + SCALP_MM),
    )


def base_mm(x, y):
    """Height of the inner surface of the skull base at (x, y)."""
    side = np.abs(x)
    wing = 13 + 0.45 * side - 0.05 * np.clip(side - 36, 0, None) ** 2
    ridge = 15 - 0.8 * side
    front = _step(y - wing)
    back = (1 - front) * _step(ridge - y)
    anterior = 381 + 5 * np.exp(-(((side - 28) / 13) ** 2) - ((y - 45) / 22) ** 2)
    middle = 349 + 0.012 * (side - 42) ** 2
    floor = (
        front * anterior
        + (1 - front - back) * middle
        + back * (328 + 0.007 * side**2 + 0.0085 * np.minimum(y + 40, 0) ** 2)
    )
    beside = (y - ridge) * 0.78
    pyramid = RIDGE_Z - np.where(beside > 0, 0.9 * beside, -2.4 * beside) - 1.5 * np.clip(side - 52, 0, None)
    floor = np.where(side > 8, np.maximum(floor, np.where(pyramid > 335, pyramid, 0)), floor)
    knots = np.array(MIDLINE[::-1], float)
    middle_line = np.interp(y, knots[:, 0], knots[:, 1])
    centre = _step(11 - side) + 0 * y
    return centre * middle_line + (1 - centre) * floor


def tentorium_mm(x, y):
    """Height of the tentorium: a tent from the petrous ridges up to its notch, down to the transverse sinuses."""
    side = np.abs(x)
    tent = 388 + 0.26 * (y + 30) - 17 * (side / 50) ** 1.4
    before = y - (15 - 0.8 * side)
    return np.minimum(tent, RIDGE_Z + 2 - np.where(before > 0, 2.5, 1.1) * before)


def both(solid: Solid) -> Solid:
    """A solid of the right side and its mirror image."""
    return solid | solid.mirrored()


def sides(solid: Solid, name: str, within: Solid | None = None) -> list[Layer]:
    """A solid of the right side as `name`_right and its mirror image as `name`_left, both cut by `within`."""
    pair = {"right": solid, "left": solid.mirrored()}
    return [Layer(half & within if within else half, f"{name}_{side}") for side, half in pair.items()]


def _magnum() -> Solid:
    """What passes through the foramen magnum."""
    x, y, across, along = MAGNUM
    hole = tube([(x, y, 346), (x, y + 1, 318)], along, flat=(along / across, 0, 0))
    return hole & Plane((0, 0, 330), (0, 0, 1))


def _base_bones() -> Solid:
    """Petrous pyramids with mastoids, body of the sphenoid, clivus and condyles: the bone below the base."""
    mastoid = tube([(57, -27, 346), (55, -22, 322)], (13, 8))
    condyle = tube([(18, -22, 328), (14, -6, 332)], (6, 5))
    return union(both(union(_petrous(), mastoid, condyle)), _clivus(), Ellipsoid((0, 20, 359), (17, 18, 15)))


def _petrous() -> Solid:
    """The right pyramid: the densest bone of the body."""
    return tube([(56, -27, 346), (38, -12, 350), (15, 6, 355)], (13, 11, 7))


def _meatus() -> Solid:
    """The right internal acoustic meatus, full of fluid."""
    return tube([(18, -9, 355), (25, -10, 355), (33, -11, 355.5)], (3.6, 2.6, 2.2))


def _clivus() -> Solid:
    return tube([(0, 9, 364), (0, -3, 339)], (10, 6.5), flat=(0, 1.0, 0.6))


def _step(mm):
    """0 below, 1 above, over a few mm."""
    return 1 / (1 + np.exp(-mm / 1.5))
