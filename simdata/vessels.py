"""A vessel tree (or net) as arrays: one row per point, each pointing to the point towards the large end."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float32, Int, Int32, Shaped, UInt8
from numpy import ndarray

from simdata.errors import SceneError, did_you_mean

KINDS = ("artery", "vein", "capillary", "airway", "duct")
ARTERY, VEIN, CAPILLARY, AIRWAY, DUCT = range(len(KINDS))
ROOT = -1
NO_HEIR = -1

PER_POINT = ("parent", "radius_mm", "kind", "flow_mm3_s", "pressure_mmhg", "haematocrit", "oxygen_mmhg")
PER_LINK = ("link_flow_mm3_s", "link_haematocrit")


@dataclass(frozen=True, eq=False)
class Vessels:
    """Vessels as a forest of points, and links that close it to a net.

    Point i and its parent bound segment i, a tube of radius_mm[i]; a link is a tube of the smaller radius of its ends.
    Parents lead to the large end: upstream in arteries and airways, downstream in veins and ducts.

    points_mm: (n, 3) RAS+ mm. parent: (n,) row of the point towards the large end, -1 there. radius_mm: (n,).
    kind: (n,) index into KINDS. flow_mm3_s: (n,) positive as the kind flows: away from the root in arteries,
    capillaries and airways, to the root in veins and ducts. pressure_mmhg: (n,) at the point. haematocrit: (n,)
    discharge haematocrit of the segment, 0 to 1. oxygen_mmhg: (n,) at the point. links: (m, 2) rows of points, with
    link_flow_mm3_s (m,) positive from the first to the second, and link_haematocrit (m,).
    NaN where a number was not computed.
    Raises SceneError on unequal lengths, a parent or end that does not exist, a cycle, a radius that is not positive.
    """

    points_mm: Float32[ndarray, "n 3"]
    parent: Int32[ndarray, " n"]
    radius_mm: Float32[ndarray, " n"]
    kind: UInt8[ndarray, " n"]
    flow_mm3_s: Float32[ndarray, " n"]
    pressure_mmhg: Float32[ndarray, " n"]
    haematocrit: Float32[ndarray, " n"]
    oxygen_mmhg: Float32[ndarray, " n"]
    links: Int32[ndarray, "m 2"]
    link_flow_mm3_s: Float32[ndarray, " m"]
    link_haematocrit: Float32[ndarray, " m"]

    def __post_init__(self) -> None:
        n, m = len(self.points_mm), len(self.links)
        for name in PER_POINT:
            _check_length(name, getattr(self, name), n, "points")
        for name in PER_LINK:
            _check_length(name, getattr(self, name), m, "links")
        _check_links(self.links, n)
        if n == 0:
            return
        _check(np.logical_and.reduce(np.isfinite(self.points_mm), axis=1), self.points_mm, "lies at", "finite numbers")
        _check(self.radius_mm > 0, self.radius_mm, "has a radius in mm of", "a positive one")
        _check(np.isfinite(self.radius_mm), self.radius_mm, "has a radius in mm of", "a finite one")
        _check((self.parent >= ROOT) & (self.parent < n), self.parent, "has parent", f"-1 to {n - 1}")
        kinds = f"0 to {len(KINDS) - 1} for {', '.join(KINDS)}"
        _check(self.kind < len(KINDS), self.kind, "has kind", kinds)
        lost = _lost(self.parent)
        if lost.size:
            raise SceneError(
                f"Vessels: from point {lost[0]} the parents run in a circle; a chain of parents to a root would do"
            )

    def __len__(self) -> int:
        return len(self.points_mm)

    @cached_property
    def segments(self) -> Int32[ndarray, " s"]:
        """(s,) the points that bound a segment with their parent: all but the roots."""
        return np.flatnonzero(self.parent != ROOT).astype(np.int32)

    @cached_property
    def roots(self) -> Int32[ndarray, " r"]:
        """(r,) the points without a parent."""
        return np.flatnonzero(self.parent == ROOT).astype(np.int32)

    @cached_property
    def above(self) -> Int32[ndarray, " n"]:
        """(n,) the parent of each point, and of a root the root itself."""
        return np.where(self.parent == ROOT, np.arange(len(self), dtype=np.int32), self.parent)

    @cached_property
    def root(self) -> Int32[ndarray, " n"]:
        """(n,) the root that each point hangs on."""
        return _followed(self.above)

    @cached_property
    def heir(self) -> Int32[ndarray, " n"]:
        """(n,) the widest of the points that hang on each, which carries its vessel on; -1 at an end."""
        by_width = self.segments[np.argsort(self.radius_mm[self.segments], kind="stable")]
        heir = np.full(len(self), NO_HEIR, np.int32)
        heir[self.parent[by_width]] = by_width
        return heir

    @cached_property
    def ends(self) -> Int32[ndarray, " e"]:
        """(e,) the points that are nobody's parent: the small ends of the trees."""
        return np.flatnonzero(self.children == 0).astype(np.int32)

    @cached_property
    def children(self) -> Int32[ndarray, " n"]:
        """(n,) how many points each point is the parent of."""
        return np.bincount(self.parent[self.segments], minlength=len(self)).astype(np.int32)

    @cached_property
    def length_mm(self) -> Float32[ndarray, " n"]:
        """(n,) from each point to its parent; 0 at a root."""
        return np.linalg.norm(self.points_mm - self.points_mm[self.above], axis=1)

    @cached_property
    def link_length_mm(self) -> Float32[ndarray, " m"]:
        """(m,) between the two ends of each link."""
        return np.linalg.norm(self.points_mm[self.links[:, 0]] - self.points_mm[self.links[:, 1]], axis=1)

    @cached_property
    def link_radius_mm(self) -> Float32[ndarray, " m"]:
        """(m,) of each link: the smaller radius of its two ends."""
        return self.radius_mm[self.links].min(axis=1)

    @cached_property
    def depth(self) -> Int32[ndarray, " n"]:
        """(n,) segments between each point and its root."""
        n = len(self)
        jump = np.append(np.where(self.parent == ROOT, n, self.parent), n)
        steps = np.append(np.where(self.parent == ROOT, 0, 1), 0)
        while (jump < n).any():
            steps, jump = steps + steps[jump], jump[jump]
        return steps[:n].astype(np.int32)

    @cached_property
    def levels(self) -> tuple[Int32[ndarray, " k"], ...]:
        """The points by depth: first the roots, then what hangs on them, and so on to the farthest end."""
        by_depth = np.argsort(self.depth, kind="stable").astype(np.int32)
        return tuple(np.split(by_depth, np.cumsum(np.bincount(self.depth))[:-1])) if len(self) else ()

    @cached_property
    def order(self) -> Int32[ndarray, " n"]:
        """(n,) Strahler order of each point: 1 at an end, one more where two of the highest order meet.

        Strahler 1957, Trans. AGU 38: 913.
        """
        order, highest, meeting = (np.zeros(len(self), np.int32) for _ in range(3))
        for level in reversed(self.levels):
            order[level] = np.maximum(1, highest[level] + (meeting[level] >= 2))
            below = level[self.parent[level] != ROOT]
            above = self.parent[below]
            np.maximum.at(highest, above, order[below])
            np.add.at(meeting, above, order[below] == highest[above])
        return order

    @cached_property
    def heads(self) -> Bool[ndarray, " n"]:
        """(n,) true for the first point of each branch: roots, and what hangs on a junction, a link or another kind."""
        linked = np.bincount(self.links.ravel(), minlength=len(self)) > 0
        above = self.above
        passed = (self.children[above] == 1) & ~linked[above] & (self.kind == self.kind[above])
        return ~passed | (self.parent == ROOT)

    @cached_property
    def branch(self) -> Int32[ndarray, " n"]:
        """(n,) number of the branch of each point: the unbranched run of points from a head down."""
        head = _followed(np.where(self.heads, np.arange(len(self)), self.parent))
        return (np.cumsum(self.heads) - 1)[head].astype(np.int32)

    def subtree(self, point: int) -> "Vessels":
        """What hangs on `point`, which becomes the root. Raises SceneError if there is no such point."""
        if not 0 <= point < len(self):
            raise SceneError(f"Vessels.subtree: found point {point}; 0 to {len(self) - 1} would do")
        jump = self.above.copy()
        jump[point] = point
        return self.take(_followed(jump) == point)

    def without(self, bad: Bool[ndarray, " n"]) -> "Vessels":
        """The vessels without the points that are bad, and without what hangs on them."""
        lost = bad.copy()
        for level in self.levels[1:]:
            lost[level] |= lost[self.parent[level]]
        return self.take(~lost)

    def leading_to(self, good: Bool[ndarray, " n"]) -> "Vessels":
        """The points that are good and all between them and their roots, so that every branch ends with a good one."""
        kept = good.copy()
        for level in reversed(self.levels[1:]):
            np.logical_or.at(kept, self.parent[level], kept[level])
        return self.take(kept)

    def take(self, keep: Bool[ndarray, " n"]) -> "Vessels":
        """The points where `keep` is true, with the segments and links between them; a cut branch begins at a root."""
        row = np.where(keep, np.cumsum(keep) - 1, ROOT).astype(np.int32)
        joined = keep[self.links].all(axis=1)
        columns = {name: getattr(self, name)[keep] for name in ("points_mm", *PER_POINT)}
        columns |= {name: getattr(self, name)[joined] for name in ("links", *PER_LINK)}
        above = columns["parent"]
        columns |= {"parent": np.where(above == ROOT, ROOT, row[above]), "links": row[columns["links"]]}
        return Vessels(**columns)


