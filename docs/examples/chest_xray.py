"""A chest radiograph, and the outline of every structure whose shadow falls on it."""

from phantoms.people.population import Person
from phantoms.torso import Torso
from pipelines.sheet import picture
from render.c_arm import CArm
from render.xray import XRay
from simdata import Streams

streams = Streams(seed=7)

man = Torso(subject=Person(sex="male", age_y=41), posture="upright", voxel_mm=2.0, shape=(208, 152, 208))
patient = man(streams["body"].generator)

image = XRay(kvp=125, stand=CArm(columns=700, rows=700, pixel_mm=0.6))(patient, streams["scan"])

picture(patient, pa=image).save("chest_xray.png")
