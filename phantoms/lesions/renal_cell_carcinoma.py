"""Renal cell carcinoma: it bulges out of the kidney, bright and uneven, with a pseudocapsule and dead parts."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.bulge import bulged
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.lesions.shells import FIBROUS, lakes, shell
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("renal cell carcinoma", "702391001", "Renal cell carcinoma")
SIZES = Sizes(40.0, 0.5, 12.0, 130.0)
"""About 40 mm at surgery (Nguyen et al. 2006, J Urol 176:2397, memory); the spread is ours."""
SURFACE = Surface(0.06, 2.0, 5.0)
CAPSULE_MM = 1.0
DEAD_FROM_MM, DEAD_MOST = 30.0, 0.45
"""Diameter from which on parts of it are dead, and their share of the largest ones; assumed."""


@dataclass(frozen=True, kw_only=True)
class RenalCellCarcinoma(Growth):
    """A clear cell carcinoma of `diameter_mm` (of the sphere of equal volume) that grows out of the kidney's cortex.

    exophytic: share of its diameter that lay beyond the kidney's surface, had that not been pushed out over it.
    necrotic: share of its volume that is dead; None: none below 30 mm, more in larger ones. None for the rest draws.
    Raises SceneError if the patient has no such structure, or it does not fit there.
    """

    structure: str = "kidney_left"
    diameter_mm: Annotated[float, Ge(5), Le(180)] | None = None
    centre_mm: tuple[float, float, float] | None = None
    exophytic: Annotated[float, Ge(0), Le(0.5)] | None = None
    necrotic: Annotated[float, Ge(0), Le(0.8)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        name = "RenalCellCarcinoma"
        diameter_mm = SIZES.drawn(self.diameter_mm, host_of(scene, self.structure, name), scene.grid, rng)
        outside = float(rng.uniform(0.35, 0.5)) if self.exophytic is None else self.exophytic
        larger = min(max(diameter_mm / DEAD_FROM_MM - 1, 0), 1)
        dead = larger * float(rng.uniform(0.1, DEAD_MOST)) if self.necrotic is None else self.necrotic
        after, middle, host = bulged(scene, self.structure, diameter_mm, self.centre_mm, outside, rng, name)

        body = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE), host, scene.grid, diameter_mm)
        whole, inner = body.filled(), body.filled(grown_mm=-CAPSULE_MM)
        pieces = [Piece(kept_in(host, whole), "tumour")]
        if dead > 0:
            islands = lakes(scene.grid, body.filled(scale=0.85), 0.6 * diameter_mm, dead, rng)
            pieces.append(Piece(kept_in(host, islands), "necrosis"))
        pieces.append(Piece(kept_in(host, shell(whole, inner)), "connective", FIBROUS))

        form = "exophytic" if outside > 0.25 else "endophytic"
        uneven = " with necrosis" if dead > 0 else ""
        text = f"{diameter_mm:.0f} mm {form} renal cell carcinoma of the {spoken_host(scene, self.structure)}{uneven}"
        attributes = {"diameter_mm": diameter_mm, "form": form, "necrotic_share": round(dead, 2)}
        return with_finding(after, KIND, self.structure, pieces, text, attributes)
