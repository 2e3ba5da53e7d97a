"""Constrained constructive optimisation: a tree that feeds an organ, one end after another, with the least blood in it.

Every new end joins the segment where the volume of the whole tree grows least, at the exact price: flow and radii of
all that lies above change with it. Every segment stays in its domain, and no two vessels overlap, nor those that were
there before. Schreiner and Buxbaum 1993, IEEE Trans Biomed Eng 40:482; Karch et al. 1999, Comput Biol Med 29:19.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata import Grid, SceneError, Vessels, vessel_tree
from simdata.errors import did_you_mean
from simdata.vessels import KINDS, ROOT
from vascular import kernel
from vascular.domain import Domain
from vascular.murray import KASSAB, Murray

VISCOSITY_PA_S: Mapping[str, float] = MappingProxyType(
    {"artery": 3.6e-3, "vein": 3.6e-3, "capillary": 3.6e-3, "airway": 1.9e-5, "duct": 0.9e-3}
)
"""Of blood in large vessels, of air at 37 degrees, and of hepatic bile (memory)."""
PA_PER_MMHG = 133.322
ROUNDS = 6
CLEARED = 1.04
"""Vessels nearer than this many radii are taken out again once two of them overlap: radii still change."""
MOST_TERMINALS = 20_000_000
KEPT = 0.8
"""With this share of its ends a tree is finished, with less it is grown anew from what is left."""
SPARE = 1.15
NEAR, FAR = 0.3, 1e-3
FEWEST, TRIES = 12, 4
ENOUGH = 0.4
ROOM_AROUND = 1.6

STAGES = (0.03, 0.2, 1.0)
"""Shares of their ends after which trees that grow together take turns."""
SYSTEMIC = Murray()
NOBODY: Mapping[str, str] = MappingProxyType({})


T = TypeVar("T")


class ShutInError(SceneError):
    """A tree that found no more room. Other random numbers may find some."""


@dataclass(frozen=True, eq=False)
class Tree:
    """A grown tree in double precision: as Vessels, but exact.

    points_mm: (n, 3). parent: (n,). length_mm, radius_mm, flow_mm3_s: (n,) of the segment to the parent; a root has no
    length. resistance_mm, volume_mm: (n,) reduced, see `vascular.murray.reduced`. exponent: (n,) Murray's, of each
    mother. fixed: (n,) given, not grown. kind: a name in KINDS. drop_mmhg: between the roots and every end.
    objective: sum of sqrt(q R) W over the roots, as the growth kept it.
    """

    points_mm: Float[ndarray, "n 3"]
    parent: Int[ndarray, " n"]
    length_mm: Float[ndarray, " n"]
    radius_mm: Float[ndarray, " n"]
    flow_mm3_s: Float[ndarray, " n"]
    resistance_mm: Float[ndarray, " n"]
    volume_mm: Float[ndarray, " n"]
    exponent: Float[ndarray, " n"]
    fixed: Bool[ndarray, " n"]
    kind: str
    drop_mmhg: float
    objective: float

    def vessels(self, root_mmhg: float = 0.0) -> Vessels:
        """The graph, with that pressure at its roots."""
        sign = 1.0 if self.kind in ("vein", "duct") else -1.0
        pressure = root_mmhg + sign * pressure_drop_mmhg(self)
        return vessel_tree(self.points_mm, self.parent, self.radius_mm, self.kind, self.flow_mm3_s, pressure)


def seeds(points_mm: Sequence[Sequence[float]], radius_mm: float | Sequence[float], kind: str = "artery") -> Vessels:
    """Roots to start from, one at each point."""
    points = np.array(points_mm, float).reshape(-1, 3)
    return vessel_tree(points, np.full(len(points), ROOT), np.broadcast_to(radius_mm, len(points)), kind)


def grow(
    domain: Domain,
    start: "Vessels | Tree",
    terminals: int,
    flow_mm3_s: float,
    rng: Generator,
    *,
    murray: Murray = SYSTEMIC,
    flow_spread: float = 0.0,
    around: Sequence[Vessels] = (),
    least: int | None = None,
) -> Tree:
    """A tree (or a forest) of one kind with so many ends in a domain, from the roots and vessels in `start`.

    flow_mm3_s: of all roots together; each end takes an equal part of it, or parts that vary by flow_spread (standard
    deviation over mean, lognormal). The roots share their pressure and keep the sum of their r^(7/3): one root keeps
    its radius. Ends lie as densely as the demand of the domain asks. Vessels that are `around` are kept clear of,
    and all stay SPARE times the sum of their radii apart while they grow, for some get thicker later.
    least: so many ends are enough where there is no room for more; left out, all of them.
    What is given as Vessels stays where it is; a Tree goes on growing, and its branches may still give way.
    Raises SceneError if a root lies outside or finds no room, or the domain has no room for so many ends.
    """
    given = start.vessels() if isinstance(start, Tree) else start
    fixed = start.fixed if isinstance(start, Tree) else np.ones(len(given), bool)
    enough = terminals if least is None else least
    _check(domain, given, terminals, flow_mm3_s, flow_spread, enough)
    flows = _flows(terminals, flow_mm3_s, flow_spread, rng)

    def attempt() -> Tree:
        key = rng.integers(0, 1 << 32, 2, dtype=np.uint32)
        return _grown(domain, given, fixed, flows, murray, _capsules(around), enough, key)

    return _again(attempt)


def _again(attempt: Callable[[], T]) -> T:
    """The first try that succeeds: a first branch may have gone where it shuts the rest in."""
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except ShutInError:
            continue
    return attempt()


def _grown(domain: Domain, start: Vessels, fixed, flows, murray: Murray, others, least: int, key) -> Tree:
    """One try of `grow`: rounds of growth, each without what overlaps after the one before."""
    state, n = _as_nodes(start, fixed, 2 * len(flows))
    ends = _leaves(state, n)
    state[4][ends] = flows[: len(ends)]
    total, terminals, used = flows.sum(), len(flows), len(ends)
    space, places, box = _space(domain)
    width = float((start.radius_mm[start.roots].astype(float) ** KASSAB).sum())
    law, calibre, counter = murray.law(total, width), (width, 0.0), 0
    for _ in range(ROUNDS):
        n, used, counter, objective = kernel.grow(
            space, places, others, state, n, used, flows, law, calibre, key, counter, box, domain.grid.voxel_mm3, SPARE
        )
        _check_grown(n, used, terminals, least, domain, start)
        flows = flows[:used]
        if not kernel.conflicts(state, n, others, space, box, domain.volume_mm3, 1.0).any():
            return _finished(state, n, law, KINDS[start.kind[0]], objective, total)
        while (bad := kernel.conflicts(state, n, others, space, box, domain.volume_mm3, CLEARED)).any():
            state, n, flows, used = _pruned(state, n, bad, flows[used:])
            kernel.settle(state, n, law)
            kernel.refresh(state, n, law, (width, total))
        calibre = (width, total if used > KEPT * terminals else 0.0)
    if used >= least:
        return _finished(state, n, law, KINDS[start.kind[0]], _objective(state, n), total)
    raise ShutInError(
        f"cco: after {ROUNDS} rounds vessels still overlap; thinner roots, fewer terminals or a larger domain would do"
    )


def grow_together(
    domain: Domain,
    starts: "Mapping[str, Vessels] | Mapping[str, Tree]",
    terminals: int,
    flow_mm3_s: Mapping[str, float],
    rng: Generator,
    *,
    follows: Mapping[str, str] = NOBODY,
    murray: Murray = SYSTEMIC,
    around: Sequence[Vessels] = (),
) -> dict[str, Tree]:
    """Several trees in one organ that leave each other room: all reach a few ends before any gets more.

    Where there is no room for all ends a tree has fewer, but four in ten at least.

    starts, flow_mm3_s: by the name of the tree. follows: the tree, named before, that a tree goes with: at every stage
    it looks for its ends near the other's, so that it runs along it on all scales. See `grow`.
    """

    _check_together(starts, flow_mm3_s, follows)

    def attempt() -> dict[str, Vessels | Tree]:
        trees: dict[str, Vessels | Tree] = dict(starts)
        for stage in STAGES:
            trees = _turn(domain, trees, stage, terminals, flow_mm3_s, rng, follows, murray, around)
        return trees

    return {name: tree for name, tree in _again(attempt).items() if isinstance(tree, Tree)}


def _turn(
    domain: Domain, trees: dict[str, Vessels | Tree], stage: float, terminals: int, flow, rng, follows, murray, around
) -> dict[str, Vessels | Tree]:
    """Every tree in turn grows to this share of its ends."""
    grown = dict(trees)
    for name, start in trees.items():
        others = [
            other.vessels() if isinstance(other, Tree) else _with_room(other)
            for key, other in grown.items()
            if key != name
        ]
        leader = grown.get(follows.get(name, ""))
        place = _near_ends(domain, leader.vessels()) if isinstance(leader, Tree) else domain
        first = start.vessels() if isinstance(start, Tree) else start
        ends = max(round(terminals * stage), len(first.ends), min(FEWEST, terminals))
        least = len(first.ends) if stage < 1 else min(round(ENOUGH * terminals), ends)
        grown[name] = grow(place, start, ends, flow[name], rng, murray=murray, around=[*others, *around], least=least)
    return grown


def _with_room(start: Vessels) -> Vessels:
    """Vessels that still have to grow, with wide ends: nobody else shuts them in."""
    radius = start.radius_mm * np.where(start.children == 0, np.float32(ROOM_AROUND), np.float32(1))
    return replace(start, radius_mm=radius)


def _near_ends(domain: Domain, leader: Vessels) -> Domain:
    """The domain with a demand about the ends of a tree: it falls off within a third of their mean distance."""
    reach = NEAR * (domain.volume_mm3 / len(leader.ends)) ** (1 / 3)
    k = max(1, int(reach / (1.25 * max(domain.grid.spacing_mm))))
    voxel = np.rint(domain.grid.index(leader.points_mm[leader.ends].astype(float))).astype(int) // k
    away = np.ones([-(-n // k) for n in domain.grid.shape], bool)
    away[tuple(voxel.T)] = False
    distance = np.asarray(distance_transform_edt(away, sampling=[k * mm for mm in domain.grid.spacing_mm]))
    near = (np.exp(-((distance / reach) ** 2)) + FAR).astype(np.float32)
    for axis, n in enumerate(domain.grid.shape):
        near = np.repeat(near, k, axis=axis).take(range(n), axis=axis)
    return domain.spread(np.where(domain.demand > 0, near, np.float32(0)))


def pressure_drop_mmhg(tree: Tree) -> Float[ndarray, " n"]:
    """How much pressure is lost from the root to each point: 8 viscosity l q / (pi r^4), summed along the way."""
    step = np.where(tree.parent == ROOT, 0.0, tree.length_mm * tree.flow_mm3_s / tree.radius_mm**4)
    return summed_from_root(tree.parent, 8 * VISCOSITY_PA_S[tree.kind] / (np.pi * PA_PER_MMHG) * step)


def summed_from_root(parent: Int[ndarray, " n"], step: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Sum of `step` over each point and all its parents, by doubling jumps."""
    total = step.astype(float)
    jump = parent.copy()
    while (jump != ROOT).any():
        on = jump != ROOT
        total = np.where(on, total + total[jump], total)
        jump = np.where(on, jump[jump], ROOT)
    return total


