"""A small patient for exports whose left, front and head nobody can mistake: an organ and a bone on one side each."""

from dataclasses import dataclass

import numpy as np

from simdata import Grid, Phantom, Scene
from simdata.structures import structure
from simdata.subject import Subject

SHAPE = (34, 26, 20)
VOXEL_MM = (4.0, 4.0, 5.0)
CENTRE_MM = (3.0, -10.0, 40.0)
MARKER = "clavicula_left"
MARKER_MM = np.array([-41.0, 18.0, 67.5])
"""The middle of the bone: left, front and up of the middle of the grid."""


@dataclass(frozen=True, kw_only=True)
class Marked(Phantom):
    """A trunk of fat with a liver on the right and behind, and a bar of bone on the left, in front and above."""

    subject: Subject = Subject()

    def __call__(self, rng):
        grid = Grid.regular(SHAPE, VOXEL_MM, CENTRE_MM)
        x, y, z = np.moveaxis(grid.points_mm() - CENTRE_MM, -1, 0)
        labels = np.zeros(SHAPE, np.uint16)
        labels[(x / 60) ** 2 + (y / 45) ** 2 < 1] = structure("visceral_fat").id
        labels[((x - 22) / 26) ** 2 + ((y + 10) / 20) ** 2 + ((z + 5) / 28) ** 2 < 1] = structure("liver").id
        labels[(abs(x + 44) < 8) & (abs(y - 28) < 6) & (abs(z - 27.5) < 10)] = structure(MARKER).id
        return Scene(grid, labels, subject=self.subject)
