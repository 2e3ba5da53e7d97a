"""How pieces of tissue or metal become voxels, a label and a finding: what lesions and implants share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from phantoms.filling import Filling
from phantoms.strokes import mix
from simdata import Scene, SceneError, Structure
from simdata.finding import Attribute
from simdata.measured import measured
from simdata.scene import DENSITY, WHOLE
from simdata.structures import FIRST_FINDING_ID

LESION_COLOUR, IMPLANT_COLOUR = (255, 90, 0), (120, 220, 255)
MOST = 0.5
"""Share of its fullest voxel from which on a voxel bears the label of a piece."""


@dataclass(frozen=True, eq=False)
class Piece:
    """So much of these voxels is made of that tissue.

    density: relative to the tissue's own, one number or one for every voxel of the block.
    """

    filling: Filling
    tissue: str
    density: float | Float32[ndarray, "_ _ _"] = 1.0


@dataclass(frozen=True)
class Kind:
    """What a lesion or an implant is: kind as in a Finding, its SNOMED-CT code and meaning."""

    name: str
    snomed: str
    meaning: str
    colour: tuple[int, int, int] = LESION_COLOUR


def with_finding(
    scene: Scene,
    kind: Kind,
    structure: str,
    pieces: Sequence[Piece],
    text: str,
    attributes: Mapping[str, Attribute] | None = None,
) -> Scene:
    """`scene` with `pieces`, later ones on top, as one finding in the structure of that name ("" beside the patient).

    A voxel has the density of its pieces by the share that they fill, and none of them holds contrast agent.
    Raises SceneError if all of them lie beyond the grid.
    """
    number = len(scene.findings)
    host = next((one for one in scene.structures.values() if one.name == structure), None)
    own = Structure(
        id=FIRST_FINDING_ID + number,
        name=f"{kind.name.replace(' ', '_')}_{number + 1}",
        parent=host.id if host else 0,
        tissue=pieces[0].tissue,
        laterality=host.laterality if host else "",
        snomed=kind.snomed,
        meaning=kind.meaning,
        colour=kind.colour,
    )
    labels, mixture, fields = _laid(scene, own.id, pieces)
    voxels, volume_mm3 = _measures(scene, [piece.filling for piece in pieces], kind)
    finding = measured(voxels, scene.grid, kind.name, own.id, structure, text, volume_mm3, attributes)
    return replace(
        scene,
        labels=labels,
        tissue=mixture[0],
        second=mixture[1],
        share=mixture[2],
        fields=MappingProxyType(fields),
        structures=MappingProxyType({**scene.structures, own.id: own}),
        findings=(*scene.findings, finding),
    )


def _laid(
    scene: Scene, label: int, pieces: Sequence[Piece]
) -> tuple[ndarray, tuple[ndarray, ndarray, ndarray], dict[str, ndarray]]:
    """Labels, (tissue, second, share) and fields of the scene with the pieces in it."""
    pure = np.zeros(scene.grid.shape, np.uint8)
    second, share = (array.copy() if scene.mixed else pure.copy() for array in (scene.second, scene.share))
    labels, mixture = scene.labels.copy(), (scene.tissue.copy(), second, share)
    fields = {name: array.copy() for name, array in scene.fields.items()}
    if DENSITY not in fields and any(np.any(piece.density != 1) for piece in pieces):
        fields[DENSITY] = np.ones(scene.grid.shape, np.float32)
    for piece in pieces:
        block, filled = piece.filling
        if not filled.any():
            continue
        labels[block][_marked(filled)] = label
        mix(mixture, block, filled, piece.tissue)
        kept = np.round(filled * WHOLE) / np.float32(WHOLE)
        for name, array in fields.items():
            array[block] += kept * ((piece.density if name == DENSITY else 0) - array[block])
    return labels, mixture, fields


def _measures(scene: Scene, fillings: Sequence[Filling], kind: Kind) -> tuple[ndarray, float]:
    """The voxels (n, 3) that bear the label, and the volume, mm3, of what is filled."""
    some = [(block, filled) for block, filled in fillings if filled.any()]
    if not some:
        raise SceneError(f"{kind.name}: it lies beyond the grid altogether; a larger field of view would do")
    first, last = ([[getattr(side, end) for side in block] for block, _ in some] for end in ("start", "stop"))
    corner = np.min(first, axis=0)
    total = np.zeros(np.max(last, axis=0) - corner, np.float32)
    marked = np.zeros(total.shape, bool)
    for block, filled in some:
        here = tuple(slice(s.start - c, s.stop - c) for s, c in zip(block, corner, strict=True))
        np.maximum(total[here], filled, out=total[here])
        marked[here] |= _marked(filled)
    return np.argwhere(marked) + corner, float(total.sum(dtype=float)) * scene.grid.voxel_mm3


def _marked(filled: Float32[ndarray, "a b c"]) -> ndarray:
    return filled > MOST * filled.max()
