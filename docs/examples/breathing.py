"""One breath: the patient at its height, and how far every voxel has come since its beginning."""

import numpy as np

from phantoms.breathing.breathing import Breathing
from phantoms.torso import Torso
from pipelines.sheet import picture
from simdata import Image, Streams

streams = Streams(seed=6)

patient = Torso(breath=0.0, voxel_mm=3.0, shape=(136, 104, 152), centre_mm=(0, 0, 0))(streams["body"].generator)
patient = Breathing(tidal_ml=700)(patient, streams["breath"].generator)

moved_mm = np.linalg.norm(patient.motion.displacement(patient.grid, 2.0), axis=0)

picture(patient.at(2.0), moved=Image(moved_mm, "mm", patient.grid)).save("breathing.png")
