"""The ACR CT phantom, whose inserts every physicist knows, at full and at low dose."""

from phantoms.qa.acr_ct import AcrCt
from pipelines.sheet import picture
from render.ct import CT
from simdata import Streams

streams = Streams(seed=1)

phantom = AcrCt(voxel_mm=(1.0, 1.0, 2.0), shape=(212, 212, 8), centre_mm=(0.0, 0.0, -45.0))(
    streams["phantom"].generator
)

full, low = (CT(mas=mas)(phantom, streams["scan"]) for mas in (300, 20))

picture(phantom, full=full, low=low).save("acr_phantom.png")
