"""Where a structure of the patient lies, or an error that names those that would do."""

from jaxtyping import Bool
from numpy import ndarray

from simdata.errors import SceneError, did_you_mean
from simdata.scene import Scene, present_ids


def present(scene: Scene, structure: str, where: str, among: Bool[ndarray, "x y z"] | None = None) -> ndarray:
    """(x, y, z) bool: its voxels, of those in `among`. Raises SceneError, as `where` says it, if there is none."""
    mask = scene.mask(structure)
    mask = mask if among is None else mask & among
    if not mask.any():
        names = [scene.structures[id].name for id in present_ids(scene.labels) if id]
        raise SceneError(f"{where}: found no voxel of '{structure}' in this patient; {did_you_mean(structure, names)}")
    return mask
