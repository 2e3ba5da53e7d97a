"""A mass in a breast: round, lobulated or spiculated, of wished size and place."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.optimize import root_scalar

from phantoms.lesions.room import box_around, entry, host_of, host_structure, measured, place, smooth_noise, spoken
from phantoms.strokes import blended, strokes
from simdata.errors import RecipeError, did_you_mean
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import tissues

SNOMED = ("129788004", "Mammographic breast mass")
"""SNOMED-CT: Mammographic mass of breast (finding)."""

Form = Literal["round", "lobulated", "spiculated"]
SURFACE = {"round": (0.03, 2.5, 7.0), "lobulated": (0.15, 3.5, 6.0), "spiculated": (0.16, 4.0, 11.0)}
"""Standard deviation of ln(radius) over the surface, and the fewest and most bulges around it."""
REACH = 2.0
"""Radii around the centre in which the body lies for certain (4 deviations of the roughest surface)."""
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
        if self.tissue not in tissues():
            raise RecipeError(f"Mass.tissue: found '{self.tissue}'; {did_you_mean(self.tissue, tissues())}")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Mass")
        centre_mm = place(host, scene.grid, self.diameter_mm, self.centre_mm, rng, "Mass", self.structure)
        mass = entry(scene, self.structure, "mass", self.tissue, *SNOMED)

        box = box_around(scene.grid, centre_mm, REACH * self.diameter_mm / 2)
        body = _body(scene.grid, box, centre_mm, self.diameter_mm, SURFACE[self.form], rng)
        parts = [(box, body)]
        if self.form == "spiculated":
            parts.append(strokes(scene.grid, *_spicules(centre_mm, self.diameter_mm / 2, rng)))
        after = blended(scene, [(where, np.where(host[where], filled, 0)) for where, filled in parts], mass)

        text = f"{self.diameter_mm:.0f} mm {self.form} mass in the {spoken(host_structure(scene, self.structure))}"
        voxels = np.argwhere(after.labels == mass.id)
        finding = measured(voxels, scene.grid, "mass", mass.id, self.structure, text)
        return replace(after, findings=(*scene.findings, finding))


def _body(
    grid: Grid,
    box: tuple[slice, slice, slice],
    centre_mm: Float[ndarray, " 3"],
    diameter_mm: float,
    surface: tuple[float, float, float],
    rng: Generator,
) -> Float32[ndarray, "a b c"]:
    """What the mass fills of every voxel of a box; together as much as the sphere."""
    roughness, *lobes = surface
    index = np.stack(np.meshgrid(*(np.arange(side.start, side.stop) for side in box), indexing="ij"), axis=-1)
    offset = (grid.world_mm(index) - centre_mm).astype(np.float32)
    distance = np.linalg.norm(offset, axis=-1)
    direction = offset / np.maximum(distance, np.finfo(np.float32).tiny)[..., None]
    bulge = np.exp(roughness * smooth_noise(direction.reshape(-1, 3), rng, *lobes)).reshape(distance.shape)
    voxel_mm = float(np.mean(grid.spacing_mm))

    def filled(radius_mm: float) -> Float32[ndarray, "a b c"]:
        return np.clip(0.5 + (radius_mm * bulge - distance) / voxel_mm, 0, 1).astype(np.float32)

    wanted = np.pi / 6 * diameter_mm**3 / grid.voxel_mm3
    bracket = (0.2 * diameter_mm, diameter_mm + voxel_mm)
    return filled(root_scalar(lambda radius_mm: filled(radius_mm).sum() - wanted, bracket=bracket, xtol=1e-3).root)


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
