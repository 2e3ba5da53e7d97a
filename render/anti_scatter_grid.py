"""An anti-scatter grid: lamellae of lead that look at the focus, so that what comes from there passes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt
from jaxtyping import Bool, Float64
from numpy import ndarray

from render.attenuation import compositions, mass_attenuation
from render.kernels.lamellae import transmitted
from render.tube import DENSITY_G_CM3
from render.units import MM_PER_CM
from simdata import Part, RecipeError

LAMELLAE = {"lead": ({"Pb": 1.0}, DENSITY_G_CM3["Pb"]), "tungsten": ({"W": 1.0}, DENSITY_G_CM3["W"])}
INTERSPACES = {
    "air": (compositions()["air"], 0.001205),
    "carbon": ({"C": 1.0}, 1.7),
    "aluminium": ({"Al": 1.0}, DENSITY_G_CM3["Al"]),
}
"""Mass fractions and g/cm3; carbon as graphite. NIST, X-ray mass attenuation coefficients, tables 1 and 2."""


@dataclass(frozen=True, kw_only=True)
class AntiScatterGrid(Part):
    """Focused lamellae in one direction; two grids, one along each axis of the detector, make a crossed one.

    ratio: height of the lamellae over the width between them. lines_per_cm: how many. lamella_mm: how thick.
    along: the axis of the detector that they run along. The default is the stationary or moving grid of a chest stand,
    12:1 with 40 lines per cm; a CT scanner has tungsten of 0.1 mm between its elements, 24:1 and more.
    """

    ratio: Annotated[float, Gt(0)] = 12.0
    lines_per_cm: Annotated[float, Gt(0)] = 40.0
    lamella_mm: Annotated[float, Gt(0)] = 0.05
    lamella: Literal["lead", "tungsten"] = "lead"
    interspace: Literal["air", "carbon", "aluminium"] = "aluminium"
    along: Literal["columns", "rows"] = "columns"

    def __post_init__(self) -> None:
        if self.lamella_mm >= self.period_mm:
            raise RecipeError(
                f"AntiScatterGrid: {self.lines_per_cm} lamellae of {self.lamella_mm} mm do not fit in a cm; "
                f"thinner ones than {self.period_mm:.3g} mm would do"
            )

    @property
    def period_mm(self) -> float:
        """From one lamella to the next."""
        return MM_PER_CM / self.lines_per_cm

    @property
    def height_mm(self) -> float:
        """Of the lamellae, along the ray from the focus."""
        return self.ratio * (self.period_mm - self.lamella_mm)

    def numbers(self, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, "e 5"]:
        """Height, thickness and period, mm, and attenuation of lamellae and interspace, 1/mm, for each energy."""
        per_mm = [
            density * mass_attenuation(fractions, energy_kev) / MM_PER_CM
            for fractions, density in (LAMELLAE[self.lamella], INTERSPACES[self.interspace])
        ]
        shape = np.full((3, len(energy_kev)), [[self.height_mm], [self.lamella_mm], [self.period_mm]])
        return np.ascontiguousarray(np.vstack([shape, per_mm]).T)

    def primary(self, energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, " e"]:
        """Share of the photons from the focus that pass."""
        return np.array([transmitted(0.0, 0.0, *numbers) for numbers in self.numbers(energy_kev)])


def walls(
    grids: Sequence[AntiScatterGrid], energy_kev: Float64[ndarray, " e"]
) -> tuple[Float64[ndarray, "g e 5"], Bool[ndarray, " g"]]:
    """Numbers of every grid, and whether its lamellae run along the detector's columns, as kernels take them."""
    numbers = np.zeros((len(grids), len(energy_kev), 5))
    for each, grid in zip(numbers, grids, strict=True):
        each[:] = grid.numbers(energy_kev)
    return numbers, np.array([grid.along == "columns" for grid in grids], bool)
