"""Portal vein, hepatic artery and hepatic veins, grown until every part of a liver has its blood, and seen by CT."""

from phantoms.contrast import ContrastAgent
from phantoms.filled_vessels import FilledVessels
from phantoms.torso import Torso
from pipelines.sheet import picture
from render.ct import CT
from simdata import Streams
from vascular.liver import Liver

streams = Streams(seed=12)

patient = Torso(voxel_mm=1.5, shape=(232, 176, 64), centre_mm=(0, 0, -90))(streams["body"].generator)
patient = Liver(terminals=1200)(patient, streams["vessels"].generator)
for growth in (FilledVessels(), ContrastAgent(phase="portal")):
    patient = growth(patient, streams[type(growth).__name__].generator)

image = CT(mas=200)(patient, streams["scan"])

print({bed: len(vessels) for bed, vessels in patient.vessels.items()})
picture(patient, portal_phase=image).save("liver_vessels.png")
