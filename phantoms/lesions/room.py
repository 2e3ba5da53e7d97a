"""Where a lesion may lie, and what its host is called: what all lesions share."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from phantoms.filling import Filling
from phantoms.present import present
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.scene import Scene
from simdata.spoken import spoken
from simdata.structures import FIRST_FINDING_ID

MOST_VOXELS = 1 << 24
"""Where a host has more, room is measured on every second voxel or fewer."""


def host_of(scene: Scene, structure: str, lesion: str) -> Bool[ndarray, "x y z"]:
    """The voxels of a structure that no finding has taken. Raises SceneError if the patient has none."""
    return present(scene, structure, f"{lesion}.structure", scene.labels < FIRST_FINDING_ID)


def place(
    host: Bool[ndarray, "x y z"],
    grid: Grid,
    diameter_mm: float,
    centre_mm: tuple[float, float, float] | None,
    rng: Generator,
    lesion: str,
    structure: str,
) -> Float[ndarray, " 3"]:
    """Where a sphere fits: around `centre_mm`, or at random. Raises SceneError, as `lesion` says it, if it does not."""
    corner, step, room_mm = rooms(host, grid)
    if centre_mm is None:
        places = np.flatnonzero(room_mm >= diameter_mm / 2)
        if not places.size:
            raise SceneError(
                f"{lesion}: found room for {2 * room_mm.max():.1f} mm at most in '{structure}', not for "
                f"{diameter_mm:g} mm; a smaller diameter_mm or a larger structure would do"
            )
        voxel = np.unravel_index(rng.choice(places), room_mm.shape)
        return grid.world_mm(step * np.array(voxel) + corner)

    voxel = np.rint((grid.index(np.array(centre_mm, float)) - corner) / step).astype(int)
    inside = bool((voxel >= 0).all() and (voxel < room_mm.shape).all())
    here_mm = 2 * float(room_mm[tuple(voxel)]) if inside else 0.0
    if here_mm < diameter_mm:
        raise SceneError(
            f"{lesion}: found room for {here_mm:.1f} mm of '{structure}' around centre_mm {centre_mm}, not "
            f"for {diameter_mm:g} mm; another centre_mm or none, or a smaller diameter_mm, would do "
            f"({2 * room_mm.max():.1f} mm fit at the best place)"
        )
    return np.array(centre_mm, float)


def box_around(grid: Grid, centre_mm: Float[ndarray, " 3"], reach_mm: float) -> tuple[slice, slice, slice]:
    """The voxels in a box around the centre, one voxel wider than `reach_mm`, as far as the grid goes."""
    half = np.ceil(reach_mm * np.abs(np.linalg.inv(grid.affine[:3, :3])).sum(axis=1)) + 1
    middle = grid.index(centre_mm)
    first = np.maximum(np.floor(middle - half), 0).astype(int).tolist()
    last = np.minimum(np.ceil(middle + half) + 1, grid.shape).astype(int).tolist()
    return slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])


def boxed(mask: Bool[ndarray, "x y z"]) -> tuple[Block, Bool[ndarray, "a b c"]]:
    """The block that a mask lies in, and the mask there."""
    ends = [np.flatnonzero(mask.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    x, y, z = (slice(int(at[0]), int(at[-1]) + 1) for at in ends)
    return (x, y, z), mask[x, y, z]


def kept_in(host: Bool[ndarray, "x y z"], filling: Filling) -> Filling:
    """A filling of the host's voxels alone."""
    block, filled = filling
    return block, np.where(host[block], filled, np.float32(0))


def spoken_host(scene: Scene, structure: str) -> str:
    """The patient's structure of that name as one dictates it: "right upper lobe of the lung", "L5 vertebra"."""
    return spoken(next(one for one in scene.structures.values() if one.name == structure))


def rooms(host: Bool[ndarray, "x y z"], grid: Grid) -> tuple[ndarray, int, Float[ndarray, "a b c"]]:
    """First voxel of the host's bounding box, the step, and every step-th voxel's distance to the nearest outside."""
    used = [np.flatnonzero(host.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    step = 1
    while np.prod([len(at) / step for at in used]) > MOST_VOXELS:
        step += 1
    box = tuple(slice(at[0], at[-1] + 1, step) for at in used)
    spacing = [step * mm for mm in grid.spacing_mm]
    distance = distance_transform_edt(np.pad(host[box], 1), sampling=spacing)
    return np.array([at[0] for at in used]), step, np.asarray(distance)[1:-1, 1:-1, 1:-1]
