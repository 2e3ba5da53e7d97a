"""A mass in a breast: round, lobulated or spiculated, of wished size and place."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, place, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from phantoms.strokes import strokes
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import check_tissue

KIND = Kind("mass", "129788004", "Mammographic breast mass")
"""SNOMED-CT: Mammographic mass of breast (finding)."""

Form = Literal["round", "lobulated", "spiculated"]
SURFACE = {
    "round": Surface(0.03, 2.5, 7.0),
    "lobulated": Surface(0.15, 3.5, 6.0),
    "spiculated": Surface(0.16, 4.0, 11.0),
}
SPICULES, BENDS = 46, 4
SPICULE_LENGTH, SPICULE_WIDTH, TIP_MM = 1.7, 0.11, 0.12
"""Of a spicule: mean length by the radius of the mass, radius at its root likewise, and radius at its tip. Spicules are
as long as the mass is wide and taper off: de Sisternes et al. 2015, Phys Med Biol 60:4213 (the shapes; the numbers are
ours)."""
WANDER_RAD = 0.16


@dataclass(frozen=True, kw_only=True)
class Mass(Growth):
    """A mass of `diameter_mm` (of the sphere of equal volume, spicules left out) in the structure of that name.

    Its surface is that of a nodule, r(d) = r0 exp(s g(d)) in direction d, g a smooth noise; a spiculated one sends out
    tapering, wandering threads. Boundary voxels hold what the mass and its host fill of them.
    centre_mm: RAS+ mm, or None for a random place in which the sphere fits. tissue: a name in simdata/tissues.csv.
    Raises SceneError if the patient has no such structure, or the sphere does not fit into it.
    """

    structure: str = "breast_left"
    form: Form = "spiculated"
    diameter_mm: Annotated[float, Ge(2), Le(80)] = 12.0
    centre_mm: tuple[float, float, float] | None = None
    tissue: str = "tumour"

    def __post_init__(self) -> None:
        check_tissue(self.tissue, "Mass.tissue")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Mass")
        centre_mm = place(host, scene.grid, self.diameter_mm, self.centre_mm, rng, "Mass", self.structure)
        parts = [lump(scene.grid, centre_mm, self.diameter_mm, rng, SURFACE[self.form]).filled()]
        if self.form == "spiculated":
            parts.append(strokes(scene.grid, *_spicules(centre_mm, self.diameter_mm / 2, rng)))
        pieces = [Piece(kept_in(host, part), self.tissue) for part in parts]

        text = f"{self.diameter_mm:.0f} mm {self.form} mass in the {spoken_host(scene, self.structure)}"
        attributes = {"diameter_mm": self.diameter_mm, "form": self.form}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)


def _spicules(
    centre_mm: Float[ndarray, " 3"], radius_mm: float, rng: Generator
) -> tuple[Float[ndarray, "n 3"], Float[ndarray, "n 3"], Float[ndarray, "n 2"]]:
    """Start and end of the pieces of all threads, and their radii there."""
    heading = rng.standard_normal((SPICULES, 3))
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    length = radius_mm * SPICULE_LENGTH * rng.gamma(4.0, 0.25, (SPICULES, 1))
    root = np.maximum(SPICULE_WIDTH * radius_mm * rng.uniform(0.5, 1.0, SPICULES), 2 * TIP_MM)
    points, radii = [centre_mm + 0.75 * radius_mm * heading], [root]
    for bend in range(1, BENDS + 1):
        heading = heading + WANDER_RAD * rng.standard_normal(heading.shape)
        heading /= np.linalg.norm(heading, axis=1, keepdims=True)
        points.append(points[-1] + length / BENDS * heading)
        radii.append(TIP_MM + (root - TIP_MM) * (1 - bend / BENDS) ** 1.5)
    starts, ends = np.concatenate(points[:-1]), np.concatenate(points[1:])
    return starts, ends, np.column_stack([np.concatenate(radii[:-1]), np.concatenate(radii[1:])])
