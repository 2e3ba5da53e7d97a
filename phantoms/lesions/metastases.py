"""Metastases: several, of many sizes, with a bright rim and a dead middle where they are large."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, spoken_host
from phantoms.lesions.several import scattered
from phantoms.lesions.shells import FIBROUS, shell
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.structures import FIRST_FINDING_ID

KIND = Kind("metastasis", "128462008", "Metastatic malignant neoplasm")
SIZES = Sizes(17.0, 0.55, 5.0, 90.0)
"""Log-normal, as growth by chance leaves them (Iwata et al. 2000, J Theor Biol 203:177); the numbers are ours."""
MEAN_MORE = 2.5
"""Metastases beyond the first one, on average, where none were counted out: geometric, assumed."""
MOST = 15
SURFACE = Surface(0.07, 2.5, 6.0)
RIM, RIM_LEAST_MM = 0.1, 1.0
"""Thickness of the rim: of the radius, and at least."""
DEAD_FROM_MM, DEAD = 22.0, (0.4, 0.7)
"""Diameter from which on the middle is dead, and the dead part's diameter by the whole; assumed."""


@dataclass(frozen=True, kw_only=True)
class Metastases(Growth):
    """`count` metastases in the structure of that name, each a finding of its own.

    diameter_mm: of the sphere of equal volume, of all of them; None draws each from SIZES, the largest first. From
    22 mm on the middle is necrotic, which with the rim makes a target.
    Raises SceneError if the patient has no such structure, or not all fit without touching.
    """

    structure: str = "liver"
    count: Annotated[int, Ge(1), Le(40)] | None = None
    diameter_mm: Annotated[float, Ge(3), Le(120)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "Metastases")
        count = min(int(rng.geometric(1 / (1 + MEAN_MORE))), MOST) if self.count is None else self.count
        sizes = sorted((SIZES.drawn(self.diameter_mm, host, scene.grid, rng) for _ in range(count)), reverse=True)
        places = scattered(host, scene.grid, sizes, rng, "Metastases", self.structure)
        for diameter_mm, middle in zip(sizes, places, strict=True):
            scene = self._one(scene, host & (scene.labels < FIRST_FINDING_ID), middle, diameter_mm, rng)
        return scene

    def _one(
        self,
        scene: Scene,
        host: Bool[ndarray, "x y z"],
        middle: Float[ndarray, " 3"],
        diameter_mm: float,
        rng: Generator,
    ) -> Scene:
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE), host, scene.grid, diameter_mm)
        rim_mm = max(RIM * diameter_mm / 2, RIM_LEAST_MM)
        rim = shell(body.filled(), body.filled(grown_mm=-rim_mm))
        pieces = [Piece(kept_in(host, body.filled()), "tumour"), Piece(kept_in(host, rim), "connective", FIBROUS)]
        necrotic = diameter_mm >= DEAD_FROM_MM
        if necrotic:
            pieces.append(Piece(kept_in(host, body.filled(scale=float(rng.uniform(*DEAD)))), "necrosis"))

        form = "necrotic" if necrotic else "solid"
        text = f"{diameter_mm:.0f} mm {form} metastasis in the {spoken_host(scene, self.structure)}"
        attributes = {"diameter_mm": diameter_mm, "form": form}
        return with_finding(scene, KIND, self.structure, pieces, text, attributes)