def _check(domain: Domain, start: Vessels, terminals: int, flow_mm3_s: float, flow_spread: float, enough: int) -> None:
    roots, kinds = start.roots, np.unique(start.kind)
    if not len(roots):
        raise SceneError("cco: there is no root to start from; a point in the domain would do")
    if len(kinds) > 1:
        raise SceneError(f"cco: the start has vessels of {len(kinds)} kinds; one kind would do, each grown by itself")
    least = len(start.ends)
    if not float(terminals).is_integer():
        raise SceneError(f"cco: found {terminals} terminals; a whole number would do")
    if not least <= terminals <= MOST_TERMINALS:
        raise SceneError(
            f"cco: found {terminals} terminals; {least} (one for each end of the start) to {MOST_TERMINALS} would do"
        )
    if not 0 <= enough <= terminals:
        raise SceneError(f"cco: at least {enough} of {terminals} terminals are asked for; 0 to {terminals} would do")
    if not (np.isfinite(flow_mm3_s) and flow_mm3_s > 0 and np.isfinite(flow_spread) and flow_spread >= 0):
        raise SceneError(
            f"cco: no tree can carry a flow of {flow_mm3_s:g} mm3/s that varies by {flow_spread:g}; a flow above 0 and "
            "a spread of 0 or more would do"
        )
    points = start.points_mm.astype(float)
    outside = domain.room_at_mm(points) <= 0
    if outside.any():
        at = int(np.argmax(outside))
        raise SceneError(
            f"cco: point {at} of the start lies at {np.round(points[at], 1).tolist()} mm, outside the domain; a place "
            "inside it would do"
        )
    widest, thickest = float(domain.room_mm.max()), float(start.radius_mm.max())
    if thickest > widest:
        raise SceneError(
            f"cco: the domain has room for a radius of {widest:.2f} mm where it is widest, and the start has "
            f"{thickest:.2f} mm; a thinner root or a larger domain would do"
        )


