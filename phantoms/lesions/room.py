"""Where a lesion may lie, how a lump's surface bulges, and what is reported of it: what all lesions share."""

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata.errors import SceneError, did_you_mean
from simdata.finding import Finding
from simdata.grid import Grid
from simdata.scene import Scene, present_ids
from simdata.structures import FIRST_FINDING_ID, Structure

COLOUR = (255, 90, 0)
WAVES = 24
FEWEST_LOBES, MOST_LOBES = 2.5, 7.0
"""Wave numbers of a lump's surface, rad per radius: how many bulges go around it."""
MOST_VOXELS = 1 << 24
"""Where a host has more, room is measured on every second voxel or fewer."""


def host_of(scene: Scene, structure: str, lesion: str) -> Bool[ndarray, "x y z"]:
    """The voxels of a structure that no finding has taken. Raises SceneError if the patient has none."""
    host = scene.mask(structure) & (scene.labels < FIRST_FINDING_ID)
    if not host.any():
        present = [scene.structures[id].name for id in present_ids(scene.labels) if id]
        hint = did_you_mean(structure, present)
        raise SceneError(f"{lesion}.structure: found no voxel of '{structure}' in this patient; {hint}")
    return host


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
    corner, step, room_mm = _room(host, grid)
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
    first = np.maximum(np.floor(middle - half), 0).astype(int)
    last = np.minimum(np.ceil(middle + half) + 1, grid.shape).astype(int)
    return slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])


def smooth_noise(
    direction: Float32[ndarray, "n 3"], rng: Generator, fewest: float = FEWEST_LOBES, most: float = MOST_LOBES
) -> Float32[ndarray, " n"]:
    """Plane waves of random direction, length and phase, read on the unit sphere: mean 0 and variance 1."""
    heading = rng.standard_normal((WAVES, 3))
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    lobes = rng.uniform(fewest, most, (WAVES, 1))
    phase = rng.uniform(0, 2 * np.pi, WAVES).astype(np.float32)
    total = np.zeros(len(direction), np.float32)
    for wave, shift in zip((lobes * heading).astype(np.float32), phase, strict=True):
        total += np.cos(direction @ wave + shift)
    return total * np.float32(np.sqrt(2 / WAVES))


def measured(voxels: ndarray, grid: Grid, kind: str, label: int, structure: str, text: str) -> Finding:
    """The finding of a lesion that has these voxels, indices (n, 3)."""
    voxels_mm = grid.world_mm(voxels)
    voxel_mm = np.abs(grid.affine[:3, :3]).sum(axis=1)
    x, y, z = voxels_mm.mean(axis=0).tolist()
    dx, dy, dz = (np.ptp(voxels_mm, axis=0) + voxel_mm).tolist()
    return Finding(kind, structure, label, (x, y, z), (dx, dy, dz), len(voxels_mm) * grid.voxel_mm3, text)


def entry(scene: Scene, structure: str, kind: str, tissue: str, snomed: str, meaning: str) -> Structure:
    """What the next finding of the patient is called, in a structure of that name."""
    number = len(scene.findings)
    parent = host_structure(scene, structure)
    return Structure(
        id=FIRST_FINDING_ID + number,
        name=f"{kind}_{number + 1}",
        parent=parent.id,
        tissue=tissue,
        laterality=parent.laterality,
        snomed=snomed,
        meaning=meaning,
        colour=COLOUR,
    )


def host_structure(scene: Scene, name: str) -> Structure:
    """The patient's structure of that name."""
    return next(one for one in scene.structures.values() if one.name == name)


def spoken(structure: Structure) -> str:
    """As one dictates it: "right upper lobe of the lung", "L5 vertebra"."""
    meaning = structure.meaning.replace(" of ", " of the ")
    if meaning[1:2].islower():
        meaning = meaning[0].lower() + meaning[1:]
    return meaning if structure.laterality in meaning.lower() else f"{structure.laterality} {meaning}"


def _room(host: Bool[ndarray, "x y z"], grid: Grid) -> tuple[ndarray, int, Float[ndarray, "a b c"]]:
    """First voxel of the host's bounding box, the step, and every step-th voxel's distance to the nearest outside."""
    used = [np.flatnonzero(host.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    step = 1
    while np.prod([len(at) / step for at in used]) > MOST_VOXELS:
        step += 1
    box = tuple(slice(at[0], at[-1] + 1, step) for at in used)
    spacing = [step * mm for mm in grid.spacing_mm]
    distance = distance_transform_edt(np.pad(host[box], 1), sampling=spacing)
    return np.array([at[0] for at in used]), step, np.asarray(distance)[1:-1, 1:-1, 1:-1]
