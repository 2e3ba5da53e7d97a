"""A head with a glioblastoma under two MR sequences."""

from phantoms.head import Head
from phantoms.lesions.glioblastoma import Glioblastoma
from phantoms.people.population import Person
from pipelines.sheet import picture
from render.mr import SpinEcho
from simdata import Streams

streams = Streams(seed=14)

patient = Head(subject=Person(sex="female", age_y=61), voxel_mm=1.5)(streams["head"].generator)
patient = Glioblastoma(diameter_mm=38)(patient, streams["tumour"].generator)

t1 = SpinEcho(tr_ms=500, te_ms=12)(patient, streams["t1"])
t2 = SpinEcho(tr_ms=4500, te_ms=95)(patient, streams["t2"])

print(patient.findings[0].text)
picture(patient, t1=t1, t2=t2).save("brain_mr.png")
