"""What grows under the skull of one side presses septum and ventricles to the other; fluid gives way before brain."""

import numpy as np
from jaxtyping import Bool
from numpy import ndarray
from scipy.ndimage import distance_transform_edt

from phantoms.lesions.gives_way import NOTHING_MM, along
from phantoms.lesions.room import boxed
from phantoms.lesions.shifted import Lattice, lattice, shifted
from phantoms.lesions.skull_side import SkullSide, inside_skull, skull_side
from simdata.scene import Scene

NODE_MM = 5.0
DEEP_MM, NEAR_MM, SEEN_MM = 28.0, 32.0, 4.0
"""So deep under the bone and so near to the middle lies what the pressure leans on; and what the shift is read at."""
FLUID, BRAIN, CORE = 1.0, 5.0, 50.0
"""Stiffness of cisterns and sulci, of brain, and of what is leaned on, relative; assumed: septum, ventricles and
thalami go nearly as one, and the hemispheres give way beside them."""
BELOW = ("cerebell", "brain_stem", "fourth_ventricle")
"""Beginnings of names: what lies under the tentorium is not leaned on."""
MOST = 0.85
"""Of the way between two nodes, which none loses more of: nothing folds."""


def with_midline_shift(scene: Scene, side: str, shift_mm: float) -> tuple[Scene, float]:
    """`scene` whose midline, in the depth of the brain, has gone shift_mm away from `side`; what lies at bone stays.

    Also the shift itself, mm: less where there is not so much room, 0 without two hemispheres.
    """
    whole = inside_skull(scene)
    cortex = [scene.mask(f"cerebral_cortex_{one}") for one in ("left", "right")]
    if shift_mm < NOTHING_MM or not all(one.any() for one in cortex):
        return scene, 0.0
    at = lattice(scene.grid, boxed(whole)[0], NODE_MM)
    inside = at.of(whole)
    across_mm = _across_mm(scene, at, cortex)
    depth_mm = np.asarray(distance_transform_edt(np.pad(inside, 1), sampling=_node_mm(scene, at)))[1:-1, 1:-1, 1:-1]
    deep = inside & (depth_mm > min(DEEP_MM, 0.6 * depth_mm.max()))
    deep &= ~_any(at.of(scene.labels), scene, BELOW)
    leaned_on, seen = (deep & (np.abs(across_mm) < near) for near in (NEAR_MM, SEEN_MM))
    if not seen.any():
        return scene, 0.0

    stiffness = np.where(at.of(scene.mask("brain_csf")), FLUID, BRAIN)
    stiffness[leaned_on] = CORE
    u = along(stiffness, leaned_on, ~inside)
    u /= u[seen].mean()
    away = 1.0 if side == "left" else -1.0
    along_x = away * np.sign(scene.grid.affine[0, 0]) * np.diff(u, axis=0)
    steepest = -float(along_x.min()) / _node_mm(scene, at)[0]
    shift_mm = float(min(shift_mm, MOST / max(steepest, 1e-9)))
    way_mm = np.zeros((3, *u.shape))
    way_mm[0] = away * shift_mm * u
    return shifted(scene, at, way_mm), round(shift_mm, 1)


def shifted_side(scene: Scene, side: str, shift_mm: float, lesion: str) -> tuple[Scene, SkullSide, float]:
    """`scene` with that shift, the inside of that half of the skull in it, and the shift that there was room for, mm.

    Raises SceneError, as `lesion` says it, if there is no such half.
    """
    skull_side(scene, side, lesion)
    after, shift_mm = with_midline_shift(scene, side, shift_mm)
    return after, skull_side(after, side, lesion), shift_mm


def said_shift(shift_mm: float) -> str:
    """As a report ends with it; nothing below 1 mm."""
    return f" with {shift_mm:.0f} mm midline shift" if shift_mm >= 1 else ""


def _across_mm(scene: Scene, at: Lattice, cortex: list[Bool[ndarray, "x y z"]]) -> ndarray:
    """How far every node lies to the right of the plane between the hemispheres, mm."""
    places = [scene.grid.world_mm(np.argwhere(one)) for one in cortex]
    middle = [(part.min(axis=0) + part.max(axis=0)) / 2 for part in places]
    normal = middle[1] - middle[0]
    normal /= np.linalg.norm(normal)
    return (scene.grid.world_mm(np.moveaxis(at.nodes(), 0, -1)) - (middle[0] + middle[1]) / 2) @ normal


def _any(labels: ndarray, scene: Scene, beginnings: tuple[str, ...]) -> Bool[ndarray, "a b c"]:
    ids = [id for id, one in scene.structures.items() if one.name.startswith(beginnings)]
    return np.isin(labels, ids)


def _node_mm(scene: Scene, at: Lattice) -> list[float]:
    return [mm * step for mm, step in zip(scene.grid.spacing_mm, at.every, strict=True)]
