"""Where the structure lies that an implant is put into."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.present import present
from simdata import Scene


def part_mm(scene: Scene, structure: str, implant: str) -> Float[ndarray, "n 3"]:
    """RAS+ mm of all voxels of a structure. Raises SceneError, as `implant` says it, if the patient has none."""
    return scene.grid.world_mm(np.argwhere(present(scene, structure, implant)))
