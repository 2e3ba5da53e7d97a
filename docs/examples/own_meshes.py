"""Your own meshes as a patient: every STL, OBJ or PLY file of a folder is the structure that it is called."""

from pathlib import Path

import trimesh

from phantoms.meshes import Meshes
from pipelines.sheet import picture
from render.ct import CT
from simdata import Streams

folder = Path("meshes")
folder.mkdir(exist_ok=True)
liver = trimesh.creation.icosphere(subdivisions=4, radius=55)
liver.vertices *= [1.3, 1.0, 0.8]
liver.export(folder / "liver.stl")
spine = trimesh.creation.cylinder(radius=18, height=110)
spine.apply_translation([0, -75, 0])
spine.export(folder / "vertebrae_L1.stl")

streams = Streams(seed=8)
patient = Meshes(folder="meshes", voxel_mm=2.0, background="visceral_fat")(streams["meshes"].generator)
image = CT(mas=100)(patient, streams["scan"])

picture(patient, ct=image).save("own_meshes.png")
