"""What all formats share: numbers that lose nothing as text, checks that name the place, edges as a forest."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from jaxtyping import Float32, Int, Int32
from numpy import ndarray

from simdata.errors import SceneError
from simdata.vessels import PER_LINK, PER_POINT, ROOT, Vessels, vessel_tree

PHYSICS = ("flow_mm3_s", "pressure_mmhg", "haematocrit", "oxygen_mmhg")
"""Columns that may be NaN, and may be left out of a file."""
Place = Callable[[int], str]
"""Row of a point or edge to where it stands in the file: "line 12"."""


def text(values: Float32[ndarray, " n"]) -> list[str]:
    """Each number in as few digits as bring the same float32 back."""
    return [f"{value:.9g}" for value in values.tolist()]


def broken(name: str, place: str, found: str, would_do: str) -> SceneError:
    """A file that breaks at one place."""
    return SceneError(f"{name}, {place}: found {found}; {would_do} would do")


def numbers(words: Iterable[str], name: str, place: str) -> list[float]:
    """Words as numbers. Raises SceneError for the first that is none."""
    out = []
    for word in words:
        try:
            out.append(float(word))
        except ValueError:
            raise broken(name, place, f"'{word}'", "a number") from None
    return out


def whole(word: str, name: str, place: str) -> int:
    """A word as a whole number. Raises SceneError if it is none."""
    try:
        return int(word)
    except ValueError:
        raise broken(name, place, f"'{word}'", "a whole number") from None


def vessels_of(name: str, place: Place, columns: Mapping[str, ndarray]) -> Vessels:
    """Vessels of columns read from a file; what is wrong with a point is told by its place there."""
    n = len(columns["points_mm"])
    for column in ("points_mm", *PER_POINT):
        if column in columns and len(columns[column]) != n:
            raise broken(name, column, f"{len(columns[column])} values for {n} points", "one for each")
    parent, radius_mm = columns["parent"], columns["radius_mm"]
    for row in np.flatnonzero(~(radius_mm > 0))[:1]:
        raise broken(name, place(row), f"a radius of {radius_mm[row]:g} mm", "a positive one")
    for row in np.flatnonzero((parent < ROOT) | (parent >= n))[:1]:
        raise broken(name, place(row), f"parent {parent[row]}, which is not there", f"-1 or one of the {n} points")
    for row in _in_circle(parent)[:1]:
        raise broken(name, place(row), "a circle of parents", "a chain that ends at a root")
    known = {column: columns[column] for column in (*PHYSICS, "kind", "links", *PER_LINK) if column in columns}
    try:
        return vessel_tree(columns["points_mm"], parent, radius_mm, **known)
    except SceneError as reason:
        raise SceneError(f"{name}: {reason}") from reason


def forest(upper: Int[ndarray, " e"], lower: Int[ndarray, " e"], n: int) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Parent of each of n points, the edge to it (-1 at a root), links (m, 2) and their edges.

    An edge leads from the point nearer to the root to the one below; a second edge to the same point is a link.
    """
    edge = np.full(n, -1)
    edge[lower[::-1]] = np.arange(len(lower))[::-1]
    parent = np.where(edge >= 0, upper[edge] if len(upper) else -1, ROOT)
    extra = np.flatnonzero(edge[lower] != np.arange(len(lower)))
    return parent.astype(np.int32), edge, np.c_[upper[extra], lower[extra]].astype(np.int32), extra


def _in_circle(parent: Int32[ndarray, " n"]) -> Int[ndarray, " k"]:
    """Points that lie on a circle of parents, not only above one."""
    n = len(parent)
    jump = np.append(np.where(parent == ROOT, n, parent), n)
    for _ in range(int(n).bit_length()):
        jump = jump[jump]
    return np.unique(jump[jump != n])
