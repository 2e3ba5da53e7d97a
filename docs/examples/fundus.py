"""A photograph of the back of an eye with signs of diabetes, and what every pixel of it shows."""

from phantoms.eye_ground.haemorrhages import Haemorrhages
from phantoms.eye_ground.hard_exudates import HardExudates
from phantoms.eye_ground.microaneurysms import Microaneurysms
from phantoms.fundus import Fundus
from pipelines.sheet import picture
from render.fundus import Fundus as FundusCamera
from simdata import Streams
from vascular.fundus_vessels import FundusVessels

streams = Streams(seed=9)

eye = Fundus(field_mm=18.0)(streams["eye"].generator)
eye = FundusVessels(field_mm=18.0)(eye, streams["vessels"].generator)
for sign in (Microaneurysms(count=15), Haemorrhages(blots=6, flames=2), HardExudates(clusters=3)):
    eye = sign(eye, streams[type(sign).__name__].generator)

image = FundusCamera(field_deg=45.0, columns=768, rows=768)(eye, streams["scan"])

picture(eye, photograph=image).save("fundus.png")
