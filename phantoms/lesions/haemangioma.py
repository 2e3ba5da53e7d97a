"""A haemangioma of the liver: nodules at its rim fill first, and the rest follows until it is as bright as blood."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, place, spoken_host
from phantoms.lesions.shells import lakes, shell
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("haemangioma", "93469006", "Hemangioma of liver")
SIZES = Sizes(22.0, 0.55, 6.0, 120.0)
"""Most are below 40 mm, those above are called giant (Vilgrain et al. 2000, Radiographics 20:379); the numbers are
ours."""
SURFACE = Surface(0.09, 2.0, 5.0)
RIND, NODULES, LUMPY = 0.6, 0.42, 0.32
"""Where the rind with the nodules begins, by the radius, the share of it that they fill, and their waves by
the diameter."""
SCAR_FROM_MM, SCAR = 50.0, 0.3
"""Diameter from which on a scar lies in the middle that never fills, and its diameter by the whole."""


@dataclass(frozen=True, kw_only=True)
class Haemangioma(Growth):
    """A haemangioma of `diameter_mm` (of the sphere of equal volume) in the structure of that name.

    Pools of blood at its rim take contrast agent as the aorta does, the rest by the table's rows: little in the
    arterial phase, most of it in the delayed one. A giant one keeps a scar. None for diameter_mm draws from SIZES.
    Raises SceneError if the patient has no such structure, or it does not fit there.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(4), Le(180)] | None = None
    centre_mm: tuple[float, float, float] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Haemangioma")
        diameter_mm = SIZES.drawn(self.diameter_mm, host, scene.grid, rng)
        middle = place(host, scene.grid, diameter_mm, self.centre_mm, rng, "Haemangioma", self.structure)
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE), host, scene.grid, diameter_mm)
        whole = body.filled()
        rind = shell(whole, body.filled(scale=RIND))
        pools = lakes(scene.grid, rind, LUMPY * diameter_mm, NODULES, rng)
        pieces = [Piece(kept_in(host, whole), "tumour"), Piece(kept_in(host, pools), "blood")]
        giant = diameter_mm >= SCAR_FROM_MM
        if giant:
            pieces.append(Piece(kept_in(host, body.filled(scale=SCAR)), "necrosis"))

        form = "giant" if giant else "cavernous"
        text = f"{diameter_mm:.0f} mm {form} haemangioma in the {spoken_host(scene, self.structure)}"
        attributes = {"diameter_mm": diameter_mm, "form": form}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)
