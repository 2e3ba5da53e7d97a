"""A head on request: skull, face and brain of a person of any sex, age and size, for CT and MR of the head."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from phantoms.anatomy.patient import Patient
from phantoms.people.population import Person
from phantoms.torso import OrganVolumes, Torso, scene
from simdata import Grid, Phantom, Scene

CHIN_MM, VERTEX_MM = 252.0, 484.0
"""Lowest and highest point of the head in the reference body."""
FORWARD_MM = -1.0
"""Half way between occiput and tip of the nose in the reference body, to the front of the middle of the chest."""
Length = Annotated[float, Ge(16), Le(800)]


@dataclass(frozen=True)
class Head(Phantom):
    """A head from the chin to the vertex, with as much of the neck as the field of view holds.

    It is the head that `phantoms.torso.Torso` gives the same person: same stream, same anatomy.

    subject: what is known of the person; the rest is drawn from the population. brain_ml: volume of the brain with its
    blood; drawn if left out. posture: which way a head is lying when gas and fluid part. voxel_mm: edge of a voxel, mm.
    field_mm: field of view along x (right), y (front) and z (up), mm, as many whole voxels as it takes; its middle is
    that of the head, wherever this person's head is. moved_mm: of the field from there, mm.
    Raises RecipeError for a subject that cannot be, SceneError for a brain that does not fit.
    """

    subject: Person = Person()
    brain_ml: Annotated[float, Ge(200), Le(2500)] | None = None
    posture: Literal["supine", "upright"] = "supine"
    voxel_mm: Annotated[float, Ge(0.3), Le(8)] = 1.0
    field_mm: tuple[Length, Length, Length] = (200.0, 240.0, 256.0)
    moved_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __call__(self, rng: Generator) -> Scene:
        patient = self.torso.patient(rng)
        x, y, z = (max(8, round(length / self.voxel_mm)) for length in self.field_mm)
        dx, dy, dz = np.add(middle_mm(patient), self.moved_mm).tolist()
        return scene(patient, Grid.regular((x, y, z), self.voxel_mm, (dx, dy, dz)))

    @property
    def torso(self) -> Torso:
        """The whole patient with this head."""
        return Torso(subject=self.subject, posture=self.posture, organs=OrganVolumes(brain_ml=self.brain_ml))


def middle_mm(patient: Patient) -> tuple[float, float, float]:
    """The middle of a patient's head between chin and vertex, ears, nose and occiput: RAS+ mm of the whole patient."""
    chin, vertex = patient.made.patient_height_mm(np.array([CHIN_MM, VERTEX_MM])).tolist()
    depth = float(patient.made.at(VERTEX_MM)[1])
    return 0.0, FORWARD_MM * depth, (chin + vertex) / 2
