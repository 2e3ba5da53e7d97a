"""Your own segmentation as a patient: here a toy head in FreeSurfer's numbers, scanned by MR with three weightings."""

import nibabel
import numpy as np

from phantoms.labelmap import Labelmap
from pipelines.sheet import picture
from render.mr import SpinEcho
from simdata import Streams

x, y, z = np.mgrid[-48:48, -60:60, -50:50]
radius = np.sqrt((x / 44) ** 2 + (y / 56) ** 2 + (z / 46) ** 2) + 0.03 * np.sin(x / 4) * np.sin(y / 4) * np.sin(z / 4)
numbers = np.select([radius < 0.2, radius < 0.75, radius < 0.9, radius < 1], [4, 2, 3, 24], 0)
nibabel.save(nibabel.Nifti1Image(numbers.astype(np.int16), np.diag([1.6, 1.6, 1.6, 1])), "aseg.nii.gz")

streams = Streams(seed=8)
patient = Labelmap(file="aseg.nii.gz", labels="freesurfer")(streams["head"].generator)
t1 = SpinEcho(tr_ms=500, te_ms=12)(patient, streams["t1"])
t2 = SpinEcho(tr_ms=4500, te_ms=95)(patient, streams["t2"])

picture(patient, t1=t1, t2=t2).save("own_labels.png")
