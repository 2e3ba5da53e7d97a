"""Chest CT of a woman of 54 with a nodule in her lung, at the dose of a screening."""

from phantoms.lesions.nodule import Nodule
from phantoms.people.population import Person
from phantoms.torso import Torso
from pipelines.sheet import picture
from render.ct import CT
from simdata import Streams

streams = Streams(seed=2025)

woman = Torso(subject=Person(sex="female", age_y=54), voxel_mm=2.0, shape=(192, 144, 112), centre_mm=(0, 0, 0))
patient = woman(streams["body"].generator)
nodule = Nodule(structure="lung_upper_lobe_right", diameter_mm=18, irregularity=0.6)
patient = nodule(patient, streams["nodule"].generator)

image = CT(kvp=120, mas=40)(patient, streams["scan"])

print(patient.findings[0].text)
picture(patient, ct=image).save("chest_ct.png")
