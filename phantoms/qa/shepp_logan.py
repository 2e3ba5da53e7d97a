"""The head of Shepp and Logan in three dimensions: ten ellipsoids, known in closed form for X-rays and for k-space."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le
from numpy.random import Generator

from phantoms.qa.ellipsoids import Ellipsoid, added_up
from phantoms.qa.inserts import Millimetres, Voxels
from simdata import Grid, Phantom, Scene

KAK_SLANEY = (
    ("skull", 2.0, (0.0, 0.0, 0.0), (0.69, 0.92, 0.9), 0.0),
    ("brain", -0.98, (0.0, 0.0, 0.0), (0.6624, 0.874, 0.88), 0.0),
    ("ventricle_left", -0.02, (-0.22, 0.0, -0.25), (0.41, 0.16, 0.21), 108.0),
    ("ventricle_right", -0.02, (0.22, 0.0, -0.25), (0.31, 0.11, 0.22), 72.0),
    ("front", 0.02, (0.0, 0.35, -0.25), (0.21, 0.25, 0.5), 0.0),
    ("tumour_1", 0.02, (0.0, 0.1, -0.25), (0.046, 0.046, 0.046), 0.0),
    ("tumour_2", 0.01, (-0.08, -0.65, -0.25), (0.046, 0.023, 0.02), 0.0),
    ("tumour_3", 0.01, (0.06, -0.65, -0.25), (0.046, 0.023, 0.02), 90.0),
    ("tumour_4", 0.02, (0.06, -0.105, 0.625), (0.056, 0.04, 0.1), 90.0),
    ("tumour_5", -0.02, (0.0, 0.1, 0.625), (0.056, 0.056, 0.1), 0.0),
)
"""Name, what it adds relative to water, centre, half axes (of a head of half length 1), turn about z in degrees.

Kak and Slaney 1988, Principles of Computerized Tomographic Imaging, p. 102, as Koay et al. 2007 take it; names ours.
"""


@dataclass(frozen=True, kw_only=True)
class SheppLogan3D(Phantom):
    """A head whose CT is 1000 HU of skull, 20 of brain, 0 of ventricles, 40 and less of what else is in it.

    half_length_mm: what is 1 in the table; the head is 0.92 of it from the middle to the forehead. contrast: times the
    differences within the skull; 1 is the original, 10 is easy to see. centre_mm: of the grid; the slice through the
    ventricles lies at -0.25 of half_length_mm. `ellipsoids()` is the same head for `line_integrals` and `kspace` of
    `phantoms.qa.ellipsoids`.
    """

    half_length_mm: Annotated[float, Gt(0)] = 100.0
    contrast: Annotated[float, Gt(0), Le(20)] = 1.0
    voxel_mm: Annotated[float, Gt(0)] = 1.0
    shape: tuple[Voxels, Voxels, Voxels] = (160, 200, 192)
    centre_mm: Millimetres = (0.0, 0.0, 0.0)

    def ellipsoids(self) -> tuple[Ellipsoid, ...]:
        """Ten, the skull first."""
        return tuple(
            Ellipsoid(
                name=name,
                value=value * (self.contrast if abs(value) < 0.5 else 1),
                centre_mm=(x * self.half_length_mm, y * self.half_length_mm, z * self.half_length_mm),
                half_axes_mm=(a * self.half_length_mm, b * self.half_length_mm, c * self.half_length_mm),
                turned_deg=(turned_deg, 0.0, 0.0),
            )
            for name, value, (x, y, z), (a, b, c), turned_deg in KAK_SLANEY
        )

    def __call__(self, rng: Generator) -> Scene:
        names = [name for name, *_ in KAK_SLANEY]
        return added_up(self.ellipsoids(), names, Grid.regular(self.shape, self.voxel_mm, self.centre_mm))
