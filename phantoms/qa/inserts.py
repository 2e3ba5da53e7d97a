"""A phantom from its parts: what each is made of goes into the voxels, and every insert becomes a finding."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.qa.shapes import Shape
from phantoms.strokes import MOST, Block, blend
from simdata import Finding, Grid, Phantom, RecipeError, Scene, Structure
from simdata.errors import did_you_mean
from simdata.scene import DENSITY
from simdata.structures import FIRST_FINDING_ID, structures
from simdata.tissues import tissues

Millimetres = tuple[float, float, float]
Positive = Annotated[float, Gt(0)]
Voxels = Annotated[int, Ge(1), Le(2048)]
ACTIVITY, RELATIVE_T1 = "activity_kbq_ml", "relative_t1"
CUT_OFF = "cut_off"
"""The latent that says what share of a phantom's volume lies beyond the grid."""
GREYS = (
    (160, 160, 160),
    (214, 96, 77),
    (67, 147, 195),
    (244, 165, 130),
    (146, 197, 222),
    (120, 180, 90),
    (200, 180, 60),
)


@dataclass(frozen=True, kw_only=True)
class Insert:
    """Solids of one kind that do not overlap: one structure of `tissue`; the first insert of a phantom is its body.

    density: relative to the tissue's own. relative_t1: of what gives signal, to the tissue's own; left out, what was
    there before stays. kbq_ml: activity. kind: of the findings, one a solid; empty for what is not measured.
    says: what a finding says of itself before its place.
    """

    name: str
    shapes: tuple[Shape, ...]
    tissue: str
    density: float = 1.0
    relative_t1: float | None = None
    kbq_ml: float = 0.0
    kind: str = ""
    says: str = ""


@dataclass(frozen=True, kw_only=True)
class QualityPhantom(Phantom, ABC):
    """A phantom of inserts on a grid around centre_mm; what the grid cuts off is told in the latent "cut_off".

    The phantom's own origin is the patient's; shape and voxel_mm are those of the grid, RAS+.
    """

    voxel_mm: tuple[Positive, Positive, Positive] = (1.0, 1.0, 1.0)
    shape: tuple[Voxels, Voxels, Voxels] = (224, 224, 32)
    centre_mm: Millimetres = (0.0, 0.0, 0.0)

    @abstractmethod
    def inserts(self) -> Sequence[Insert]:
        """The body, then what is in it, later ones on top."""

    def __call__(self, rng: Generator) -> Scene:
        return assembled(Grid.regular(self.shape, self.voxel_mm, self.centre_mm), self.inserts())


def known_tissue(part: str, name: str) -> None:
    """Raises RecipeError for a tissue that is not known."""
    if name not in tissues():
        raise RecipeError(f"{part}: no tissue is called '{name}'; {did_you_mean(name, tissues())}")


def assembled(grid: Grid, inserts: Sequence[Insert]) -> Scene:
    """The inserts in air. Fields only where an insert has other than their neutral value."""
    labels = np.zeros(grid.shape, np.uint16)
    tissue, second, share = (np.zeros(grid.shape, np.uint8) for _ in range(3))
    fields = _fields(grid, inserts)
    found: list[Finding] = []
    known: dict[int, Structure] = dict(structures())
    body_mm3 = 0.0
    for number, insert in enumerate(inserts):
        what = Structure(
            FIRST_FINDING_ID + number,
            insert.name,
            0,
            insert.tissue,
            "",
            "",
            f"{insert.says or insert.name} of {insert.tissue}",
            GREYS[number % len(GREYS)],
        )
        known[what.id] = what
        parts = [(shape, *shape.filled(grid)) for shape in insert.shapes]
        parts = [part for part in parts if part[2].any()]
        if not parts:
            continue
        block, filled = _together([part[1:] for part in parts])
        _fill_fields(fields, tissue, block, filled, insert)
        blend((labels, tissue, second, share), block, filled, what)
        for shape, place, own in parts:
            if not (own > MOST).any():
                labels[place][np.unravel_index(own.argmax(), own.shape)] = what.id
            if insert.kind:
                found.append(_finding(shape, insert, what, inserts[0].name))
        body_mm3 += float(filled.sum(dtype=float)) * grid.voxel_mm3 if number == 0 else 0.0
    whole_mm3 = sum(shape.volume_mm3 for shape in inserts[0].shapes)
    return Scene(
        grid,
        labels,
        tissue,
        second,
        share,
        structures=MappingProxyType(known),
        fields=MappingProxyType(fields),
        findings=tuple(found),
        latents=MappingProxyType({CUT_OFF: max(0.0, round(1 - body_mm3 / whole_mm3, 3))}),
    )


def _together(
    parts: Sequence[tuple[Block, Float32[ndarray, "_ _ _"]]],
) -> tuple[Block, Float32[ndarray, "a b c"]]:
    """The block that holds all, and what solids that do not overlap fill of each voxel together."""
    starts, stops = ([[getattr(side, end) for side in block] for block, _ in parts] for end in ("start", "stop"))
    low, high = np.min(starts, axis=0), np.max(stops, axis=0)
    filled = np.zeros(high - low, np.float32)
    for (x, y, z), own in parts:
        i, j, k = low
        filled[x.start - i : x.stop - i, y.start - j : y.stop - j, z.start - k : z.stop - k] += own
    (i, j, k), (a, b, c) = low.tolist(), high.tolist()
    return (slice(i, a), slice(j, b), slice(k, c)), np.minimum(filled, 1)


def _finding(shape: Shape, insert: Insert, what: Structure, body: str) -> Finding:
    x, y, z = shape.centre_mm
    return Finding(
        kind=insert.kind,
        structure=body,
        label=what.id,
        centre_mm=shape.centre_mm,
        extent_mm=shape.extent_mm,
        volume_mm3=shape.volume_mm3,
        text=f"{insert.says or insert.name} of {insert.tissue} at ({x:.1f}, {y:.1f}, {z:.1f}) mm",
    )


def _fields(grid: Grid, inserts: Sequence[Insert]) -> dict[str, Float32[ndarray, "x y z"]]:
    """Neutral ones, of those that the inserts need."""
    needed = {
        DENSITY: (1.0, any(insert.density != 1 for insert in inserts)),
        RELATIVE_T1: (1.0, any(insert.relative_t1 is not None for insert in inserts)),
        ACTIVITY: (0.0, any(insert.kbq_ml for insert in inserts)),
    }
    return {name: np.full(grid.shape, value, np.float32) for name, (value, used) in needed.items() if used}


def _fill_fields(
    fields: Mapping[str, Float32[ndarray, "x y z"]],
    tissue: ndarray,
    block: Block,
    filled: Float32[ndarray, "a b c"],
    insert: Insert,
) -> None:
    """Before the tissues change. A share of air weighs nothing, so beside it the density is that of the other side."""
    if DENSITY in fields:
        old, air = fields[DENSITY][block], tissue[block] == tissues()["air"]
        if insert.tissue != "air":
            part = np.where(air & (filled > 0), np.float32(1), filled)
            old += part * (np.float32(insert.density) - old)
        old[filled == 1] = insert.density
    if RELATIVE_T1 in fields and insert.relative_t1 is not None:
        fields[RELATIVE_T1][block][filled > 0] = insert.relative_t1
    if ACTIVITY in fields:
        old = fields[ACTIVITY][block]
        old += filled * (np.float32(insert.kbq_ml) - old)