def _check_together(starts: Mapping[str, object], flow_mm3_s: Mapping[str, float], follows: Mapping[str, str]) -> None:
    names = list(starts)
    for name in (name for name in names if name not in flow_mm3_s):
        raise SceneError(f"cco: no flow is given for '{name}'; one for each of {', '.join(names)} would do")
    for name, leader in follows.items():
        for known in (known for known in (name, leader) if known not in names):
            raise SceneError(f"cco: no tree is called '{known}', in follows; {did_you_mean(known, names)}")
        if names.index(leader) >= names.index(name):
            raise SceneError(
                f"cco: '{name}' follows '{leader}', which does not grow before it; an earlier one would do"
            )


def _check_grown(n: int, used: int, terminals: int, least: int, domain: Domain, start: Vessels) -> None:
    if n < 0:
        place = np.round(start.points_mm[used], 1).tolist() if used < len(start) else "the start"
        raise ShutInError(
            f"cco: from the root at {place} mm no free way leads to any place with demand; a root elsewhere, or a "
            "thinner one, would do"
        )
    if used < least:
        raise ShutInError(
            f"cco: found room for {used} of {terminals} terminals in {domain.wanting_mm3 / 1000:.3g} mL that have a "
            "demand; fewer, a thinner root or a larger domain would do"
        )


