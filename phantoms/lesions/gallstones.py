"""Gallstones: one or many, round or facetted, at the rear wall of the gallbladder of a patient who lies on the back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.facets import facetted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, rooms, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("gallstone", "235919008", "Gallbladder calculus")

Form = Literal["cholesterol", "mixed", "calcified"]
FORMS: dict[Form, tuple[float, tuple[str, float], tuple[str, float]]] = {
    "cholesterol": (0.35, ("soft_plaque", 0.93), ("soft_plaque", 0.93)),
    "mixed": (0.4, ("calcification", 0.8), ("soft_plaque", 1.0)),
    "calcified": (0.25, ("calcification", 0.85), ("calcification", 0.75)),
}
"""How often; tissue and density of the rind, and of the core. Pure cholesterol is as dense as bile or darker, others
have a bright rind or are bright all through (Brakel et al. 1990, Radiology 174:337; numbers ours)."""
RIND = 0.78
"""Where the rind begins, by the radius."""
MEAN_MORE, MOST = 3.0, 12
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 8.0, 0.4, 3.0, 25.0
FACETS_FROM = 3
"""Of so many stones on, they have ground against each other."""
ROUND = Surface(0.04, 2.0, 5.0)
SHAKEN_MM = 3.0
"""How much higher than the lowest free place a stone may rest."""


@dataclass(frozen=True, kw_only=True)
class Gallstones(Growth):
    """`count` stones of about `diameter_mm` (of the sphere of equal volume) in the gallbladder, one finding.

    Each lies as far to the back as those before it allow. Three and more are facetted. form: pure cholesterol, mixed
    with a calcified rind, or calcified all through. None draws it.
    Raises SceneError if the patient has no such structure, or not all fit into it.
    """

    structure: str = "gallbladder"
    count: Annotated[int, Ge(1), Le(40)] | None = None
    diameter_mm: Annotated[float, Ge(2), Le(50)] | None = None
    form: Form | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Gallstones") & (scene.labels != _wall(scene))
        count = min(int(rng.geometric(1 / (1 + MEAN_MORE))), MOST) if self.count is None else self.count
        typical_mm = self._typical_mm(count, host, scene.grid, rng)
        sizes = sorted((typical_mm * rng.uniform(0.85, 1.0, count)).tolist(), reverse=True)
        names = list(FORMS)
        drawn = names[int(rng.choice(len(names), p=[FORMS[name][0] for name in names]))]
        form = drawn if self.form is None else self.form
        middles = _settled(host, scene.grid, sizes, rng, self.structure)

        (rind, rind_density), (core, core_density) = FORMS[form][1:]
        shape = facetted if count >= FACETS_FROM else _round
        whole = [shape(scene.grid, m, d, rng) for m, d in zip(middles, sizes, strict=True)]
        inner = [lump(scene.grid, m, RIND * d, rng, ROUND).filled() for m, d in zip(middles, sizes, strict=True)]
        pieces = [Piece(kept_in(host, one), rind, rind_density) for one in whole]
        pieces += [Piece(kept_in(host, one), core, core_density) for one in inner]
        stones = f"{form} gallstone" if count == 1 else f"{count} {form} gallstones"
        text = f"{stones} of up to {sizes[0]:.0f} mm in the {spoken_host(scene, self.structure)}"
        attributes = {"count": float(count), "largest_mm": round(sizes[0], 1), "form": form}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)

    def _typical_mm(self, count: int, host: Bool[ndarray, "x y z"], grid: Grid, rng: Generator) -> float:
        """As asked for, or drawn, and then so small that all of them fill a quarter of the gallbladder at most."""
        if self.diameter_mm is not None:
            return self.diameter_mm
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        fits_mm = float(np.cbrt(6 / np.pi * 0.12 * np.count_nonzero(host) * grid.voxel_mm3 / count))
        return min(drawn_mm, fits_mm)


def _wall(scene: Scene) -> int:
    return next((id for id, one in scene.structures.items() if one.name == "gallbladder_wall"), 0)


def _round(grid: Grid, centre_mm: Float[ndarray, " 3"], diameter_mm: float, rng: Generator) -> Filling:
    return lump(grid, centre_mm, diameter_mm, rng, ROUND).filled()


def _settled(
    host: Bool[ndarray, "x y z"], grid: Grid, sizes_mm: Sequence[float], rng: Generator, structure: str
) -> list[Float[ndarray, " 3"]]:
    """The middle of each ball, in their order: the rearmost place, but for a little, that those before it leave."""
    corner, step, room_mm = rooms(host, grid)
    voxels = np.argwhere(room_mm > 0)
    places_mm = grid.world_mm(step * voxels + corner)
    room = room_mm[tuple(voxels.T)]
    found: list[Float[ndarray, " 3"]] = []
    for size_mm in sizes_mm:
        reach_mm = 0.6 * size_mm
        height_mm = places_mm[:, 1] + SHAKEN_MM * rng.random(len(places_mm))
        fits = np.flatnonzero(room >= reach_mm)
        if not fits.size:
            raise SceneError(
                f"Gallstones: found room for {len(found)} of {len(sizes_mm)} in '{structure}', not for one more of "
                f"{size_mm:.1f} mm; fewer or smaller ones would do"
            )
        found.append(places_mm[fits[height_mm[fits].argmin()]])
        gap_mm = reach_mm + max(grid.spacing_mm)
        room = np.minimum(room, np.linalg.norm(places_mm - found[-1], axis=1) - gap_mm)
    return found
