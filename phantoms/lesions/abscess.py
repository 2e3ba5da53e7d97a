"""An abscess: pus in a rim that enhances, at times with gas above it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.filling import Filling
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, place, spoken_host
from phantoms.lesions.shells import FIBROUS
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("abscess", "44132006", "Abscess")
SIZES = Sizes(42.0, 0.4, 12.0, 130.0)
"""Assumed."""
SURFACE = Surface(0.09, 2.5, 6.0)
RIM_MM = 2.5
GAS_OFTEN, GAS_SHARE = 0.2, (0.05, 0.25)
"""Gas in one of five (Halvorsen et al. 1984, AJR 142:941; memory), and its share of the pus's volume; assumed."""


@dataclass(frozen=True, kw_only=True)
class Abscess(Growth):
    """An abscess of `diameter_mm` (of the sphere of equal volume) in the structure of that name.

    gas: share of its inside that is gas, which rises to the front of a patient who lies on the back. None draws it.
    Raises SceneError if the patient has no such structure, or it does not fit there.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(6), Le(180)] | None = None
    centre_mm: tuple[float, float, float] | None = None
    gas: Annotated[float, Ge(0), Le(0.9)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Abscess")
        diameter_mm = SIZES.drawn(self.diameter_mm, host, scene.grid, rng)
        drawn = float(rng.uniform(*GAS_SHARE)) if rng.random() < GAS_OFTEN else 0.0
        gas = drawn if self.gas is None else self.gas
        middle = place(host, scene.grid, diameter_mm, self.centre_mm, rng, "Abscess", self.structure)
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE), host, scene.grid, diameter_mm)
        inside = kept_in(host, body.filled(grown_mm=-RIM_MM))
        pieces = [Piece(kept_in(host, body.filled()), "connective", FIBROUS), Piece(inside, "necrosis")]
        if gas > 0:
            pieces.append(Piece(_risen(scene.grid, inside, gas), "air"))

        with_gas = " with an air-fluid level" if gas > 0 else ""
        text = f"{diameter_mm:.0f} mm abscess in the {spoken_host(scene, self.structure)}{with_gas}"
        attributes = {"diameter_mm": diameter_mm, "gas_share": round(gas, 2)}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)


def _risen(grid: Grid, inside: Filling, share: float) -> Filling:
    """The foremost part of a cavity, down to a level, by that share of its volume."""
    block, filled = inside
    index = np.moveaxis(np.indices(filled.shape), 0, -1) + [side.start for side in block]
    height_mm = grid.world_mm(index)[..., 1]
    order = np.argsort(-height_mm, axis=None)
    volume = np.cumsum(filled.ravel()[order])
    level_mm = height_mm.ravel()[order[np.searchsorted(volume, share * volume[-1])]]
    above = np.clip(0.5 + (height_mm - level_mm) / grid.spacing_mm[1], 0, 1)
    return block, (filled * above).astype(np.float32)
