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
    FILLET,
    LAST,
    LATTICE,
    PLANE,
    POLAR,
    SHEET,
    SHIFTED,
    SMOOTH,
    SUM,
    TUBE,
    WAVES,
    Program,
)
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
Row = tuple[int, int, int, int, int]
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
    writer = _Writer()
    roots = [writer.write(layer.solid) for layer in layers]
    program = Program(
        nodes=np.array(writer.nodes, np.int32).reshape(-1, LAST + 1),
        values=_values(writer.nodes, writer.value, roots),
        numbers=np.concatenate([np.zeros(1, np.float32), *writer.numbers]),
        cones=np.ascontiguousarray(np.concatenate([np.zeros((0, CONE), np.float32), *writer.cones]).T),
        roots=np.array(roots, np.int32),
        label=np.array([structure(layer.structure).id if layer.structure else 0 for layer in layers], np.uint16),
        tissue=np.array([_tissue(layer) for layer in layers], np.uint8),
    )
    return Tape(program)


def _values(nodes: Sequence[Row], value: Sequence[float], roots: Sequence[int]) -> Float32[ndarray, "n 3"]:
    """The value of every node, and what range of its depth can change a layer.

    Of a layer that is the sign alone, of others what their parents need.
    """
    lowest, highest = [np.inf] * len(nodes), [-np.inf] * len(nodes)
    for root in roots:
        lowest[root] = highest[root] = 0.0
    for node in range(len(nodes) - 1, -1, -1):
        operation, a, b = nodes[node][:3]
        if a < 0:
            continue
        low, high = lowest[node], highest[node]
        if operation == SMOOTH:
            low -= float(FILLET) * value[node]
        elif operation == ALL_BUT:
            low, high = -high, -low
        elif operation == SHIFTED:
            low, high = low - value[node], high - value[node]
        elif operation == SUM:
            low, high = -np.inf, np.inf
        for child in (a, b) if b >= 0 else (a,):
            lowest[child], highest[child] = min(lowest[child], low), max(highest[child], high)
    return np.array([value, lowest, highest], np.float32).T.copy()


def _tissue(layer: Layer) -> int:
    if not layer.structure:
        return 0
    return tissues()[layer.tissue or structure(layer.structure).tissue]


class _Writer:
    """Nodes in the order in which they are met, each once; their solids outlive it in the layers."""

    def __init__(self) -> None:
        self.nodes: list[Row] = []
        self.value: list[float] = []
        self.numbers: list[Numbers] = []
        self.cones: list[Numbers] = []
        self.known: dict[int, int] = {}
        self.used = 1
        self.rows = 0

    def write(self, solid: Solid) -> int:
        """Row of `solid`, its children written before it."""
        row = self.known.get(id(solid))
        if row is None:
            row = self.known[id(solid)] = self._write(solid)
        return row

    def _write(self, solid: Solid) -> int:
        if isinstance(solid, Pair):
            a, b = self.write(solid.a), self.write(solid.b)
            return self._row(PAIRS[type(solid)], a, b, solid.round_mm if isinstance(solid, Smooth) else 0.0)
        if isinstance(solid, AllBut):
            return self._row(ALL_BUT, self.write(solid.a))
        if isinstance(solid, Shifted):
            return self._row(SHIFTED, self.write(solid.a), value=solid.mm)
        if isinstance(solid, Tube):
            self.cones.append(solid.numbers)
            self.rows += len(solid.numbers)
            return self._row(TUBE, first=self.rows - len(solid.numbers), last=self.rows)
        if isinstance(solid, Ellipsoid):
            return self._leaf(ELLIPSOID if solid.roundness == 2 else CUSHION, solid.numbers)
        return self._leaf(LEAVES[type(solid)], solid.numbers)  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]

    def _leaf(self, operation: int, numbers: Numbers) -> int:
        self.numbers.append(numbers)
        self.used += len(numbers)
        return self._row(operation, first=self.used - len(numbers))

    def _row(self, operation: int, a=-1, b=-1, value=0.0, first=0, last=0) -> int:
        self.nodes.append((operation, a, b, first, last))
        self.value.append(value)
        return len(self.nodes) - 1