def merge(parts: Sequence[Vessels]) -> Vessels:
    """All of `parts` as one, their points in order; nothing joins them but what joined them before."""
    if not parts:
        return vessel_tree(np.zeros((0, 3)), np.zeros(0), np.zeros(0))
    first = np.cumsum([0, *(len(part) for part in parts)])[:-1].astype(np.int32)
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("points_mm", *PER_POINT, "links", *PER_LINK)
    }
    shift = np.repeat(first, [len(part) for part in parts])
    columns["parent"] = np.where(columns["parent"] == ROOT, ROOT, columns["parent"] + shift)
    columns["links"] += np.repeat(first, [len(part.links) for part in parts])[:, None]
    return Vessels(**columns)


def vessel_tree(
    points_mm: Shaped[ndarray, "n 3"],
    parent: Shaped[ndarray, " n"],
    radius_mm: Shaped[ndarray, " n"],
    kind: str | Shaped[ndarray, " n"] = "artery",
    flow_mm3_s: Shaped[ndarray, " n"] | None = None,
    pressure_mmhg: Shaped[ndarray, " n"] | None = None,
    haematocrit: Shaped[ndarray, " n"] | None = None,
    oxygen_mmhg: Shaped[ndarray, " n"] | None = None,
    links: Shaped[ndarray, "m 2"] | None = None,
    link_flow_mm3_s: Shaped[ndarray, " m"] | None = None,
    link_haematocrit: Shaped[ndarray, " m"] | None = None,
) -> Vessels:
    """Vessels of arrays of any number type: NaN for what is left out, one kind by its name, no links."""
    n = len(points_mm)
    ends = np.zeros((0, 2), np.int32) if links is None else _as(links, np.int32).reshape(-1, 2)
    return Vessels(
        points_mm=_as(points_mm, np.float32).reshape(-1, 3),
        parent=_as(parent, np.int32),
        radius_mm=_as(radius_mm, np.float32),
        kind=np.full(n, kind_index(kind), np.uint8) if isinstance(kind, str) else _as(kind, np.uint8),
        flow_mm3_s=_or_nan(flow_mm3_s, n),
        pressure_mmhg=_or_nan(pressure_mmhg, n),
        haematocrit=_or_nan(haematocrit, n),
        oxygen_mmhg=_or_nan(oxygen_mmhg, n),
        links=ends,
        link_flow_mm3_s=_or_nan(link_flow_mm3_s, len(ends)),
        link_haematocrit=_or_nan(link_haematocrit, len(ends)),
    )


