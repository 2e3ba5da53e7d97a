"""A solid nodule in an organ: a lobulated ball of tumour with the volume of a sphere of its diameter."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, place, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import check_tissue

KIND = Kind("nodule", "27925004", "Nodule")
"""SNOMED-CT: Nodule (DICOM PS3.16, CID 7159)."""
ROUGHEST = 0.25
"""Standard deviation of ln(radius) over the surface at irregularity 1."""


@dataclass(frozen=True, kw_only=True)
class Nodule(Growth):
    """A solid nodule of `diameter_mm` (of the sphere of equal volume) in the structure of that name.

    Its radius in direction d is r(d) = r0 exp(0.25 irregularity g(d)), g a smooth noise of mean 0 and variance 1; r0 is
    solved so that what it fills of its voxels has the volume pi d^3 / 6. It keeps to its structure.
    centre_mm: RAS+ mm, or None for a random place in which the sphere fits. tissue: a name in simdata/tissues.csv.
    Raises SceneError if the patient has no such structure, or the sphere does not fit into it.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(2), Le(100)] = 15.0
    centre_mm: tuple[float, float, float] | None = None
    irregularity: Annotated[float, Ge(0), Le(1)] = 0.3
    tissue: str = "tumour"

    def __post_init__(self) -> None:
        check_tissue(self.tissue, "Nodule.tissue")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Nodule")
        centre_mm = place(host, scene.grid, self.diameter_mm, self.centre_mm, rng, "Nodule", self.structure)
        body = lump(scene.grid, centre_mm, self.diameter_mm, rng, Surface(ROUGHEST * self.irregularity))
        pieces = [Piece(kept_in(host, body.filled()), self.tissue)]

        text = f"{self.diameter_mm:.0f} mm nodule in the {spoken_host(scene, self.structure)}"
        return with_finding(scene, KIND, self.structure, pieces, text, {"diameter_mm": self.diameter_mm})
