"""A solid is a signed depth: how many mm a point lies inside it (positive) or outside (negative).

Solids are put together as sets are: `a | b` is either, `a & b` is both, `a - b` is a without b, `~a` is all but a.
Every solid is a node of one expression; `phantoms.solids.tape` turns the expression into arrays for the fast kernel,
and `Solid.depth` is its clear NumPy reference.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from jaxtyping import Float
from numpy import ndarray

Points = Float[ndarray, "*n 3"]
Depth = Float[ndarray, "*n"]
MIRROR = np.diag([-1.0, 1.0, 1.0])


class Solid(ABC):
    """A set of points with a depth. Its gradient is about 1 near its surface, so depths are mm."""

    @abstractmethod
    def depth(self, points: Points) -> Depth:
        """mm inside (positive) or outside (negative) at `points` (..., 3) mm: the reference of the fast kernel."""

    @abstractmethod
    def placed(self, turn: Float[ndarray, "3 3"], scale: float = 1.0, shift_mm: Sequence[float] = (0, 0, 0)) -> "Solid":
        """This solid turned (or mirrored), then scaled, then shifted: point p comes to lie at scale turn p + shift."""

    def mirrored(self) -> "Solid":
        """This solid on the other side of the body: x becomes -x."""
        return self.placed(MIRROR)

    def moved(self, shift_mm: Sequence[float]) -> "Solid":
        """This solid shifted by (x, y, z) mm."""
        return self.placed(np.eye(3), 1.0, shift_mm)

    def grown(self, mm: float) -> "Solid":
        """This solid with `mm` more on every side (less if negative)."""
        return Shifted(self, mm) if mm else self

    def __add__(self, field: "Solid") -> "Solid":
        """This solid with a surface that is moved outwards by `field` (such as `waves`), mm."""
        return Sum(self, field)

    def __or__(self, other: "Solid") -> "Solid":
        return Either(self, other)

    def __and__(self, other: "Solid") -> "Solid":
        return Both(self, other)

    def __sub__(self, other: "Solid") -> "Solid":
        return Both(self, ~other)

    def __invert__(self) -> "Solid":
        return AllBut(self)


@dataclass(frozen=True, eq=False)
class Pair(Solid):
    """Two solids that make one."""

    a: Solid
    b: Solid

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        return type(self)(self.a.placed(turn, scale, shift_mm), self.b.placed(turn, scale, shift_mm))


class Either(Pair):
    """max(a, b)."""

    def depth(self, points: Points) -> Depth:
        return np.maximum(self.a.depth(points), self.b.depth(points))


class Both(Pair):
    """min(a, b)."""

    def depth(self, points: Points) -> Depth:
        return np.minimum(self.a.depth(points), self.b.depth(points))


class Sum(Pair):
    """a + b."""

    def depth(self, points: Points) -> Depth:
        return self.a.depth(points) + self.b.depth(points)


@dataclass(frozen=True, eq=False)
class Smooth(Pair):
    """max(a, b) with a fillet `round_mm` wide: max + h^2 k / 4, h = max(1 - |a - b| / k, 0). Quilez, Smooth minimum."""

    round_mm: float

    def depth(self, points: Points) -> Depth:
        a, b = self.a.depth(points), self.b.depth(points)
        h = np.maximum(1 - np.abs(a - b) / self.round_mm, 0)
        return np.maximum(a, b) + h * h * self.round_mm / 4

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        a, b = self.a.placed(turn, scale, shift_mm), self.b.placed(turn, scale, shift_mm)
        return Smooth(a, b, self.round_mm * scale)


@dataclass(frozen=True, eq=False)
class AllBut(Solid):
    """-a."""

    a: Solid

    def depth(self, points: Points) -> Depth:
        return -self.a.depth(points)

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        return AllBut(self.a.placed(turn, scale, shift_mm))


@dataclass(frozen=True, eq=False)
class Shifted(Solid):
    """a + mm."""

    a: Solid
    mm: float

    def depth(self, points: Points) -> Depth:
        return self.a.depth(points) + self.mm

    def placed(self, turn, scale=1.0, shift_mm=(0, 0, 0)) -> Solid:
        return Shifted(self.a.placed(turn, scale, shift_mm), self.mm * scale)


def union(*solids: Solid) -> Solid:
    """Any of them."""
    return _folded(Either, solids)


def common(*solids: Solid) -> Solid:
    """All of them at once."""
    return _folded(Both, solids)


def smooth_union(*solids: Solid, round_mm: float) -> Solid:
    """Any of them, with fillets where they meet."""
    return reduce(lambda a, b: Smooth(a, b, round_mm), solids)


def smooth_common(*solids: Solid, round_mm: float) -> Solid:
    """All of them at once, with rounded edges."""
    return ~smooth_union(*(~solid for solid in solids), round_mm=round_mm)


def _folded(pair: type[Pair], solids: Sequence[Solid]) -> Solid:
    """A balanced tree, so that half of it can be left out where it lies far away."""
    if len(solids) == 1:
        return solids[0]
    half = len(solids) // 2
    return pair(_folded(pair, solids[:half]), _folded(pair, solids[half:]))


@dataclass(frozen=True, eq=False)
class Layer:
    """A solid as something in the body: structure name ("" for outside) and tissue ("" for the structure's own)."""

    solid: Solid
    structure: str
    tissue: str = ""
