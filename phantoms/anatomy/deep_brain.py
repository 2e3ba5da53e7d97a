"""The depth of the brain: ventricles, corpus callosum and fornix, basal ganglia, thalamus, brain stem.

All at their stereotactic places (Talairach and Tournoux 1988), mm from the anterior commissure; ventricles 25 mL.
"""

from functools import cache

import numpy as np

from phantoms.anatomy.cranium import MAGNUM, both, sides
from phantoms.anatomy.stereotaxy import COMMISSURE, at
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, common, smooth_common, smooth_union, tube, union

BESIDE = Plane((0.6, 0, 0), (1, 0, 0))
"""What lies right of the septum pellucidum."""
# y, z of the middle of the corpus callosum, from the rostrum to the splenium, and half of what it is thick there
CALLOSUM = (
    (17, -4, 1.6), (24, -2, 3), (31, 4, 5), (30, 13, 5), (22, 20, 3.6), (6, 25, 3), (-12, 26, 2.8), (-28, 22, 3),
    (-38, 14, 4.5), (-41, 8, 5.2), (-36, 5, 3.5),
)  # fmt: skip
CALLOSUM_WIDE_MM = 14.0


@cache
def stem() -> Solid:
    """Midbrain with its peduncles, pons and medulla, down through the foramen magnum."""
    midbrain = tube(at((0, -21, -5), (0, -23, -18)), (12, 13), flat=(0, 1.3, 0))
    crus = both(tube(at((11, -13, -5), (8, -15, -19)), (5, 5.5)))
    tectum = Ellipsoid(at((0, -31, -8))[0], (8, 5, 8))
    pons = Ellipsoid((0, -14, 364), (16.5, 11.5, 13))
    peduncle = both(tube([(11, -20, 364), (19, -32, 360)], (8.5, 7)))
    medulla = tube([(0, -20, 352), (0, -23, 338), (0, MAGNUM[1] + 2, 328)], (8.5, 7, 6), 6.0, flat=(0, 1.2, 0))
    return smooth_union(midbrain, crus, tectum, pons, medulla, peduncle, round_mm=5)


@cache
def core() -> Solid:
    """White matter of the right half around nuclei and ventricle, where no sulcus reaches."""
    capsule = Ellipsoid(at((17, -2, 6))[0], (17, 34, 17))
    behind = Ellipsoid(at((24, -40, 7))[0], (9.5, 18, 11))
    beside = smooth_union(capsule, behind, round_mm=8) & Plane((1, 0, 0), (1, 0, 0))
    middle = Ellipsoid(at((0, -8, 7))[0], (12, 30, 15))
    return union(beside, middle) & Plane((0, 0, 0), (1, 0, 0))


@cache
def lateral() -> Solid:
    """The right lateral ventricle but for its inferior horn: a slit beside the septum, then under the callosum."""
    front = tube(
        at((5.5, 29, 3), (7, 22, 7), (6.5, 12, 12), (6.5, 3, 15)), (4.5, 7.5, 8.0, 7.5), 4.0, flat=(1.65, 0, -1.25)
    )
    roof = tube(
        at((7, 4, 16.5), (9.5, -12, 19), (15, -27, 17.5), (21, -36, 11)), (7, 7, 7.5, 7.5), 4.0, flat=(-0.4, 0, 1.9)
    )
    atrium = tube(at((21, -36, 11), (24, -40, 7), (27, -39, 2)), (5.5, 6.2, 5), 3.0)
    occipital = tube(at((24, -42, 7), (23, -56, 5), (20, -70, 4)), (5.5, 4, 1.2), 5.0, flat=(1.7, 0, 0.3))
    down = tube(at((27, -39, 2), (32, -33, -3)), (4.5, 3.4))
    return common(union(front, roof, atrium, occipital, down), BESIDE)


@cache
def inferior_horn() -> Solid:
    """The inferior horn of the right lateral ventricle: a slit above and beside the hippocampus."""
    return tube(at((32, -33, -3), (34, -22, -11), (32, -10, -17)), (4.6, 4.2, 3.4), 4.0, flat=(-0.9, 0, 1.6))


