"""Consolidation, as of pneumonia: airspaces full of fluid up to a fissure, and airways that stay open in it."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.lesions.airspace import favoured, patch
from phantoms.lesions.lungs import densities, lobe_of, lung_density
from phantoms.lesions.rim import with_rim
from phantoms.lesions.room import spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.tissues import tissues

KIND = Kind("consolidation", "95436008", "Lung consolidation")
Form = Literal["lobar", "patchy"]
SHARES: dict[Form, tuple[float, float]] = {"lobar": (0.35, 0.9), "patchy": (0.06, 0.3)}
"""Of the lobe; assumed. Lobar pneumonia spreads through pores from one place to the fissures, bronchopneumonia begins
around many small airways (Webb and Higgins, Thoracic Imaging, ch. 9)."""
WAVE_MM: dict[Form, float] = {"lobar": 34.0, "patchy": 24.0}
SPREAD_MM: dict[Form, float] = {"lobar": 9.0, "patchy": 9.0}
"""Longer distances over which it is a little less likely leave holes in it."""
FULL_HU, GLASS_HU = (25.0, 45.0), -520.0
"""Unenhanced consolidation; the rim, where airspaces are half full."""
EDGE, RIM = 0.5, 0.35
LEAST_MM3 = 400.0


@dataclass(frozen=True, kw_only=True)
class Consolidation(Growth):
    """Consolidation of `percent` of the parenchyma of a lobe: of one place ("lobar") or of several ("patchy").

    Airways and vessels stay in it: air bronchograms, and with contrast agent the angiogram sign. None draws.
    Raises SceneError if the patient has no such lobe.
    """

    structure: str | None = None
    form: Form | None = None
    percent: Annotated[float, Ge(1), Le(100)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        structure, block, host, lung = lobe_of(scene, self.structure, rng, "Consolidation")
        drawn: Form = "lobar" if rng.random() < 0.5 else "patchy"
        form = drawn if self.form is None else self.form
        percent = round(100 * float(rng.uniform(*SHARES[form]))) if self.percent is None else self.percent
        foci = 1 if form == "lobar" else int(rng.integers(4, 10))
        favour = favoured(scene.grid, lung, WAVE_MM[form], SPREAD_MM[form], foci, rng)
        filling, count = patch(scene.grid, block, lung, percent / 100, favour, EDGE, LEAST_MM3)

        scene = with_rim(scene, filling, "water")
        full = lung_density(float(rng.uniform(*FULL_HU)))
        inner = np.clip((filling[1] - RIM) / (1 - RIM), 0, 1)
        density = (lung_density(GLASS_HU) * (1 - inner) + full * inner).astype(np.float32)
        density = np.maximum(density, densities(scene, block))
        airways = host & (scene.tissue[block] == tissues()["air"])
        signs = " with air bronchograms" if _meets(airways, filling[1]) else ""
        kind = (
            "lobar consolidation" if percent >= 75 else f"{form} consolidation" if form == "patchy" else "consolidation"
        )
        text = f"{kind} of {percent:.0f} % of the {spoken_host(scene, structure)}{signs}"
        attributes = {"percent": float(percent), "form": form, "count": float(count)}
        return with_finding(scene, KIND, structure, [Piece(filling, "lung", density)], text, attributes)


def _meets(airways: np.ndarray, filled: np.ndarray) -> bool:
    """Whether an airway has consolidated lung on both sides along x, y or z."""
    dense = filled > 0.5
    between = [np.roll(dense, 2, axis) & np.roll(dense, -2, axis) for axis in range(3)]
    return bool((airways & (between[0] | between[1] | between[2])).any())
