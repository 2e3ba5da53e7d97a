"""A man with a new hip, twice: with all that a scanner does to metal, and without its noise and scatter."""

from phantoms.implants.hip_prosthesis import HipProsthesis
from phantoms.people.population import Person
from phantoms.torso import Torso
from pipelines.sheet import picture
from render.ct import CT
from simdata import Streams

streams = Streams(seed=4)

man = Torso(subject=Person(sex="male", age_y=70), voxel_mm=2.0, shape=(208, 152, 84), centre_mm=(0, 0, -378))
patient = man(streams["body"].generator)
patient = HipProsthesis(side="left", stem_mm=80)(patient, streams["hip"].generator)

spoilt = CT(mas=150)(patient, streams["scan"])
clean = CT(mas=150, effects=())(patient, streams["scan"])

picture(patient, spoilt=spoilt, clean=clean).save("hip_metal.png")
