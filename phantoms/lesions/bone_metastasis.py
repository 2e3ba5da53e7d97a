"""A metastasis of bone: a hole that the tumour has eaten, or a dense, ill-defined patch that bone laid down."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.fitted import fitted
from phantoms.lesions.lump import Surface, lump
from phantoms.lesions.room import host_of, kept_in, place, spoken_host
from phantoms.lesions.shells import lakes, smooth_noise
from phantoms.lesions.sizes import Sizes
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("bone metastasis", "94222008", "Secondary malignant neoplasm of bone")
SIZES = Sizes(15.0, 0.4, 5.0, 45.0)

Form = Literal["lytic", "sclerotic", "mixed"]
OFTEN = {"lytic": 0.5, "sclerotic": 0.3, "mixed": 0.2}
"""Lung, kidney and thyroid dissolve bone, prostate lays it down, breast does both (Macedo et al. 2017, Oncol Rev
11:321); shares assumed."""
SURFACE = Surface(0.16, 3.0, 9.0)
DENSE, MOTTLED = 1.55, 0.12
"""Density of a sclerotic one by that of spongy bone, and the standard deviation over its volume: 600 to 1000 HU,
assumed."""
BLOTS, BLOT_SHARE = 0.5, 0.45
"""Length of the sclerotic blots in a mixed one by its diameter, and the share that they fill; assumed."""


@dataclass(frozen=True, kw_only=True)
class BoneMetastasis(Growth):
    """A metastasis of `diameter_mm` (of the sphere of equal volume) in the bone of that name.

    form: lytic (tumour in place of bone, cortex and all), sclerotic (mottled dense bone), mixed. None draws it.
    Raises SceneError if the patient has no such bone, or it does not fit into it.
    """

    structure: str = "vertebrae_L3"
    diameter_mm: Annotated[float, Ge(3), Le(80)] | None = None
    form: Form | None = None
    centre_mm: tuple[float, float, float] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = host_of(scene, self.structure, "BoneMetastasis")
        diameter_mm = SIZES.drawn(self.diameter_mm, host, scene.grid, rng)
        form = str(rng.choice(list(OFTEN), p=list(OFTEN.values()))) if self.form is None else self.form
        middle = place(host, scene.grid, diameter_mm, self.centre_mm, rng, "BoneMetastasis", self.structure)
        body = fitted(lump(scene.grid, middle, diameter_mm, rng, SURFACE), host, scene.grid, diameter_mm)
        whole = kept_in(host, body.filled())
        mottled = DENSE + MOTTLED * smooth_noise(scene.grid, whole[1].shape, 5.0, rng)
        density = np.maximum(mottled, 1.0).astype(np.float32)
        blots = lakes(scene.grid, whole, BLOTS * diameter_mm, BLOT_SHARE, rng)
        lytic, dense = Piece(whole, "tumour"), Piece(whole, "spongy_bone", density)
        pieces = {"lytic": [lytic], "sclerotic": [dense], "mixed": [lytic, Piece(blots, "spongy_bone", density)]}[form]

        text = f"{diameter_mm:.0f} mm {form} bone metastasis in the {spoken_host(scene, self.structure)}"
        return with_finding(scene, KIND, self.structure, pieces, text, {"diameter_mm": diameter_mm, "form": form})
