"""What all formats share: numbers that lose nothing as text, checks that name the place, edges as a forest."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float, Float32, Int, Int32
from numpy import ndarray

from simdata.errors import SceneError
from simdata.vessels import PER_LINK, PER_POINT, ROOT, Vessels, vessel_tree

PHYSICS = ("flow_mm3_s", "pressure_mmhg", "haematocrit", "oxygen_mmhg")
"""Columns that may be NaN, and may be left out of a file."""
KEPT_AS = {"parent": np.int32, "kind": np.uint8, "links": np.int32}
NO_LINKS = np.zeros((0, 2), np.int32)
T = TypeVar("T", int, float)
Place = Callable[[int], str]
"""Row of a point or edge to where it stands in the file: "line 12"."""


def text(values: Float32[ndarray, " n"]) -> list[str]:
    """Each number in as few digits as bring the same float32 back."""
    return [f"{value:.9g}" for value in values.tolist()]


def broken(name: str, place: str, found: str, would_do: str) -> SceneError:
    """A file that breaks at one place."""
    return SceneError(f"{name}, {place}: found {found}; {would_do} would do")


def numbers(words: Sequence[str], name: str, place: Place) -> Float[ndarray, " n"]:
    """(n,) the words as numbers. Raises SceneError for the first that is none."""
    return np.array(_read(words, float, "a number", name, place), float)


def wholes(words: Sequence[str], name: str, place: Place) -> Int[ndarray, " n"]:
    """(n,) the words as whole numbers. Raises SceneError for the first that is none."""
    return np.array(_read(words, int, "a whole number", name, place), int)


def _read(words: Sequence[str], number: Callable[[str], T], would_do: str, name: str, place: Place) -> list[T]:
    read: list[T] = []
    try:
        read.extend(map(number, words))
    except ValueError:
        at = len(read)
        raise broken(name, place(at), f"'{words[at]}'", would_do) from None
    return read


def whole_text(content: bytes, name: str) -> str:
    """A text of whole lines. Raises SceneError if it stops within one, for then a number may have lost digits."""
    if content and not content.endswith((b"\n", b"\r")):
        last = content.count(b"\n") + 1
        raise broken(name, f"line {last}", "the end of the file within it", "a whole file, with a line end at its end,")
    return content.decode(errors="replace")


def check_count(told: str | None, found: int, what: str, name: str, place: str) -> None:
    """Raises SceneError if a file tells of another number of things than it holds; None if it tells nothing."""
    if told is not None and told.strip() != str(found):
        raise broken(name, place, f"{found} {what} where the file tells of {told}", "a whole file")


def vessels_of(name: str, place: Place, columns: Mapping[str, ndarray]) -> Vessels:
    """Vessels of columns read from a file; what is wrong with a point is told by its place there."""
    points = columns["points_mm"]
    if points.ndim != 2 or points.shape[1] != len("xyz"):
        raise broken(name, "points_mm", f"shape {points.shape}", f"({len(points)}, 3)")
    of_link: Place = lambda row: f"link {row}"  # noqa: E731
    ends = columns.get("links", NO_LINKS)
    kept = {"points_mm": _kept(points, np.float32, "points_mm", name, place)}
    for key, count, where in (
        *((key, len(points), place) for key in PER_POINT),
        ("links", len(ends), of_link),
        *((key, len(ends), of_link) for key in PER_LINK),
    ):
        if key in columns:
            if len(columns[key]) != count:
                raise broken(name, key, f"{len(columns[key])} values for {count} places", "one for each")
            kept[key] = _kept(columns[key], KEPT_AS.get(key, np.float32), key, name, where)

    n, parent, radius_mm = len(points), kept["parent"], kept["radius_mm"]
    for row in np.flatnonzero(~np.isfinite(kept["points_mm"]).all(axis=1))[:1]:
        raise broken(name, place(row), f"a place at {points[row].tolist()} mm", "three numbers that are finite")
    for row in np.flatnonzero(~((radius_mm > 0) & np.isfinite(radius_mm)))[:1]:
        raise broken(name, place(row), f"a radius of {columns['radius_mm'][row]:g} mm", "a positive one")
    for row in np.flatnonzero((parent < ROOT) | (parent >= n))[:1]:
        raise broken(name, place(row), f"parent {parent[row]}, which is not there", f"-1 or one of the {n} points")
    for row in _in_circle(parent)[:1]:
        raise broken(name, place(row), "a circle of parents", "a chain that ends at a root")
    try:
        return vessel_tree(**kept)
    except SceneError as reason:
        raise SceneError(f"{name}: {reason}") from reason


def _kept(values: ndarray, dtype: type, key: str, name: str, place: Place) -> ndarray:
    """Values as Vessels holds them. Raises SceneError for the first that would become another."""
    whole = np.issubdtype(dtype, np.integer)
    with np.errstate(over="ignore", invalid="ignore"):
        made = values.astype(dtype)
    lost = made != values if whole else np.isfinite(values) & ~np.isfinite(made)
    for row in np.flatnonzero(lost.any(axis=tuple(range(1, lost.ndim))))[:1]:
        would_do = f"a whole number from {np.iinfo(dtype).min} on" if whole else "a number of single precision"
        raise broken(name, place(row), f"{key} {np.asarray(values[row]).tolist()}", would_do)
    return made


def forest(
    upper: Int[ndarray, " e"], lower: Int[ndarray, " e"], n: int, name: str, place: Place
) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Parent of each of n points, the edge to it (-1 at a root), links (m, 2) and their edges.

    An edge leads from the point nearer to the root to the one below; a second edge to the same point is a link.
    place: of each edge. Raises SceneError if an edge is there twice.
    """
    pairs, first = np.unique(np.c_[upper, lower], axis=0, return_index=True)
    if len(pairs) < len(upper):
        again = np.setdiff1d(np.arange(len(upper)), first)[0]
        raise broken(name, place(again), "a vessel that is there already", "one between two points")
    edge = np.full(n, ROOT)
    edge[lower[::-1]] = np.arange(len(lower))[::-1]
    parent = np.append(upper, ROOT)[edge]
    extra = np.flatnonzero(edge[lower] != np.arange(len(lower)))
    return parent.astype(np.int32), edge, np.c_[upper[extra], lower[extra]].astype(np.int32), extra


def _in_circle(parent: Int32[ndarray, " n"]) -> Int[ndarray, " k"]:
    """Points that lie on a circle of parents, not only above one."""
    n = len(parent)
    jump = np.append(np.where(parent == ROOT, n, parent), n)
    for _ in range(int(n).bit_length()):
        jump = jump[jump]
    return np.unique(jump[jump != n])
