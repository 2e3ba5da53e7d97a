"""A torso laid out by cavities: spine, rib cage, diaphragm, and the organs that share the room between them."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.torso.anatomy import draw_anatomy
from simdata import Grid, Phantom, Scene, Subject

Voxels = Annotated[int, Ge(8), Le(1024)]


@dataclass(frozen=True)
class Torso(Phantom):
    """A patient from the lower neck to the fifth lumbar vertebra, supine, without arms, in a shallow held breath.

    subject: who it is. voxel_mm: edge of a voxel, mm. shape: field of view, voxels along x (right), y (front), z (up).
    centre_mm: middle of the field in RAS+ mm; (0, 0, 0) is the middle of the chest at the ninth thoracic vertebra.
    """

    subject: Subject = Subject()
    voxel_mm: Annotated[float, Ge(0.5), Le(8)] = 1.5
    shape: tuple[Voxels, Voxels, Voxels] = (256, 256, 256)
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, rng: Generator) -> Scene:
        grid = Grid.regular(self.shape, self.voxel_mm, self.centre_mm)
        labels, tissue, density = draw_anatomy(self.subject, rng).paint(grid)
        return Scene(grid, labels, tissue, fields={"density": density}, subject=self.subject)


__all__ = ["Torso"]
