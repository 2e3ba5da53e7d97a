"""A B-scan through the fovea: layers, vessels and their shadows, choroid, curvature, roll-off and speckle."""

from phantoms.choroid import Choroid
from phantoms.retina import Retina
from pipelines.sheet import picture
from render.oct_scan import OCT
from simdata import Streams
from vascular.in_layers import InLayers
from vascular.retina import Retina as RetinalVessels

streams = Streams(seed=5)

eye = Retina(field_mm=4.0, voxel_mm=0.02, depth_mm=0.8, depth_voxel_mm=0.004)(streams["eye"].generator)
eye = RetinalVessels(field_mm=3.0)(eye, streams["vessels"].generator)
for growth in (InLayers(), Choroid()):
    eye = growth(eye, streams[type(growth).__name__].generator)

image = OCT(field_mm=3.0, columns=512)(eye, streams["scan"])

picture(eye, b_scan=image).save("oct.png")
