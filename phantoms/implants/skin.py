"""Where the patient ends: his front as one sees and feels it."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.filling import box
from simdata import Scene, SceneError

PATCH_MM = 8.0
"""The front is felt that far to all sides, for its slant."""
FAR_MM = 1000.0


def front_mm(scene: Scene, x_mm: float, z_mm: float, implant: str) -> Float[ndarray, " 3"]:
    """The foremost point of the body at that place, RAS+ mm. Raises SceneError, as `implant` says, beside it."""
    y_mm = foremost_mm(scene, x_mm, z_mm)
    if not np.isfinite(y_mm):
        raise SceneError(
            f"{implant}: found no body in front at x {x_mm:.0f} and z {z_mm:.0f} mm; a larger field of view would do"
        )
    return np.array([x_mm, y_mm, z_mm])


def foremost_mm(scene: Scene, x_mm: float, z_mm: float) -> float:
    """How far the body reaches to the front at that place, RAS+ mm; -inf beside it."""
    half = np.array(scene.grid.spacing_mm).max() / 2
    block = box(scene.grid, np.array([x_mm - half, -FAR_MM, z_mm - half]), np.array([x_mm + half, FAR_MM, z_mm + half]))
    body = np.argwhere(scene.labels[block] > 0) + [side.start for side in block]
    return float(scene.grid.world_mm(body)[:, 1].max(initial=-np.inf)) + scene.grid.spacing_mm[1] / 2


def body_mm(scene: Scene, implant: str) -> tuple[Float[ndarray, " 3"], Float[ndarray, " 3"]]:
    """Lowest and highest RAS+ mm of a box of voxels around the body. Raises SceneError, as `implant` says, without."""
    body = scene.labels > 0
    used = [np.flatnonzero(body.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    if not used[0].size:
        raise SceneError(f"{implant}: found no body in the field of view; a patient with one would do")
    ends = np.stack(np.meshgrid(*([at[0], at[-1]] for at in used), indexing="ij"), axis=-1).reshape(-1, 3)
    corners = scene.grid.world_mm(ends)
    return corners.min(axis=0), corners.max(axis=0)


def facing(scene: Scene, x_mm: float, z_mm: float, implant: str) -> Float[ndarray, "3 3"]:
    """Rows: across, out of the body and up, as the front is slanted there."""
    left, right = (front_mm(scene, x_mm + d, z_mm, implant) for d in (-PATCH_MM, PATCH_MM))
    low, high = (front_mm(scene, x_mm, z_mm + d, implant) for d in (-PATCH_MM, PATCH_MM))
    across, up = right - left, high - low
    out = np.cross(up, across)
    across = across / np.linalg.norm(across)
    out = out / np.linalg.norm(out)
    return np.stack([across, out, np.cross(across, out)])
