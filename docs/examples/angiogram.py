"""The left coronary artery, grown in a heart by its demand of blood, as contrast agent fills it."""

from phantoms.torso import Torso
from pipelines.sheet import picture
from render.angiography import Angiography
from render.bolus import Bolus
from render.c_arm import CArm
from simdata import Streams
from vascular.coronary import Coronary

streams = Streams(seed=3)

patient = Torso(voxel_mm=1.5, shape=(208, 160, 144))(streams["body"].generator)
patient = Coronary(terminals=600)(patient, streams["vessels"].generator)

oblique = CArm(primary_deg=-30, secondary_deg=-20, centred_on=("heart",), columns=384, rows=384, pixel_mm=0.5)
run = Angiography(bolus=Bolus(trees=(0,)), frames=6, frames_per_s=2, stand=oblique)(patient, streams["scan"])

picture(patient, rao=run).save("angiogram.png")
