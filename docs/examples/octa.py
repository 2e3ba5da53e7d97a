"""The macula in OCT angiography: light that fades in layers and blood, speckle, sensor noise, an eye that jerks."""

from phantoms.retina import Retina
from pipelines.sheet import picture
from render.octa import OCTA
from simdata import Streams
from vascular.in_layers import InLayers
from vascular.retina import Retina as RetinalVessels

streams = Streams(seed=5)

eye = Retina(field_mm=3.0, voxel_mm=0.02, depth_mm=0.26, depth_voxel_mm=0.004)(streams["eye"].generator)
eye = RetinalVessels(field_mm=3.0)(eye, streams["vessels"].generator)
eye = InLayers()(eye, streams["layers"].generator)

image = OCTA(field_mm=3.0, pixels=304)(eye, streams["scan"])

print(f"{len(eye.vessels['retina'])} points of arteries, veins and capillaries, each with its flow and pressure")
picture(eye, superficial=image).save("octa.png")
