"""A solid nodule in an organ: a lobulated ball of tumour with the volume of a sphere of its diameter."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.room import box_around, entry, host_of, host_structure, measured, place, smooth_noise, spoken
from simdata.errors import RecipeError, did_you_mean
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import tissues

NODULE_SNOMED = "27925004"
"""SNOMED-CT: Nodule (DICOM PS3.16, CID 7159)."""
ROUGHEST = 0.25
"""Standard deviation of ln(radius) over the surface at irregularity 1."""
REACH = 2.5
"""Radii around the centre in which the nodule lies for certain (3.6 deviations of the roughest surface)."""


@dataclass(frozen=True, kw_only=True)
class Nodule(Growth):
    """A solid nodule of `diameter_mm` (of the sphere of equal volume) in the structure of that name.

    Its radius in direction d is r(d) = r0 exp(0.25 irregularity g(d)), g a smooth noise of mean 0 and variance 1; r0 is
    solved so that its voxels, which all lie in the structure, have the volume pi d^3 / 6, and at least one voxel.
    centre_mm: RAS+ mm, or None for a random place in which the sphere fits. tissue: a name in simdata/tissues.csv.
    Raises SceneError if the patient has no such structure, or the sphere does not fit into it.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(2), Le(100)] = 15.0
    centre_mm: tuple[float, float, float] | None = None
    irregularity: Annotated[float, Ge(0), Le(1)] = 0.3
    tissue: str = "tumour"

    def __post_init__(self) -> None:
        if self.tissue not in tissues():
            raise RecipeError(f"Nodule.tissue: found '{self.tissue}'; {did_you_mean(self.tissue, tissues())}")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Nodule")
        centre_mm = place(host, scene.grid, self.diameter_mm, self.centre_mm, rng, "Nodule", self.structure)

        mask = _lump(host, scene.grid, centre_mm, self.diameter_mm, ROUGHEST * self.irregularity, rng)

        nodule = entry(scene, self.structure, "nodule", self.tissue, NODULE_SNOMED, "Nodule")
        text = f"{self.diameter_mm:.0f} mm nodule in the {spoken(host_structure(scene, self.structure))}"
        finding = measured(np.argwhere(mask), scene.grid, "nodule", nodule.id, self.structure, text)
        return replace(scene.paint(mask, nodule), findings=(*scene.findings, finding))


def _lump(
    host: Bool[ndarray, "x y z"],
    grid: Grid,
    centre_mm: Float[ndarray, " 3"],
    diameter_mm: float,
    roughness: float,
    rng: Generator,
) -> Bool[ndarray, "x y z"]:
    """The host's voxels nearest to the centre, each distance measured in radii of its own direction."""
    box = box_around(grid, centre_mm, REACH * diameter_mm / 2)
    voxels = np.argwhere(host[box]) + [side.start for side in box]
    offset = (grid.world_mm(voxels) - centre_mm).astype(np.float32)
    distance = np.linalg.norm(offset, axis=1)
    direction = offset / np.maximum(distance, np.finfo(np.float32).tiny)[:, None]
    radii = distance / np.exp(roughness * smooth_noise(direction, rng))

    wanted = max(1, round(np.pi / 6 * diameter_mm**3 / grid.voxel_mm3))
    nearest = voxels[np.argsort(radii, kind="stable")[:wanted]]
    mask = np.zeros(grid.shape, bool)
    mask[tuple(nearest.T)] = True
    return mask
