"""An expression of solids as arrays that the kernel reads: one row per node, children before parents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt16
from numpy import ndarray

from phantoms.solids import kernel
from phantoms.solids.leaves import Ellipsoid, Lattice, Plane, Polar, Sheet, Tube, Waves
from phantoms.solids.solid import AllBut, Both, Either, Layer, Shifted, Smooth, Solid, Sum
from simdata import structure
from simdata.tissues import tissues

LEAVES = {
    Plane: kernel.PLANE,
    Sheet: kernel.SHEET,
    Polar: kernel.POLAR,
    Lattice: kernel.LATTICE,
    Waves: kernel.WAVES,
    Tube: kernel.TUBE,
}
PAIRS = {Either: kernel.EITHER, Both: kernel.BOTH, Sum: kernel.SUM, Smooth: kernel.SMOOTH}


@dataclass(frozen=True, eq=False)
class Tape:
    """program: the arrays of the kernel.

    nodes: (n, 4) operation, children a and b, place of its numbers. value: (n,) mm of shifts and fillets.
    need: (n, 2) lowest and highest depth that makes a difference; beyond, it matters only that it is beyond.
    numbers: what the leaves are made of. cones: (m, 14) rows of all tubes; spans: (n, 2) those of a node.
    roots: (layers,) node of each layer, the topmost first; label, tissue: what each layer is.
    """

    program: kernel.Program

    def renamed(self, labels: UInt16[ndarray, " n"]) -> "Tape":
        """The same layers under other labels: the one at a structure's id, 0 for what is of no interest."""
        label = labels[self.program.label]
        return Tape(self.program._replace(label=label, tissue=np.zeros_like(self.program.tissue)))


def tape(layers: Sequence[Layer]) -> Tape:
    """The tape of `layers`, the topmost first; a solid that several layers share is computed once."""
    writer = _Writer()
    roots = [writer.write(layer.solid) for layer in layers]
    program = kernel.Program(
        nodes=np.array(writer.nodes, np.int32).reshape(-1, 4),
        value=np.array(writer.value, np.float32),
        need=_needs(writer, roots),
        numbers=np.concatenate([np.zeros(1), *writer.numbers]).astype(np.float32),
        cones=np.concatenate([np.zeros((0, kernel.CONE)), *writer.cones]).astype(np.float32),
        spans=np.array(writer.spans, np.int32).reshape(-1, 2),
        roots=np.array(roots, np.int32),
        label=np.array([structure(layer.structure).id if layer.structure else 0 for layer in layers], np.uint16),
        tissue=np.array([_tissue(layer) for layer in layers], np.uint8),
    )
    return Tape(program)


def _needs(writer: "_Writer", roots: Sequence[int]) -> Float32[ndarray, "n 2"]:
    """What range of every node's depth can change a layer: of a layer the sign alone, of others what parents need."""
    need = np.tile([np.inf, -np.inf], (len(writer.nodes), 1))
    need[list(roots)] = 0.0

    def ask(node: int, low: float, high: float) -> None:
        need[node] = min(need[node, 0], low), max(need[node, 1], high)

    for node in range(len(writer.nodes) - 1, -1, -1):
        operation, a, b, _ = writer.nodes[node]
        (low, high), value = need[node], writer.value[node]
        if operation in (kernel.EITHER, kernel.BOTH):
            ask(a, low, high)
            ask(b, low, high)
        elif operation == kernel.SMOOTH:
            ask(a, low - float(kernel.FILLET) * value, high)
            ask(b, low - float(kernel.FILLET) * value, high)
        elif operation == kernel.ALL_BUT:
            ask(a, -high, -low)
        elif operation == kernel.SHIFTED:
            ask(a, low - value, high - value)
        elif operation == kernel.SUM:
            ask(a, -np.inf, np.inf)
            ask(b, -np.inf, np.inf)
    return need.astype(np.float32)


def _tissue(layer: Layer) -> int:
    if not layer.structure:
        return 0
    return tissues()[layer.tissue or structure(layer.structure).tissue]


class _Writer:
    """Nodes in the order in which they are met, each once."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, int, int, int]] = []
        self.value: list[float] = []
        self.numbers: list[ndarray] = []
        self.cones: list[ndarray] = []
        self.spans: list[tuple[int, int]] = []
        self.known: dict[int, tuple[int, Solid]] = {}
        self.used = 1
        self.rows = 0

    def write(self, solid: Solid) -> int:
        """Row of `solid`, its children written before it."""
        if id(solid) not in self.known:
            self.known[id(solid)] = (self._write(solid), solid)
        return self.known[id(solid)][0]

    def _write(self, solid: Solid) -> int:
        if type(solid) in PAIRS:
            a, b = self.write(solid.a), self.write(solid.b)  # pyright: ignore[reportAttributeAccessIssue]
            return self._row(PAIRS[type(solid)], a, b, getattr(solid, "round_mm", 0.0))  # pyright: ignore[reportArgumentType]
        if isinstance(solid, AllBut):
            return self._row(kernel.ALL_BUT, self.write(solid.a))
        if isinstance(solid, Shifted):
            return self._row(kernel.SHIFTED, self.write(solid.a), value=solid.mm)
        if isinstance(solid, Tube):
            self.cones.append(solid.numbers.reshape(-1, kernel.CONE))
            self.rows += len(self.cones[-1])
            return self._row(kernel.TUBE, span=(self.rows - len(self.cones[-1]), self.rows))
        if isinstance(solid, Ellipsoid):
            return self._leaf(kernel.ELLIPSOID if solid.roundness == 2 else kernel.CUSHION, solid.numbers)
        return self._leaf(LEAVES[type(solid)], solid.numbers)  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]

    def _leaf(self, operation: int, numbers: ndarray) -> int:
        self.numbers.append(numbers)
        self.used += len(numbers)
        return self._row(operation, start=self.used - len(numbers))

    def _row(self, operation: int, a=-1, b=-1, value=0.0, start=0, span=(0, 0)) -> int:
        self.nodes.append((operation, a, b, start))
        self.value.append(value)
        self.spans.append(span)
        return len(self.nodes) - 1