def _as_nodes(start: Vessels, fixed: Bool[ndarray, " n"], more: int) -> tuple[tuple[ndarray, ...], int]:
    """Room for the start and `more` nodes, two daughters at most: a third one leaves from the way to the second."""
    points, parent, radius = list(start.points_mm.astype(float)), start.parent.tolist(), start.radius_mm.tolist()
    daughters: dict[int, list[int]] = {}
    for i, p in enumerate(start.parent.tolist()):
        if p != ROOT:
            daughters.setdefault(p, []).append(i)
    for p, below in daughters.items():
        while len(below) > 2:
            third, second = below.pop(), below.pop()
            points.append(0.7 * points[p] + 0.3 * points[second])
            parent.append(p)
            radius.append(radius[second])
            parent[second] = parent[third] = len(points) - 1
            below.append(len(points) - 1)
    n = len(points)
    size = n + more + 2
    tops = [np.full(size, ROOT, np.int32) for _ in range(3)]
    state = (np.zeros((size, 3)), *tops, *(np.zeros(size) for _ in range(5)), np.zeros(size, bool))
    state[0][:n] = np.array(points, np.float32)
    state[1][:n], state[8][:n], state[9][:n] = parent, radius, True
    state[9][: len(start)] = fixed
    return state, n


def _leaves(state: tuple[ndarray, ...], n: int) -> Int[ndarray, " e"]:
    """Ends that have grown: from a given one a vessel still has to go on."""
    parent = state[1][:n]
    daughters = np.bincount(parent[parent != ROOT], minlength=n)
    return np.flatnonzero((daughters == 0) & ~state[9][:n])


def _flows(terminals: int, flow_mm3_s: float, spread: float, rng: Generator) -> Float[ndarray, " t"]:
    sigma = np.sqrt(np.log1p(spread**2))
    parts = np.exp(sigma * rng.standard_normal(terminals)) if spread else np.ones(terminals)
    return flow_mm3_s * parts / parts.sum()


