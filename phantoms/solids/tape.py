"""Writing an expression of solids as the arrays that the kernels read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt16
from numpy import ndarray

from phantoms.solids.leaves import Ellipsoid, Lattice, Plane, Polar, Sheet, Tube, Waves
from phantoms.solids.program import (
    ALL_BUT,
    BOTH,
    CONE,
    CUSHION,
    EITHER,
    ELLIPSOID,
    FIRST,
    LAST,
    LATTICE,
    OPERATION,
    PLANE,
    POLAR,
    SHEET,
    SHIFTED,
    SMOOTH,
    SUM,
    TUBE,
    WAVES,
    A,
    B,
    Program,
)
from phantoms.solids.reach import reach
from phantoms.solids.solid import AllBut, Both, Either, Layer, Pair, Shifted, Smooth, Solid, Sum
from simdata import structure
from simdata.tissues import tissues

LEAVES = {
    Plane: PLANE,
    Sheet: SHEET,
    Polar: POLAR,
    Lattice: LATTICE,
    Waves: WAVES,
}
Numbers = Float32[ndarray, "..."]
PAIRS: dict[type[Pair], int] = {Either: EITHER, Both: BOTH, Sum: SUM, Smooth: SMOOTH}


@dataclass(frozen=True, eq=False)
class Tape:
    """Layers as the arrays that the kernels read."""

    program: Program

    def renamed(self, labels: UInt16[ndarray, " n"]) -> "Tape":
        """The same layers under other labels: the one at a structure's id, 0 for what is of no interest."""
        label = labels[self.program.label]
        return Tape(self.program._replace(label=label, tissue=np.zeros_like(self.program.tissue)))


def tape(layers: Sequence[Layer]) -> Tape:
    """The tape of `layers`, the topmost first; a solid that several layers share is computed once."""
    return Writer().tape(layers)


def _tissue(layer: Layer) -> int:
    if not layer.structure:
        return 0
    return tissues()[layer.tissue or structure(layer.structure).tissue]


class _Rows:
    """Rows of numbers, to which more are added without moving those that are there each time."""

    def __init__(self, columns: tuple[int, ...], dtype: type) -> None:
        self.room = np.empty((1024, *columns), dtype)
        self.count = self.there = 0
        self.more: list[ndarray] = []

    def add(self, rows: ndarray) -> int:
        """Add `rows` and tell the number of the first of them."""
        self.more.append(rows)
        self.count += len(rows)
        return self.count - len(rows)

    @property
    def all(self) -> ndarray:
        """Every row that was added."""
        if self.more:
            if self.count > len(self.room):
                room = np.empty((max(self.count, 2 * len(self.room)), *self.room.shape[1:]), self.room.dtype)
                room[: self.there] = self.room[: self.there]
                self.room = room
            self.room[self.there : self.count] = np.concatenate(self.more)
            self.there, self.more = self.count, []
        return self.room[: self.count]


class Writer:
    """Writes tape after tape of layers of one body: a solid that it has met before is not written again."""

    def __init__(self) -> None:
        self.nodes = _Rows((LAST + 1,), np.int32)
        self.value = _Rows((), np.float64)
        self.numbers = _Rows((), np.float32)
        self.cones = _Rows((CONE,), np.float32)
        self.fresh: list[tuple[int, int, int, int, int]] = []
        self.fresh_value: list[float] = []
        self.known: dict[int, int] = {}
        self.met: list[Solid] = []  # keeps what `known` calls by its id
        self.numbers.add(np.zeros(1, np.float32))

    def tape(self, layers: Sequence[Layer]) -> Tape:
        """The tape of `layers`, the topmost first; of what was written, only what they need is on it."""
        roots = np.array([self._row_of(layer.solid) for layer in layers], np.int64)
        if self.fresh:
            self.nodes.add(np.array(self.fresh, np.int32))
            self.value.add(np.array(self.fresh_value))
            self.fresh, self.fresh_value = [], []
        written, value = self.nodes.all, self.value.all
        needed, lowest, highest = reach(written, value, roots)

        nodes, place = written[needed], np.cumsum(needed) - 1
        for child in (A, B):
            nodes[:, child] = np.where(nodes[:, child] >= 0, place[nodes[:, child]], -1)
        tubes = np.flatnonzero(nodes[:, OPERATION] == TUBE)
        first, last = nodes[tubes, FIRST], nodes[tubes, LAST]
        rows = np.concatenate([np.zeros(0, int), *(np.arange(a, b) for a, b in zip(first, last, strict=True))])
        nodes[tubes, LAST] = np.cumsum(last - first)
        nodes[tubes, FIRST] = nodes[tubes, LAST] - (last - first)
        program = Program(
            nodes=nodes,
            values=np.stack([value[needed], lowest[needed], highest[needed]], axis=-1).astype(np.float32),
            numbers=self.numbers.all,
            cones=np.ascontiguousarray(self.cones.all[rows].T),
            roots=place[roots].astype(np.int32),
            label=np.array([structure(layer.structure).id if layer.structure else 0 for layer in layers], np.uint16),
            tissue=np.array([_tissue(layer) for layer in layers], np.uint8),
        )
        return Tape(program)

    def _row_of(self, solid: Solid) -> int:
        """Row of `solid`, its children written before it."""
        row = self.known.get(id(solid))
        if row is None:
            row = self.known[id(solid)] = self._write(solid)
            self.met.append(solid)
        return row

    def _write(self, solid: Solid) -> int:
        if isinstance(solid, Pair):
            a, b = self._row_of(solid.a), self._row_of(solid.b)
            return self._row(PAIRS[type(solid)], a, b, solid.round_mm if isinstance(solid, Smooth) else 0.0)
        if isinstance(solid, AllBut):
            return self._row(ALL_BUT, self._row_of(solid.a))
        if isinstance(solid, Shifted):
            return self._row(SHIFTED, self._row_of(solid.a), value=solid.mm)
        if isinstance(solid, Tube):
            first = self.cones.add(solid.numbers)
            return self._row(TUBE, first=first, last=first + len(solid.numbers))
        if isinstance(solid, Ellipsoid):
            return self._leaf(ELLIPSOID if solid.roundness == 2 else CUSHION, solid.numbers)
        return self._leaf(LEAVES[type(solid)], solid.numbers)  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]

    def _leaf(self, operation: int, numbers: Numbers) -> int:
        return self._row(operation, first=self.numbers.add(numbers))

    def _row(self, operation: int, a=-1, b=-1, value=0.0, first=0, last=0) -> int:
        self.fresh.append((operation, a, b, first, last))
        self.fresh_value.append(value)
        return self.nodes.count + len(self.fresh) - 1
