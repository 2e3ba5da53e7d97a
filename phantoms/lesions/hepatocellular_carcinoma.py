"""Hepatocellular carcinoma: bright in the arterial phase, washed out later, with a capsule and a mosaic inside."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.bulge import bulged
from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.lesions.shells import FIBROUS, lakes, shell, veins
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("hepatocellular carcinoma", "109841003", "Hepatocellular carcinoma")
SIZES = Sizes(32.0, 0.55, 10.0, 120.0)
"""LI-RADS speaks of observations from 10 mm on (Chernyak et al. 2018, Radiology 289:816); the numbers are ours."""
SURFACE = Surface(0.05, 2.0, 5.0)
CAPSULE_MM = 2.0
"""Assumed: a line on CT, 0.5 to 3 mm."""
MOSAIC_FROM_MM, SEPTA_MM, DEAD_SHARE = 25.0, 1.2, 0.1
"""Diameter from which on septa part it and islands die; the mosaic pattern is of large ones (Choi et al. 2014,
Radiology 272:635); the numbers are ours."""


@dataclass(frozen=True, kw_only=True)
class HepatocellularCarcinoma(Growth):
    """A carcinoma of `diameter_mm` (of the sphere of equal volume), which pushes the liver aside.

    capsule_mm: thickness of its capsule, 0 for none. From 25 mm on septa and necrotic islands make a mosaic. Its rows
    of phantoms/tables/contrast.csv enhance it in the arterial phase and let it fall behind the liver later, while the
    capsule enhances late. None for diameter_mm draws from SIZES.
    Raises SceneError if the patient has no such structure, or it does not fit there.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(5), Le(180)] | None = None
    centre_mm: tuple[float, float, float] | None = None
    capsule_mm: Annotated[float, Ge(0), Le(4)] = CAPSULE_MM

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        name = "HepatocellularCarcinoma"
        diameter_mm = SIZES.drawn(self.diameter_mm, host_of(scene, self.structure, name), scene.grid, rng)
        after, middle, host = bulged(
            scene, self.structure, diameter_mm, self.centre_mm, float(rng.uniform(0, 0.25)), rng, name
        )
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE), host, scene.grid, diameter_mm)
        whole, inner = body.filled(), body.filled(grown_mm=-self.capsule_mm)
        pieces = [Piece(kept_in(host, whole), "tumour")]
        mosaic = diameter_mm >= MOSAIC_FROM_MM
        if mosaic:
            wave_mm = 0.5 * diameter_mm
            pieces.append(Piece(kept_in(host, lakes(scene.grid, inner, wave_mm, DEAD_SHARE, rng)), "necrosis"))
            pieces.append(Piece(kept_in(host, veins(scene.grid, inner, wave_mm, SEPTA_MM, rng)), "connective", FIBROUS))
        if self.capsule_mm > 0:
            pieces.append(Piece(kept_in(host, shell(whole, inner)), "connective", FIBROUS))

        form = "encapsulated" if self.capsule_mm > 0 else "unencapsulated"
        pattern = " with a mosaic pattern" if mosaic else ""
        text = (
            f"{diameter_mm:.0f} mm {form} hepatocellular carcinoma in the {spoken_host(scene, self.structure)}{pattern}"
        )
        attributes = {"diameter_mm": diameter_mm, "form": form, "pattern": "mosaic" if mosaic else "uniform"}
        return with_finding(after, KIND, self.structure, pieces, text, attributes)
