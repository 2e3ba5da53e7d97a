"""A solid nodule in an organ: a lobulated ball of tumour with the volume of a sphere of its diameter."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata.errors import RecipeError, SceneError, did_you_mean
from simdata.finding import Finding
from simdata.grid import Grid
from simdata.parts import Growth
from simdata.scene import Scene, present_ids
from simdata.structures import FIRST_FINDING_ID, Structure
from simdata.tissues import tissues

NODULE_SNOMED = "27925004"
"""SNOMED-CT: Nodule (DICOM PS3.16, CID 7159)."""
COLOUR = (255, 90, 0)
WAVES = 24
FEWEST_LOBES, MOST_LOBES = 2.5, 7.0
"""Wave numbers of the surface, rad per radius: how many bulges go around the nodule."""
ROUGHEST = 0.25
"""Standard deviation of ln(radius) over the surface at irregularity 1."""
REACH = 2.5
"""Radii around the centre in which the nodule lies for certain (3.6 deviations of the roughest surface)."""


@dataclass(frozen=True, kw_only=True)
class Nodule(Growth):
    """A solid nodule of `diameter_mm` (of the sphere of equal volume) in the structure of that name.

    Its radius in direction d is r(d) = r0 exp(0.25 irregularity g(d)), g a smooth noise of mean 0 and variance 1; r0 is
    solved so that its voxels, which all lie in the structure, have the volume pi d^3 / 6, and at least one voxel.
    centre_mm: RAS+ mm, or None for a random place in which the sphere fits. tissue: a name in simdata/tissues.csv.
    Raises SceneError if the patient has no such structure, or the sphere does not fit into it.
    """

    structure: str = "liver"
    diameter_mm: Annotated[float, Ge(2), Le(100)] = 15.0
    centre_mm: tuple[float, float, float] | None = None
    irregularity: Annotated[float, Ge(0), Le(1)] = 0.3
    tissue: str = "tumour"

    def __post_init__(self) -> None:
        if self.tissue not in tissues():
            raise RecipeError(f"Nodule.tissue: found '{self.tissue}'; {did_you_mean(self.tissue, tissues())}")

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        host = scene.mask(self.structure) & (scene.labels < FIRST_FINDING_ID)
        if not host.any():
            raise SceneError(_absent(scene, self.structure))
        centre_mm = self._random_place(host, scene.grid, rng) if self.centre_mm is None else self._place(host, scene)

        mask = _lump(host, scene.grid, centre_mm, self.diameter_mm, ROUGHEST * self.irregularity, rng)

        number = len(scene.findings)
        parent = next(entry for entry in scene.structures.values() if entry.name == self.structure)
        nodule = Structure(
            id=FIRST_FINDING_ID + number,
            name=f"nodule_{number + 1}",
            parent=parent.id,
            tissue=self.tissue,
            laterality=parent.laterality,
            snomed=NODULE_SNOMED,
            meaning="Nodule",
            colour=COLOUR,
        )
        text = f"{self.diameter_mm:.0f} mm nodule in the {_spoken(parent)}"
        finding = _measured(mask, scene.grid, nodule.id, self.structure, text)
        return replace(scene.paint(mask, nodule), findings=(*scene.findings, finding))

    def _random_place(self, host: Bool[ndarray, "x y z"], grid: Grid, rng: Generator) -> Float[ndarray, " 3"]:
        corner, room_mm = _room(host, grid)
        places = np.flatnonzero(room_mm >= self.diameter_mm / 2)
        if not places.size:
            raise SceneError(
                f"Nodule: found room for {2 * room_mm.max():.1f} mm at most in '{self.structure}', not for "
                f"{self.diameter_mm:g} mm; a smaller diameter_mm or a larger structure would do"
            )
        voxel = np.unravel_index(rng.choice(places), room_mm.shape)
        return grid.world_mm(np.array(voxel) + corner)

    def _place(self, host: Bool[ndarray, "x y z"], scene: Scene) -> Float[ndarray, " 3"]:
        centre_mm = np.array(self.centre_mm, float)
        corner, room_mm = _room(host, scene.grid)
        voxel = np.rint(scene.grid.index(centre_mm)).astype(int) - corner
        inside = bool((voxel >= 0).all() and (voxel < room_mm.shape).all())
        here_mm = 2 * float(room_mm[tuple(voxel)]) if inside else 0.0
        if here_mm < self.diameter_mm:
            raise SceneError(
                f"Nodule: found room for {here_mm:.1f} mm of '{self.structure}' around centre_mm {self.centre_mm}, not "
                f"for {self.diameter_mm:g} mm; another centre_mm or none, or a smaller diameter_mm, would do "
                f"({2 * room_mm.max():.1f} mm fit at the best place)"
            )
        return centre_mm


def _room(host: Bool[ndarray, "x y z"], grid: Grid) -> tuple[ndarray, Float[ndarray, "a b c"]]:
    """First voxel of the host's bounding box, and in the box the distance of each voxel to the nearest outside, mm."""
    used = [np.flatnonzero(host.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    box = tuple(slice(at[0], at[-1] + 1) for at in used)
    distance = distance_transform_edt(np.pad(host[box], 1), sampling=grid.spacing_mm)
    return np.array([at[0] for at in used]), np.asarray(distance)[1:-1, 1:-1, 1:-1]


def _lump(
    host: Bool[ndarray, "x y z"],
    grid: Grid,
    centre_mm: Float[ndarray, " 3"],
    diameter_mm: float,
    roughness: float,
    rng: Generator,
) -> Bool[ndarray, "x y z"]:
    """The host's voxels nearest to the centre, each distance measured in radii of its own direction."""
    voxels = _voxels_around(host, grid, centre_mm, REACH * diameter_mm / 2)
    offset = (grid.world_mm(voxels) - centre_mm).astype(np.float32)
    distance = np.linalg.norm(offset, axis=1)
    direction = offset / np.maximum(distance, np.finfo(np.float32).tiny)[:, None]
    radii = distance / np.exp(roughness * _smooth_noise(direction, rng))

    wanted = max(1, round(np.pi / 6 * diameter_mm**3 / grid.voxel_mm3))
    nearest = voxels[np.argsort(radii, kind="stable")[:wanted]]
    mask = np.zeros(grid.shape, bool)
    mask[tuple(nearest.T)] = True
    return mask


def _voxels_around(
    host: Bool[ndarray, "x y z"], grid: Grid, centre_mm: Float[ndarray, " 3"], reach_mm: float
) -> ndarray:
    """Indices (n, 3) of the host's voxels in a box around the centre, one voxel wider than `reach_mm`."""
    half = np.ceil(reach_mm * np.abs(np.linalg.inv(grid.affine[:3, :3])).sum(axis=1)) + 1
    middle = grid.index(centre_mm)
    first = np.maximum(np.floor(middle - half), 0).astype(int)
    last = np.minimum(np.ceil(middle + half) + 1, grid.shape).astype(int)
    return np.argwhere(host[tuple(map(slice, first, last))]) + first


def _smooth_noise(direction: Float32[ndarray, "n 3"], rng: Generator) -> Float32[ndarray, " n"]:
    """Plane waves of random direction, length and phase, read on the unit sphere: mean 0 and variance 1."""
    heading = rng.standard_normal((WAVES, 3))
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    lobes = rng.uniform(FEWEST_LOBES, MOST_LOBES, (WAVES, 1))
    phase = rng.uniform(0, 2 * np.pi, WAVES).astype(np.float32)
    total = np.zeros(len(direction), np.float32)
    for wave, shift in zip((lobes * heading).astype(np.float32), phase, strict=True):
        total += np.cos(direction @ wave + shift)
    return total * np.float32(np.sqrt(2 / WAVES))


def _measured(mask: Bool[ndarray, "x y z"], grid: Grid, label: int, structure: str, text: str) -> Finding:
    voxels_mm = grid.world_mm(np.argwhere(mask))
    voxel_mm = np.abs(grid.affine[:3, :3]).sum(axis=1)
    x, y, z = voxels_mm.mean(axis=0).tolist()
    dx, dy, dz = (np.ptp(voxels_mm, axis=0) + voxel_mm).tolist()
    volume_mm3 = len(voxels_mm) * grid.voxel_mm3
    return Finding("nodule", structure, label, (x, y, z), (dx, dy, dz), volume_mm3, text)


def _spoken(structure: Structure) -> str:
    """As one dictates it: "right upper lobe of the lung", "L5 vertebra"."""
    meaning = structure.meaning.replace(" of ", " of the ")
    if meaning[1:2].islower():
        meaning = meaning[0].lower() + meaning[1:]
    return meaning if structure.laterality in meaning.lower() else f"{structure.laterality} {meaning}"


def _absent(scene: Scene, name: str) -> str:
    present = [scene.structures[id].name for id in present_ids(scene.labels) if id]
    return f"Nodule.structure: found no voxel of '{name}' in this patient; {did_you_mean(name, present)}"