@cache
def third() -> Solid:
    """The third ventricle: a slit between the thalami, deeper in front."""
    return smooth_union(
        Ellipsoid(at((0, -14, 1))[0], (2.0, 12, 7)), Ellipsoid(at((0, -6, -7))[0], (1.7, 6, 7)), round_mm=2
    )


@cache
def fourth() -> Solid:
    """The fourth ventricle with the aqueduct that leads to it."""
    tent = smooth_union(Ellipsoid((0, -33.5, 362), (7, 4.5, 14)), Ellipsoid((0, -38, 364), (5, 6, 4)), round_mm=4)
    aqueduct = tube(at((0, -24, -3), (0, -31, -14), (0, -35, -24)), 0.9)
    return smooth_common(tent, ~stem().grown(-1.5), round_mm=1) | aqueduct


def plexus() -> list[Layer]:
    """The choroid plexus of both lateral ventricles."""
    strand = tube(at((8, -6, 16.5), (16, -28, 14), (22, -38, 6), (28, -38, 1)), (1.0, 1.7, 3.0, 1.8), 4.0)
    return sides(strand, "choroid_plexus")


def callosum() -> Solid:
    """The corpus callosum, as wide as it runs undivided."""
    table = np.array(CALLOSUM, float)
    path = np.column_stack([0 * table[:, 0], table[:, :2]]) + COMMISSURE
    along = np.gradient(path, axis=0)
    across = np.cross(along / np.linalg.norm(along, axis=1, keepdims=True), (1.0, 0, 0))
    radii = np.full(len(path), CALLOSUM_WIDE_MM)
    return tube(path, radii, 2.0, flat=across * (CALLOSUM_WIDE_MM / table[:, 2:]))


def nuclei() -> list[Layer]:
    """Callosum, fornix and the grey matter in the depth, each side of it a little its own."""
    fornix = tube(at((2, 3, 2), (2, -2, 12), (2.5, -18, 16), (9, -32, 12)), 1.8, 5.0)
    return [
        Layer(both(fornix), "fornix"),
        *sides(_thalamus(), "thalamus"),
        *sides(_pallidum(), "pallidum"),
        *sides(_putamen(), "putamen"),
        *sides(Ellipsoid(at((9, 9, -6))[0], (4.5, 5, 4)), "accumbens"),
        *sides(_caudate(), "caudate"),
        *sides(_hippocampus(), "hippocampus"),
        *sides(Ellipsoid(at((21.5, -1.5, -17.5))[0], (8, 7.5, 7.5)), "amygdala"),
        Layer(callosum(), "corpus_callosum"),
    ]


def _thalamus() -> Solid:
    turned = ((0.91, 0.41, 0), (-0.41, 0.91, 0), (0, 0, 1))
    front = Ellipsoid(at((9.5, -15, 7))[0], (8.2, 14.5, 10), turned)
    pulvinar = Ellipsoid(at((14, -26, 5))[0], (8.8, 7.8, 8.5))
    return smooth_union(front, pulvinar, round_mm=6) & Plane((1.6, 0, 0), (1, 0, 0))


def _caudate() -> Solid:
    tail = tube(at((13, 14, 5), (14, 4, 14), (18, -14, 19), (25, -31, 14), (32, -34, 0)), (7, 5.5, 3.2, 2.3, 1.5), 5.0)
    return smooth_union(Ellipsoid(at((12.5, 14, 5))[0], (6.5, 10, 9)), tail, round_mm=3)


def _putamen() -> Solid:
    turned = ((0.95, 0.25, 0.15), (-0.25, 0.97, 0), (-0.15, -0.04, 0.99))
    return Ellipsoid(at((25.5, 2, 2))[0], (5.8, 18.5, 12), turned)


def _pallidum() -> Solid:
    turned = ((0.9, 0.38, 0.22), (-0.39, 0.92, 0), (-0.2, -0.09, 0.98))
    return Ellipsoid(at((19.5, -3, 0))[0], (5.4, 11, 7.4), turned)


def _hippocampus() -> Solid:
    """Head with its digitations' bulge, body and tail, thicker in front."""
    return tube(
        at((23, -9, -20), (29, -15, -17), (31, -26, -10), (27, -35, -3), (18, -39, 4)), (6.8, 6.3, 5.3, 4.5, 2.6), 4.0
    )
