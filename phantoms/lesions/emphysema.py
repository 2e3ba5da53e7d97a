"""Emphysema: holes of a few mm without walls in the middle of lobules, and bullae in a row along the pleura."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator
from scipy.ndimage import label

from phantoms.filling import Filling
from phantoms.lesions.airspace import CORNERS
from phantoms.lesions.bubbles import bubbles
from phantoms.lesions.lungs import lobe_of, lung_density
from phantoms.lesions.pleural import wall
from phantoms.lesions.room import spoken_host
from phantoms.pieces import Kind, Piece, with_finding
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene

KIND = Kind("emphysema", "87433001", "Pulmonary emphysema")
Form = Literal["centrilobular", "paraseptal"]
HOLES_MM: dict[Form, tuple[float, float]] = {"centrilobular": (4.5, 0.35), "paraseptal": (10.0, 0.35)}
"""Median diameter, and the standard deviation of its logarithm: centrilobular holes of 1 to 10 mm, paraseptal ones that
become bullae from 10 mm on (Lynch et al. 2015, Radiology 277:192, Fleischner Society)."""
PERCENT: dict[Form, tuple[float, float]] = {"centrilobular": (4.0, 30.0), "paraseptal": (3.0, 12.0)}
MILD, SEVERE = 10.0, 25.0
"""Percent of the lobe from which on it is moderate, and severe; assumed."""
HOLE_HU = -985.0
UPWARD_MM = 60.0
"""By how many mm below the top of a lobe holes are e times rarer: smoke rises; assumed."""
REACH_MM, NEAR = 9.0, 0.55


@dataclass(frozen=True, kw_only=True)
class Emphysema(Growth):
    """Holes in `percent` of the parenchyma of a lobe, the share of it below -950 HU (the emphysema index).

    None draws. Raises SceneError if the patient has no such lobe.
    """

    structure: str | None = None
    form: Form | None = None
    percent: Annotated[float, Ge(0.5), Le(60)] | None = None

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        structure, block, host, lung = lobe_of(scene, self.structure, rng, "Emphysema")
        drawn: Form = "centrilobular" if rng.random() < 0.75 else "paraseptal"
        form = drawn if self.form is None else self.form
        percent = round(float(rng.uniform(*PERCENT[form])), 1) if self.percent is None else self.percent
        chance = _chance(scene.grid, lung, host, form)
        holes = bubbles(scene.grid, block, lung, chance, percent / 100, HOLES_MM[form], rng)

        grade = "severe" if percent >= SEVERE else "moderate" if percent >= MILD else "mild"
        pieces = [Piece(holes, "lung", lung_density(HOLE_HU))]
        text = f"{grade} {form} emphysema of the {spoken_host(scene, structure)} ({percent:.0f} % below -950 HU)"
        attributes = {"percent": float(percent), "form": form, "grade": grade, "count": float(_count(holes))}
        return with_finding(scene, KIND, structure, pieces, text, attributes)


def _chance(grid: Grid, lung: np.ndarray, host: np.ndarray, form: Form) -> np.ndarray:
    """Where a hole may have its middle: in the upper part, away from the pleura or along it."""
    up = (np.arange(lung.shape[2]) * grid.affine[2, 2]).astype(np.float32)
    above = np.exp((up - up.max()) / np.float32(UPWARD_MM))
    near = wall(host, grid, REACH_MM)
    side = near > NEAR if form == "paraseptal" else near < NEAR
    return np.where(lung & side, above, np.float32(0))


def _count(holes: Filling) -> int:
    """How many holes there are, as the label shows them."""
    filled = holes[1]
    numbers = np.zeros(filled.shape, np.int32)
    label(filled > 0.5 * filled.max(), CORNERS, output=numbers)
    return int(numbers.max())
