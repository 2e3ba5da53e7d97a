"""Where the structure lies that an implant is put into."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from simdata import Scene, SceneError
from simdata.errors import did_you_mean
from simdata.scene import present_ids


def part_mm(scene: Scene, structure: str, implant: str) -> Float[ndarray, "n 3"]:
    """RAS+ mm of all voxels of a structure. Raises SceneError, as `implant` says it, if the patient has none."""
    voxels = np.argwhere(scene.mask(structure))
    if not len(voxels):
        present = [scene.structures[id].name for id in present_ids(scene.labels) if id]
        hint = did_you_mean(structure, present)
        raise SceneError(f"{implant}: found no voxel of '{structure}' in this patient; {hint}")
    return scene.grid.world_mm(voxels)
