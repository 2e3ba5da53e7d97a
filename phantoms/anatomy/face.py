"""The skeleton of the face with its air: orbits, zygomatic arches, maxilla, nose and sinuses, mandible and teeth.

Points are those of the right half, mm of the reference man: bizygomatic breadth 132 over bone, nasion to menton 122,
bigonial 105, orbits 40 by 35, maxillary sinus 15 mL (rounded from Gray's Anatomy, 41st ed., ch. 26, 31, 33). Sinuses
and mastoid cells grow with age, as do the teeth.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.body import Body
from phantoms.anatomy.cranium import both
from phantoms.solids import Ellipsoid, Plane, Solid, Tube, smooth_union, tube, union

GROWN_UP_Y = 16.0
CELLS_OF_MASTOID = 90
EYE = (32, 58.5, 366)
EYE_MM = 12.0
APEX = (15, 23, 371)
# x, y, z, radius of bars of bone
BARS = (
    ((3, 76, 383, 6), (22, 74, 387, 5), (40, 66, 386, 4.5), (50, 57, 378, 4)),
    ((50, 57, 379, 4), (50, 55, 364, 4), (49, 58, 350, 6)),
    ((47, 60, 346, 6), (38, 68, 348, 4.5), (26, 73, 352, 3.5), (15, 77, 357, 3.5), (7, 81, 372, 4)),
    ((0, 80, 380, 5), (0, 84, 370, 4), (0, 91, 360, 2.5)),
    ((9, 74, 374, 4), (10, 76, 364, 3.5)),
)
ARCH = ((48, 60, 346, 6), (57, 44, 343, 4.2), (64, 22, 345, 3.6), (65, 2, 349, 3.4), (60, -10, 351, 4))
UPPER_JAW = ((28, 26, 310, 6.5), (28, 42, 310, 6.5), (22, 60, 310, 5.5), (10, 72, 310, 5), (0, 74, 310, 5))
LOWER_RIM = (
    (48, 4, 289, 6), (45, 19, 276, 6.2), (36, 41, 269, 6.2), (21, 59, 266.5, 6.2), (8, 68, 266, 6.5), (0, 69, 266, 6.5),
)  # fmt: skip
LOWER_JAW = (
    (47, 12, 292, 5),
    (34, 28, 284, 5.5),
    (29, 42, 282, 5.5),
    (21, 59, 281, 5),
    (10, 69, 280, 4.5),
    (0, 71, 280, 4.5),
)
RAMUS = ((47, 10, 287, 15), (49, 8, 305, 15.5), (49, 6, 318, 15))
# teeth of one half jaw from the middle: place along the arch, radius, length of crown and root
TEETH = (
    (4.2, 3.4, 22),
    (11.5, 3.1, 21),
    (18.5, 3.8, 26),
    (25.5, 3.4, 22),
    (32.5, 3.4, 21),
    (41, 5, 20),
    (51, 4.9, 19),
    (60.5, 4.5, 17),
)
ERUPTED_Y = (0.7, 0.9, 1.7, 1.3, 2.3, 6.0, 12.0, 18.0)
DENTAL_ARCH = ((0, 75), (9, 72.5), (19, 63), (25, 50), (28, 36), (30, 18))
CELLS = (
    (5, 63, 372),
    (5, 52, 370),
    (5.5, 41, 370),
    (6, 31, 370),
    (8, 58, 362),
    (8, 48, 361),
    (8.5, 38, 362),
    (6, 66, 364),
)


@dataclass(frozen=True, eq=False)
class Face:
    """bone, marrow: without the mandible, whose bone and inside are mandible, spongy. orbit, eye, lens: right.

    maxillary, frontal, ethmoid, sphenoid, mastoid, ear_canal: air of the right half. nasal: the cavity with its air, on
    which turbinates and septum are painted. teeth: those that have come.
    """

    bone: Solid
    orbit: Solid
    eye: Solid
    lens: Solid
    maxillary: Solid
    frontal: Solid
    ethmoid: Solid
    sphenoid: Solid
    mastoid: Solid
    ear_canal: Solid
    nasal: Solid
    turbinates: Solid
    septum: Solid
    marrow: Solid
    mandible: Solid
    spongy: Solid
    teeth: Solid


@lru_cache(maxsize=4)
def face(body: Body) -> Face:
    """The face of a patient."""
    young = float(np.clip(1 - body.age_y / GROWN_UP_Y, 0, 1))
    orbit = _bar(((*APEX, 4), (22, 42, 369, 13), (30, 60, 366, 18.5), (36, 76, 364, 19)))
    sinus = smooth_union(Ellipsoid((31, 46, 334), (12, 17, 16)), Ellipsoid((27, 46, 343), (13, 17, 8)), round_mm=8)
    eye = smooth_union(Ellipsoid(EYE, (EYE_MM,) * 3), Ellipsoid((32, 65, 366), (7.5,) * 3), round_mm=2)
    mandible = _mandible()
    bars = [_bar(bar) for bar in (*BARS, UPPER_JAW)]
    walls = orbit.grown(2.2) & Plane((48, 66, 366), (-0.35, -1, 0.06))
    nasal = _nasal()
    half = union(
        *bars, _arch(), walls, sinus.grown(1.3), _pterygoid(), _styloid(), Ellipsoid((15, 30, 336), (4, 6, 18))
    )
    palate = Ellipsoid((0, 40, 316.5), (28, 37, 3.6))
    return Face(
        bone=union(both(half), palate, nasal.grown(1.5) & Plane((0, 74, 0), (0, -1, -0.3))),
        orbit=orbit & Plane((48, 68, 366), (-0.4, -1, 0.0)),
        eye=eye,
        lens=Ellipsoid((32, 66.6, 366), (4.6, 2.1, 4.6)),
        maxillary=sinus.grown(-9.5 * young),
        frontal=smooth_union(
            Ellipsoid((11, 75.5, 388), (9, 3.4, 9)), Ellipsoid((22, 73, 390), (8, 2.8, 6)), round_mm=5
        ).grown(-4 * young),
        ethmoid=_balls(CELLS, 5.2).grown(-2 * young) & ~orbit.grown(0.8),
        sphenoid=Ellipsoid((7, 22, 359), (7.5, 11, 8.5)).grown(-7 * young),
        mastoid=_mastoid_cells(body).grown(-3 * young),
        ear_canal=union(
            tube([(71, -13, 352), (62, -12, 353), (47, -10, 353)], (3.6, 3.2, 3.4)), Ellipsoid((44, -9, 354), (3, 5, 6))
        ),
        nasal=nasal,
        turbinates=_turbinates(),
        marrow=both(union(*bars, _arch())).grown(-2.0),
        septum=Ellipsoid((0, 52, 346), (1.3, 42, 34)),
        mandible=mandible,
        spongy=mandible.grown(-2.2),
        teeth=_teeth(body.age_y),
    )


def _bar(table) -> Solid:
    table = np.array(table, float)
    return tube(table[:, :3], table[:, 3], 6.0)


def _arch() -> Solid:
    table = np.array(ARCH, float)
    return tube(table[:, :3], table[:, 3] * 1.25, 6.0, flat=(1.7, 0, 0))


def _mandible() -> Solid:
    """Body between two bars, ramus, condyle and coronoid process of both halves."""
    ramus = np.array(RAMUS, float)
    sheet_of_bone = tube(ramus[:, :3], ramus[:, 3], 0, flat=(3.6, 0, 0))
    condyle = union(_bar(((50, -4, 318, 4), (50, -6, 332, 4.2))), Ellipsoid((50, -5, 340), (9, 4.5, 5)))
    coronoid = _bar(((48, 18, 322, 4.5), (48, 21, 336, 2.2)))
    rim, jaw = np.array(LOWER_RIM, float), np.array(LOWER_JAW, float)
    middle = (rim[:, :3] + jaw[:, :3]) / 2
    wall = tube(middle, 10.0, 6.0, flat=across(middle, 2.4))
    half = smooth_union(_bar(LOWER_RIM), _bar(LOWER_JAW), wall, sheet_of_bone, round_mm=6)
    chin = Ellipsoid((0, 71, 271), (14, 5.5, 9))
    return smooth_union(union(both(union(half, condyle, coronoid))), chin, round_mm=5)


def _pterygoid() -> Solid:
    return tube([(17, 20, 352), (19, 20, 322)], (9, 7.5), flat=(5, 0, 0))


def _styloid() -> Solid:
    return tube([(41, -8, 338), (34, 4, 308)], (2.6, 1.2))


def _nasal() -> Solid:
    """The nasal cavity of both sides with its floor on the palate and its roof at the cribriform plate."""
    low = Ellipsoid((0, 47, 333), (15, 30, 13), roundness=4)
    front = tube([(0, 70, 338), (0, 84, 336)], (11, 8), flat=(0, 0, 0))
    high = Ellipsoid((0, 49, 352), (6, 30, 23), roundness=4)
    nostril = tube([(7, 78, 330), (7.5, 90, 325), (8, 91, 314)], (7, 5.5, 4))
    return union(low, front, high, both(nostril))


def _turbinates() -> Solid:
    low = tube([(11, 26, 333), (10, 50, 333), (9.5, 70, 334)], (3.2, 4.2, 3.0), 6.0, flat=(1.5, 0, 0))
    hook = tube([(8, 28, 329), (7, 68, 330)], (2.4, 2.6))
    middle = tube([(6, 26, 346), (6, 44, 345), (6, 60, 350)], (2.6, 3.6, 2.4), 6.0, flat=(1.6, 0, 0))
    wall = Ellipsoid((17, 50, 335), (4.2, 34, 14), roundness=4)
    return both(union(low, hook, middle, wall))


def _balls(centres, radii) -> Solid:
    """Balls of air: cones of no length."""
    centres = np.array(centres, float)
    radii = np.broadcast_to(np.asarray(radii, float)[..., None] if np.ndim(radii) else radii, (len(centres), 2))
    return Tube(centres, centres + 1e-3, np.array(radii, float), np.zeros_like(centres))


def _mastoid_cells(body: Body) -> Solid:
    """Small air cells in the mastoid, larger towards the antrum."""
    dice = body.dice("mastoid")
    along = dice.uniform(0, 1, CELLS_OF_MASTOID)
    centres = np.array([56, -26, 352]) + along[:, None] * np.array([1, 1, -27])
    centres += dice.normal(0, 1, (len(along), 3)) * np.stack([5 - 3 * along, 7 - 4 * along, 3 + 0 * along], axis=-1)
    antrum = [(48, -18, 357)]
    return _balls(np.concatenate([centres, antrum]), np.append(dice.uniform(1.3, 2.7, len(along)), 5.0))


def _teeth(age_y: float) -> Solid:
    """Round cones from the crown to the tip of the root, upper and lower, of both halves; those that have come."""
    arch = np.array(DENTAL_ARCH, float)
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(arch, axis=0).T))])
    starts, ends, radii = [], [], []
    for (along, radius, tall), erupted in zip(TEETH, ERUPTED_Y, strict=True):
        if age_y < erupted:
            continue
        x, y = (np.interp(along, length, arch[:, n]) for n in (0, 1))
        for side in (-1, 1):
            for crown, root, inwards in ((299.5, 299.5 + tall - 4, 0), (291.5, 291.5 - tall + 4, 1.5)):
                starts.append((side * (x - inwards * x / 30), y - inwards, crown))
                ends.append((side * 0.93 * x, y - 2.5, root))
                radii.append((radius, 0.35 * radius))
    if not starts:
        return Ellipsoid((0, 74, 305), (0.1, 0.1, 0.1))
    return Tube(np.array(starts), np.array(ends), np.array(radii), np.zeros((len(starts), 3)))


def across(path, factor: float) -> Float[ndarray, "n 3"]:
    """Level directions across a path (n, 3), `factor` long: where a band that stands upright is thin."""
    along = np.gradient(np.asarray(path, float)[:, :2], axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    return factor * np.column_stack([-along[:, 1], along[:, 0], 0 * along[:, 0]])
