"""A stone of the kidney or the ureter: calcium oxalate, uric acid or cystine, at the lowest place it can fall to."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.push import pushed
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIDNEY = Kind("kidney stone", "95570007", "Kidney stone")
URETER = Kind("ureteric stone", "31054009", "Ureteric stone")

Material = Literal["calcium_oxalate", "uric_acid", "cystine"]
MATERIALS: dict[Material, tuple[float, tuple[float, float]]] = {
    "calcium_oxalate": (0.84, (0.72, 1.0)),
    "uric_acid": (0.14, (0.95, 1.05)),
    "cystine": (0.02, (0.95, 1.1)),
}
"""How often, and the range of density by that of the table's material, for the pores. Calcium stones are four of five,
uric acid 5 to 10 %, cystine 1 % (Moe 2006, Lancet 367:333; memory); pores of oxalate assumed, for 900 to 1600 HU."""
MEDIAN_MM, SPREAD, LEAST_MM, MOST_MM = 5.0, 0.5, 2.0, 20.0
"""Log-normal; assumed: half of what CT shows is below 5 mm."""
SURFACE = Surface(0.12, 3.0, 9.0)
LOWEST = 0.15
"""Of the voxels of a renal pelvis, the most dependent ones: a stone lies among them."""
SLIM, ROUND = (1.0, 1.0, 1.5), (1.0, 1.0, 1.0)
"""Stones of a ureter are longer than wide."""


@dataclass(frozen=True, kw_only=True)
class UrinaryStone(Growth):
    """A stone of `diameter_mm` (of the sphere of equal volume) in a renal pelvis or a ureter, which it widens.

    It lies at the back of the pelvis of a patient who lies on the back, anywhere along a ureter, or at centre_mm. None
    draws it.
    Raises SceneError if the patient has no such structure, or the stone would leave the field of view.
    """

    structure: str = "kidney_pelvis_left"
    diameter_mm: Annotated[float, Ge(1), Le(40)] | None = None
    material: Material | None = None
    centre_mm: tuple[float, float, float] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "UrinaryStone")
        drawn_mm = float(np.clip(MEDIAN_MM * np.exp(SPREAD * rng.standard_normal()), LEAST_MM, MOST_MM))
        diameter_mm = round(drawn_mm, 1) if self.diameter_mm is None else self.diameter_mm
        names = list(MATERIALS)
        drawn = names[int(rng.choice(len(names), p=[MATERIALS[name][0] for name in names]))]
        material = drawn if self.material is None else self.material
        ureter = "ureter" in self.structure
        middle = _resting_mm(host, scene.grid, 1.0 if ureter else LOWEST, diameter_mm, rng)
        middle = middle if self.centre_mm is None else np.array(self.centre_mm, float)

        after = pushed(scene, middle, diameter_mm)
        body = lump(scene.grid, middle, diameter_mm, rng, SURFACE, SLIM if ureter else ROUND)
        density = float(rng.uniform(*MATERIALS[material][1]))
        pieces = [Piece(kept_in(after.labels > 0, body.filled()), material, density)]
        said = material.replace("_", " ")
        kind = URETER if ureter else KIDNEY
        text = f"{diameter_mm:.0f} mm {kind.name} of {said} in the {spoken_host(scene, self.structure)}"
        attributes = {"diameter_mm": diameter_mm, "material": said}
        return with_finding(after, kind, self.structure, pieces, text, attributes)


def _resting_mm(
    host: Bool[ndarray, "x y z"], grid: Grid, lowest: float, diameter_mm: float, rng: Generator
) -> Float[ndarray, " 3"]:
    """A voxel among the rearmost ones of the host, so far within the grid that the stone fits."""
    voxels = np.argwhere(host)
    whole = diameter_mm / np.array(grid.spacing_mm)
    inside = ((voxels >= whole) & (voxels <= np.array(grid.shape) - 1 - whole)).all(axis=1)
    if not inside.any():
        raise SceneError(f"UrinaryStone: found no place for {diameter_mm:g} mm; a larger field of view would do")
    places_mm = grid.world_mm(voxels[inside])
    rear = places_mm[places_mm[:, 1] <= np.quantile(places_mm[:, 1], lowest)]
    return rear[rng.integers(len(rear))]
