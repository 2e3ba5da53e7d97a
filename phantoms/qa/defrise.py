"""Defrise's stack of discs: what a cone beam from one circle cannot see, for discs need rays in their own plane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from phantoms.qa.inserts import Insert, Positive, QualityPhantom, Voxels, known_tissue
from phantoms.qa.rods import Rod
from phantoms.qa.sections import Disc
from phantoms.qa.shapes import Along
from simdata import RecipeError


@dataclass(frozen=True, kw_only=True)
class Defrise(QualityPhantom):
    """Equal discs of `tissue` along the z axis in a cylinder of `between`, as far apart as every_mm says.

    Slices at the height of the source are exact, those far from it blur along z (Tuy's condition); after Kudo and
    Defrise, who gave their names to it. Seven discs of 10 mm every 20 mm are ours.
    Raises RecipeError where discs would touch, or for a tissue that is not known.
    """

    discs: Annotated[int, Ge(1), Le(200)] = 7
    diameter_mm: Annotated[float, Gt(0)] = 160.0
    disc_mm: Annotated[float, Gt(0)] = 10.0
    every_mm: Annotated[float, Gt(0)] = 20.0
    tissue: str = "pmma"
    between: str = "air"
    voxel_mm: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)
    shape: tuple[Voxels, Voxels, Voxels] = (176, 176, 144)

    def __post_init__(self) -> None:
        known_tissue("Defrise", self.tissue)
        known_tissue("Defrise", self.between)
        if self.every_mm <= self.disc_mm:
            raise RecipeError(
                f"Defrise: discs of {self.disc_mm:g} mm every {self.every_mm:g} mm touch; a larger every_mm would do"
            )

    @property
    def heights_mm(self) -> list[float]:
        """z of the middle of every disc."""
        return [(n - (self.discs - 1) / 2) * self.every_mm for n in range(self.discs)]

    def rods(self, disc: float = 1.0) -> tuple[Rod, ...]:
        """The discs in closed form, each of that value, with nothing between them."""
        return tuple(
            Rod(value=disc, centre_mm=(0.0, 0.0, z), radius_mm=self.diameter_mm / 2, height_mm=self.disc_mm)
            for z in self.heights_mm
        )

    def inserts(self) -> Sequence[Insert]:
        section = Disc((0.0, 0.0), self.diameter_mm / 2)
        heights_mm, half_mm = self.heights_mm, self.disc_mm / 2
        stack = Along(section, (heights_mm[0] - half_mm, heights_mm[-1] + half_mm))
        discs = tuple(Along(section, (z - half_mm, z + half_mm)) for z in heights_mm)
        return (
            Insert(name="phantom_body", shapes=(stack,), tissue=self.between),
            Insert(name="disc", shapes=discs, tissue=self.tissue, kind="disc", says=f"disc of {self.disc_mm:g} mm"),
        )
