"""What all implants share: where a structure lies, and how pieces of metal become voxels, a label and a finding."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.implants.filling import Filling
from phantoms.strokes import blend
from simdata import Finding, Scene, SceneError, Structure
from simdata.errors import did_you_mean
from simdata.scene import DENSITY, present_ids
from simdata.structures import FIRST_FINDING_ID

COLOUR = (120, 220, 255)
MOST = 0.5
"""Share of its fullest voxel from which on a voxel bears the label of a piece."""


@dataclass(frozen=True, eq=False)
class Piece:
    """So much of these voxels is made of that tissue."""

    filling: Filling
    tissue: str


@dataclass(frozen=True)
class Kind:
    """What an implant is: kind as in a Finding, its SNOMED-CT code and meaning."""

    name: str
    snomed: str
    meaning: str


def part_mm(scene: Scene, structure: str, implant: str) -> Float[ndarray, "n 3"]:
    """RAS+ mm of all voxels of a structure. Raises SceneError, as `implant` says it, if the patient has none."""
    voxels = np.argwhere(scene.mask(structure))
    if not len(voxels):
        present = [scene.structures[id].name for id in present_ids(scene.labels) if id]
        hint = did_you_mean(structure, present)
        raise SceneError(f"{implant}: found no voxel of '{structure}' in this patient; {hint}")
    return scene.grid.world_mm(voxels)


def implanted(scene: Scene, kind: Kind, structure: str, pieces: Sequence[Piece], text: str) -> Scene:
    """`scene` with `pieces`, later ones on top, as one finding in the structure of that name ("" beside the patient).

    Where a piece fills most of a voxel, the density is its own and there is no contrast agent.
    Raises SceneError if all of them lie beyond the grid.
    """
    number = len(scene.findings)
    host = next((one for one in scene.structures.values() if one.name == structure), None)
    first = Structure(
        id=FIRST_FINDING_ID + number,
        name=f"{kind.name.replace(' ', '_')}_{number + 1}",
        parent=host.id if host else 0,
        tissue=pieces[0].tissue,
        laterality=host.laterality if host else "",
        snomed=kind.snomed,
        meaning=kind.meaning,
        colour=COLOUR,
    )
    pure = np.zeros(scene.grid.shape, np.uint8)
    second, share = (array.copy() if scene.mixed else pure.copy() for array in (scene.second, scene.share))
    arrays = (scene.labels.copy(), scene.tissue.copy(), second, share)
    fields = {name: array.copy() for name, array in scene.fields.items()}
    for piece in pieces:
        block, filled = piece.filling
        blend(arrays, block, filled, replace(first, tissue=piece.tissue))
        if filled.size:
            arrays[0][block][filled > MOST * filled.max()] = first.id
        for name, array in fields.items():
            array[block][filled > MOST] = 1 if name == DENSITY else 0

    labels, tissue, second, share = arrays
    finding = _finding(scene, kind.name, structure, first.id, [piece.filling for piece in pieces], text)
    return replace(
        scene,
        labels=labels,
        tissue=tissue,
        second=second,
        share=share,
        fields=MappingProxyType(fields),
        structures=MappingProxyType({**scene.structures, first.id: first}),
        findings=(*scene.findings, finding),
    )


def _finding(scene: Scene, kind: str, structure: str, label: int, fillings: Sequence[Filling], text: str) -> Finding:
    """Volume and centre by the shares of voxels, extent over all voxels that hold any."""
    some = [(block, filled) for block, filled in fillings if filled.any()]
    if not some:
        raise SceneError(f"{kind}: it lies beyond the grid altogether; a larger field of view would do")
    first, last = ([[getattr(side, end) for side in block] for block, _ in some] for end in ("start", "stop"))
    corner = np.min(first, axis=0)
    total = np.zeros(np.max(last, axis=0) - corner, np.float32)
    for block, filled in some:
        here = total[tuple(slice(s.start - c, s.stop - c) for s, c in zip(block, corner, strict=True))]
        np.maximum(here, filled, out=here)
    voxels = np.argwhere(total)
    weight, voxels_mm = total[tuple(voxels.T)].astype(float), scene.grid.world_mm(voxels + corner)
    x, y, z = (weight @ voxels_mm / weight.sum()).tolist()
    voxel_mm = np.abs(scene.grid.affine[:3, :3]).sum(axis=1)
    dx, dy, dz = (np.ptp(voxels_mm, axis=0) + voxel_mm).tolist()
    return Finding(kind, structure, label, (x, y, z), (dx, dy, dz), float(weight.sum()) * scene.grid.voxel_mm3, text)