def kind_index(name: str) -> int:
    """The number that stands for a kind. Raises SceneError if there is no such kind."""
    if name not in KINDS:
        raise SceneError(f"Vessels: no kind is called '{name}'; {did_you_mean(name, KINDS)}")
    return KINDS.index(name)


def _as(values: Shaped[ndarray, "..."], dtype: type) -> ndarray:
    return np.ascontiguousarray(values, dtype)


def _or_nan(values: Shaped[ndarray, " k"] | None, count: int) -> Float32[ndarray, " k"]:
    return np.full(count, np.nan, np.float32) if values is None else _as(values, np.float32)


def _followed(jump: Int[ndarray, " n"]) -> Int[ndarray, " n"]:
    """Where each point comes to that goes on jumping until it stays, in log2 of the longest way."""
    while not np.array_equal(further := jump[jump], jump):
        jump = further
    return jump


def _check_length(name: str, values: ndarray, count: int, of: str) -> None:
    if len(values) != count:
        raise SceneError(f"Vessels: {count} {of} but {len(values)} values of {name}; one for each would do")


def _check(good: ndarray, values: ndarray, verb: str, would_do: str) -> None:
    if not good.all():
        point = int(np.argmin(good))
        raise SceneError(f"Vessels: point {point} {verb} {values[point]}; {would_do} would do")


def _check_links(links: Int32[ndarray, "m 2"], n: int) -> None:
    bad = (links < 0).any(axis=1) | (links >= n).any(axis=1) | (links[:, 0] == links[:, 1])
    if bad.any():
        at = int(np.argmax(bad))
        raise SceneError(
            f"Vessels: link {at} joins points {links[at, 0]} and {links[at, 1]}; two of the {n} points would do"
        )


def _lost(parent: Int32[ndarray, " n"]) -> Int[ndarray, " k"]:
    """Points whose parents never end: doubling jumps reach a root in log2(n) rounds otherwise."""
    n = len(parent)
    jump = np.append(np.where(parent == ROOT, n, parent), n)
    for _ in range(int(n).bit_length()):
        jump = jump[jump]
    return np.flatnonzero(jump != n)
