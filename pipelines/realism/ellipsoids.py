"""The torso of ellipsoids and cylinders that the field has used since 1969, drawn here only to be compared with.

MIRD Pamphlet 5 as in ORNL/TM-8381 (Cristy and Eckerman 1987) and Geant4's human_phantom, from memory, to be checked:
cm, x to the left, y backwards, z up from the base of the trunk; soft tissue of 1.04 g/mL is muscle here.
"""

import numpy as np

from phantoms.solids import Ellipsoid, Layer, Plane, Solid, draw
from simdata.grid import Grid
from simdata.scene import Scene

LONG = 1e5
DIAPHRAGM_CM = 44.0
"""Height of the base of the lungs, where T9 is in people."""
WIDTH_MM = (420.0, 220.0)
LOWEST_CM, HIGHEST_CM = 0.0, 70.0
TRUNK_CM, SKIN_CM = (20.0, 10.0), 0.2
RIB_FIRST_CM, RIB_HIGH_CM, RIB_PITCH_CM, RIBS = 35.1, 1.4, 2.8, 12
RIB_OUTER_CM, RIB_INNER_CM = (17.0, 9.8), (16.5, 9.3)
# structure: centre, half axes
ELLIPSOIDS_CM = {
    "kidney_left": ((6, 6, 32.5), (4.5, 1.5, 5.5)),
    "kidney_right": ((-6, 6, 32.5), (4.5, 1.5, 5.5)),
    "spleen": ((11, 3, 37), (3.5, 2, 6)),
    "stomach": ((8, -4, 35), (4, 3, 8)),
    "urinary_bladder": ((0, -4.5, 8), (4.958, 3.458, 3.458)),
}
HEART_CM, HEART_AXIS = ((0, -3, 50.3), (4, 4, 7)), (0.6, -0.45, -0.66)
"""Centre and half axes; direction of the long axis, to the left, forwards and down."""
LUNG_CM = ((8.5, 0, 43.5), (5, 7.5, 24))
LIVER_CM, LIVER_PLANE_CM, LIVER_HIGH_CM = (14.19, 7.84), (35, 45, 43), (27, 43)
PANCREAS_CM = ((0, 0, 37), (15, 1, 3))
SPINE_CM, SPINE_HALF_CM = (0, 5.5), (2, 2.5)


def ellipsoid_torso(voxel_mm: float, slice_mm: float, slices: int) -> tuple[Scene, float]:
    """The torso, evenly thinned to so many slices, which lie side by side in the scene; and how far apart they are, mm.

    A CT takes slice by slice, so every slice is scanned as it would be in the whole.
    """
    heights_mm = 10 * (np.array([LOWEST_CM, HIGHEST_CM]) - DIAPHRAGM_CM)
    step_mm = max(float(np.ptp(heights_mm)) / slices, slice_mm)
    wide, deep = (int(np.ceil(size / voxel_mm)) for size in WIDTH_MM)
    count = int(np.ptp(heights_mm) // step_mm)
    middle = (0.0, 0.0, float(heights_mm.mean()))
    drawn = draw(_layers(), Grid.regular((wide, deep, count), (voxel_mm, voxel_mm, step_mm), middle))
    grid = Grid.regular((wide, deep, count), (voxel_mm, voxel_mm, slice_mm), middle)
    return Scene(grid, drawn.labels, drawn.tissue), step_mm


def _layers() -> list[Layer]:
    """The topmost first."""
    trunk = _cylinder((0, 0), TRUNK_CM) & _between(LOWEST_CM, HIGHEST_CM)
    organs = [Layer(_ellipsoid(*where), name) for name, where in ELLIPSOIDS_CM.items()]
    return [
        Layer(~trunk, ""),
        Layer(_cylinder(SPINE_CM, SPINE_HALF_CM) & _between(22, HIGHEST_CM), "vertebrae_T9"),
        Layer(_ribs(), "rib_left_6"),
        Layer(_heart(), "heart"),
        *organs,
        Layer(_ellipsoid(*PANCREAS_CM) & _plane((0, 0, 37), (0, 0, 1)) & _plane((0, 0, 37), (1, 0, 0)), "pancreas"),
        Layer(_liver(), "liver"),
        *[Layer(_lung(side), f"lung_upper_lobe_{name}") for side, name in ((1, "left"), (-1, "right"))],
        Layer(trunk.grown(-10 * SKIN_CM), "soft_tissue"),
        Layer(trunk, "skin"),
    ]


def _ribs() -> Solid:
    """Bands between two elliptic cylinders."""
    shell = _cylinder((0, 0), RIB_OUTER_CM) - _cylinder((0, 0), RIB_INNER_CM)
    bands = None
    for number in range(RIBS):
        low = RIB_FIRST_CM + number * RIB_PITCH_CM
        band = _between(low, low + RIB_HIGH_CM)
        bands = band if bands is None else bands | band
    assert bands is not None
    return shell & bands


def _heart() -> Solid:
    along = _to_ras(np.array(HEART_AXIS)) / np.linalg.norm(HEART_AXIS)
    across = np.cross(along, (0, 0, 1))
    across /= np.linalg.norm(across)
    (centre, half_axes) = HEART_CM
    axes = np.stack([across, np.cross(along, across), along])
    return Ellipsoid(_place_mm(centre), 10 * np.array(half_axes), axes)  # pyright: ignore[reportArgumentType]


def _lung(side: int) -> Solid:
    (x, y, z), half_axes = LUNG_CM
    return _ellipsoid((side * x, y, z), half_axes) & _plane((0, 0, z), (0, 0, 1))


def _liver() -> Solid:
    """Of the cylinder what lies above the oblique plane x/a + y/b - z/c = -1."""
    a, b, c = LIVER_PLANE_CM
    normal = np.array([-1 / a, -1 / b, 1 / c])
    return _cylinder((0, 0), LIVER_CM) & _between(*LIVER_HIGH_CM) & _plane((0, 0, c), normal)


def _ellipsoid(centre_cm, half_axes_cm) -> Solid:
    return Ellipsoid(_place_mm(centre_cm), 10 * np.array(half_axes_cm, float))  # pyright: ignore[reportArgumentType]


def _cylinder(centre_cm, half_axes_cm) -> Solid:
    return Ellipsoid(_place_mm((*centre_cm, DIAPHRAGM_CM)), (*(10.0 * r for r in half_axes_cm), LONG))  # pyright: ignore[reportArgumentType]


def _between(low_cm: float, high_cm: float) -> Solid:
    return _plane((0, 0, low_cm), (0, 0, 1)) & _plane((0, 0, high_cm), (0, 0, -1))


def _plane(point_cm, normal) -> Solid:
    return Plane(_place_mm(point_cm), _to_ras(np.array(normal, float)))  # pyright: ignore[reportArgumentType]


def _place_mm(place_cm) -> np.ndarray:
    return 10 * _to_ras(np.array(place_cm, float) - (0, 0, DIAPHRAGM_CM))


def _to_ras(vector: np.ndarray) -> np.ndarray:
    return vector * (-1, -1, 1)
