"""Derenzo's rods in six sectors: what a PET or SPECT camera still tells apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt

from phantoms.qa.inserts import Insert, Positive, QualityPhantom, Voxels, known_tissue
from phantoms.qa.rods import Rod
from phantoms.qa.sections import Disc
from phantoms.qa.shapes import Along
from simdata import RecipeError

Diameter = Annotated[float, Gt(0)]
SECTORS = 6


@dataclass(frozen=True, kw_only=True)
class Derenzo(QualityPhantom):
    """Upright rods of `tissue` in a cylinder of `body`, one diameter a sector, two diameters from one to the next.

    Each sector is a triangular lattice that opens outwards; the first lies at three o'clock, the others follow against
    the clock. rod_kbq_ml, body_kbq_ml: activity, in the field "activity_kbq_ml", where one is given.
    The diameters are those of the Deluxe Jaszczak phantom of Data Spectrum (216 mm wide, rods 88 mm high; from memory),
    which has cold rods: tissue "pmma" in a body of "water". Raises RecipeError where no rod of a sector fits.
    """

    rods_mm: tuple[Diameter, Diameter, Diameter, Diameter, Diameter, Diameter] = (4.8, 6.4, 7.9, 9.5, 11.1, 12.7)
    diameter_mm: Annotated[float, Gt(0)] = 216.0
    height_mm: Annotated[float, Gt(0)] = 88.0
    margin_mm: Annotated[float, Ge(0)] = 4.0
    tissue: str = "water"
    body: str = "pmma"
    rod_kbq_ml: Annotated[float, Ge(0)] = 0.0
    body_kbq_ml: Annotated[float, Ge(0)] = 0.0
    voxel_mm: tuple[Positive, Positive, Positive] = (1.0, 1.0, 4.0)
    shape: tuple[Voxels, Voxels, Voxels] = (224, 224, 24)

    def __post_init__(self) -> None:
        known_tissue("Derenzo", self.tissue)
        known_tissue("Derenzo", self.body)
        for sector, rod_mm in enumerate(self.rods_mm):
            if not self.places_mm(sector):
                raise RecipeError(
                    f"Derenzo: no rod of {rod_mm:g} mm fits into a sector of {self.diameter_mm:g} mm; a thinner one "
                    "or a larger diameter_mm would do"
                )

    def places_mm(self, sector: int) -> list[tuple[float, float]]:
        """x, y of every rod of a sector, row by row outwards.

        Row n has n + 1 rods and lies sqrt(3) diameters beyond the last; the first rod is two diameters from the middle,
        so that rods of two sectors stay as far apart as the mean of their own.
        """
        rod_mm, middle = self.rods_mm[sector], np.radians(360 / SECTORS * sector)
        farthest_mm = self.diameter_mm / 2 - self.margin_mm - rod_mm / 2
        found, row = [], 0
        while (out_mm := rod_mm * (2 + np.sqrt(3) * row)) <= farthest_mm:
            for n in range(row + 1):
                aside_mm = (2 * n - row) * rod_mm
                if np.hypot(out_mm, aside_mm) <= farthest_mm:
                    x = out_mm * np.cos(middle) - aside_mm * np.sin(middle)
                    y = out_mm * np.sin(middle) + aside_mm * np.cos(middle)
                    found.append((float(x), float(y)))
            row += 1
        return found

    def rods(self, rod: float = 1.0, body: float = 0.0) -> tuple[Rod, ...]:
        """The phantom in closed form, of those values in the rods and around them: the body, then rod by rod."""
        height_mm = self.height_mm
        whole = Rod(value=body, centre_mm=(0.0, 0.0, 0.0), radius_mm=self.diameter_mm / 2, height_mm=height_mm)
        rods = (
            Rod(value=rod - body, centre_mm=(x, y, 0.0), radius_mm=rod_mm / 2, height_mm=height_mm)
            for sector, rod_mm in enumerate(self.rods_mm)
            for x, y in self.places_mm(sector)
        )
        return (whole, *rods)

    def inserts(self) -> Sequence[Insert]:
        ends_mm = (-self.height_mm / 2, self.height_mm / 2)
        body = Along(Disc((0.0, 0.0), self.diameter_mm / 2), ends_mm)
        sectors = [
            Insert(
                name=f"rods_{sector + 1}",
                shapes=tuple(Along(Disc(at, rod_mm / 2), ends_mm) for at in self.places_mm(sector)),
                tissue=self.tissue,
                kbq_ml=self.rod_kbq_ml,
                kind="rod",
                says=f"rod of {rod_mm:g} mm",
            )
            for sector, rod_mm in enumerate(self.rods_mm)
        ]
        return (Insert(name="phantom_body", shapes=(body,), tissue=self.body, kbq_ml=self.body_kbq_ml), *sectors)
