"""A breast of density c under the paddles, with a spiculated mass and a cluster of microcalcifications."""

from phantoms.breast.breast import Breast
from phantoms.lesions.mass import Mass
from phantoms.lesions.microcalcifications import Microcalcifications
from pipelines.sheet import picture
from render.mammography import Mammography
from simdata import Streams

streams = Streams(seed=11)

patient = Breast(density="c", volume_ml=600, voxel_mm=0.5)(streams["breast"].generator)
patient = Mass(form="spiculated", diameter_mm=14)(patient, streams["mass"].generator)
patient = Microcalcifications(count=18, diameter_mm=0.5)(patient, streams["specks"].generator)

image = Mammography(kvp=29)(patient, streams["scan"])

picture(patient, cc=image).save("mammogram.png")