def _space(domain: Domain):
    to_mm = np.ascontiguousarray(domain.grid.affine[:3])
    to_index = np.ascontiguousarray(np.linalg.inv(domain.grid.affine)[:3])
    wanted = np.where(domain.room_mm > 0, domain.demand, 0).ravel()
    voxels = np.flatnonzero(wanted)
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in domain.grid.shape])).reshape(3, -1).T
    corners = domain.grid.world_mm(corners)
    box = (corners.min(axis=0), corners.max(axis=0))
    return (
        (np.ascontiguousarray(domain.room_mm), to_index, to_mm),
        (voxels, np.cumsum(wanted[voxels], dtype=float)),
        box,
    )


def _capsules(around: Sequence[Vessels]) -> tuple[ndarray, ndarray, ndarray]:
    """Both ends and the radius of every segment; a root is a ball."""
    ends = [(vessels, np.where(vessels.parent == ROOT, np.arange(len(vessels)), vessels.parent)) for vessels in around]
    a = [np.zeros((0, 3)), *(vessels.points_mm[above] for vessels, above in ends)]
    b = [np.zeros((0, 3)), *(vessels.points_mm for vessels in around)]
    radius = [np.zeros(0), *(vessels.radius_mm for vessels in around)]
    first, last, thick = (np.ascontiguousarray(np.concatenate(rows), float) for rows in (a, b, radius))
    return first, last, thick


def _pruned(state: tuple[ndarray, ...], n: int, bad: Bool[ndarray, " n"], waiting: Float[ndarray, " w"]):
    """Takes bad segments out, with all below them and forks that carry nothing then.

    Returns (state, nodes, flows of the ends that stay and of those to place again, how many stay).
    """
    parent, flow = state[1], state[4]
    leaves = _leaves(state, n)
    gone = summed_from_root(parent[:n].astype(int), bad.astype(float)) > 0
    kept_leaves = leaves[~gone[leaves]]
    carries = np.zeros(n, bool)
    carries[kept_leaves] = True
    carries[state[9][:n]] = True
    at = kept_leaves
    while at.size:
        at = np.unique(parent[at[parent[at] != ROOT]])
        at = at[~carries[at]]
        carries[at] = True
    kept = np.flatnonzero(carries & ~gone)
    number = np.full(n + 1, ROOT, np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    placed, waiting = flow[kept_leaves], np.concatenate([flow[leaves[gone[leaves]]], waiting])
    room = len(kept) + 2 * len(waiting) + 2
    fewer = tuple(np.zeros((room, *array.shape[1:]), array.dtype) for array in state)
    for new, old in zip(fewer, state, strict=True):
        new[: len(kept)] = old[kept]
    fewer[1][: len(kept)] = number[parent[kept]]
    return fewer, len(kept), np.concatenate([placed, waiting]), len(placed)


def _objective(state: tuple[ndarray, ...], n: int) -> float:
    """Sum of sqrt(q R) W over the roots."""
    _, parent, _, _, flow, _, resistance, volume, _, _ = (array[:n] for array in state)
    roots = parent == ROOT
    return float((np.sqrt(flow[roots] * resistance[roots]) * volume[roots]).sum())


def _finished(state: tuple[ndarray, ...], n: int, law, kind: str, objective: float, total: float) -> Tree:
    point, parent, first, _, flow, length, resistance, volume, radius, fixed = (array[:n].copy() for array in state)
    roots = (parent == ROOT) & (first != ROOT)
    scale = total / flow[roots].sum()
    exponents = law[1][np.searchsorted(law[0], flow, side="right")]
    root, flow, objective = int(np.flatnonzero(roots)[0]), scale * flow, np.sqrt(scale) * objective
    drop = 8 * VISCOSITY_PA_S[kind] / (np.pi * PA_PER_MMHG) * flow[root] * resistance[root] / radius[root] ** 4
    return Tree(
        point, parent.astype(int), length, radius, flow, resistance, volume, exponents, fixed, kind, drop, objective
    )


def example(rng: Generator) -> Vessels:
    """A tree in a cube of 96 mm: 2000 ends from the middle of its floor."""
    grid = Grid.regular((64, 64, 64), 1.5)
    cube = Domain.of_mask(np.ones(grid.shape, bool), grid)
    return grow(cube, seeds([(0.0, 0.0, -47.0)], 2.0), 2000, 1000.0, rng).vessels(90.0)
