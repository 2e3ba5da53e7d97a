"""Constrained constructive optimisation: a tree that feeds an organ, one end after another, with the least blood in it.

Every new end joins the segment where the volume of the whole tree grows least, at the exact price: flow and radii of
all that lies above change with it. Every segment stays in its domain, and no two vessels overlap, nor those that were
there before. Schreiner and Buxbaum 1993, IEEE Trans Biomed Eng 40:482; Karch et al. 1999, Comput Biol Med 29:19.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator

from simdata import Grid, SceneError, Vessels, vessel_tree
from simdata.vessels import KINDS, ROOT
from vascular.construction.clearance import conflicts
from vascular.construction.growth import grow as grow_nodes
from vascular.construction.hydraulics import refresh, settle
from vascular.construction.nodes import NODE, Nodes
from vascular.construction.rows import capsules, leaves, nodes_of, pruned, space_of, summed_from_root
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
"""Vessels keep so many times the sum of their radii apart while they grow: some get thicker later."""
TRIES = 4
SYSTEMIC = Murray()

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
        return _grown(domain, given, fixed, flows, murray, capsules(around), enough, key)

    return first_of_tries(attempt)


def first_of_tries(attempt: Callable[[], T]) -> T:
    """The first try that succeeds: a first branch may have gone where it shuts the rest in."""
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except ShutInError:
            continue
    return attempt()


def _grown(domain: Domain, start: Vessels, fixed, flows, murray: Murray, others, least: int, key) -> Tree:
    """One try of `grow`: rounds of growth, each without what overlaps after the one before."""
    nodes, n = nodes_of(start, fixed, 2 * len(flows))
    ends = leaves(nodes, n)
    nodes.node["flow"][ends] = flows[: len(ends)]
    total, terminals, used = flows.sum(), len(flows), len(ends)
    space, kind = space_of(domain), KINDS[start.kind[0]]
    width = float((start.radius_mm[start.roots].astype(float) ** KASSAB).sum())
    law, calibre, counter = murray.law(total, width), (width, 0.0), 0
    for _ in range(ROUNDS):
        n, used, counter, objective = grow_nodes(
            space, others, nodes, n, used, flows, law, calibre, key, counter, domain.grid.voxel_mm3, SPARE
        )
        _check_grown(n, used, terminals, least, domain, start)
        flows = flows[:used]
        if not conflicts(nodes, n, others, space, domain.volume_mm3, 1.0).any():
            return _finished(nodes, n, law, kind, objective, total)
        while (bad := conflicts(nodes, n, others, space, domain.volume_mm3, CLEARED)).any():
            nodes, n, flows, used = pruned(nodes, n, bad, flows[used:])
            settle(nodes, n, law)
            refresh(nodes, n, law, (width, total))
        calibre = (width, total if used > KEPT * terminals else 0.0)
    if used >= least:
        return _finished(nodes, n, law, kind, _objective(nodes, n), total)
    raise ShutInError(
        f"cco: after {ROUNDS} rounds vessels still overlap; thinner roots, fewer terminals or a larger domain would do"
    )


def pressure_drop_mmhg(tree: Tree) -> Float[ndarray, " n"]:
    """How much pressure is lost from the root to each point: 8 viscosity l q / (pi r^4), summed along the way."""
    step = np.where(tree.parent == ROOT, 0.0, tree.length_mm * tree.flow_mm3_s / tree.radius_mm**4)
    return summed_from_root(tree.parent, 8 * VISCOSITY_PA_S[tree.kind] / (np.pi * PA_PER_MMHG) * step)


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


def _flows(terminals: int, flow_mm3_s: float, spread: float, rng: Generator) -> Float[ndarray, " t"]:
    sigma = np.sqrt(np.log1p(spread**2))
    parts = np.exp(sigma * rng.standard_normal(terminals)) if spread else np.ones(terminals)
    return flow_mm3_s * parts / parts.sum()


def _objective(nodes: Nodes, n: int) -> float:
    """Sum of sqrt(q R) W over the roots."""
    root = nodes.node[:n][nodes.node["parent"][:n] == ROOT]
    return float((np.sqrt(root["flow"] * root["resistance"]) * root["volume"]).sum())


def _finished(nodes: Nodes, n: int, law, kind: str, objective: float, total: float) -> Tree:
    node = {name: np.ascontiguousarray(nodes.node[name][:n]) for name in NODE.names or ()}
    roots = np.flatnonzero((node["parent"] == ROOT) & (node["first"] != ROOT))
    scale, root = total / node["flow"][roots].sum(), roots[0]
    exponents = law[1][np.searchsorted(law[0], node["flow"], side="right")]
    flow, resistance, radius = scale * node["flow"], node["resistance"], node["radius"]
    drop = 8 * VISCOSITY_PA_S[kind] / (np.pi * PA_PER_MMHG) * flow[root] * resistance[root] / radius[root] ** 4
    return Tree(
        points_mm=nodes.point[:n].copy(),
        parent=node["parent"].astype(int),
        length_mm=node["length"],
        radius_mm=radius,
        flow_mm3_s=flow,
        resistance_mm=resistance,
        volume_mm=node["volume"],
        exponent=exponents,
        fixed=node["fixed"],
        kind=kind,
        drop_mmhg=drop,
        objective=np.sqrt(scale) * objective,
    )


def example(rng: Generator) -> Vessels:
    """A tree in a cube of 96 mm: 2000 ends from the middle of its floor."""
    grid = Grid.regular((64, 64, 64), 1.5)
    cube = Domain.of_mask(np.ones(grid.shape, bool), grid)
    return grow(cube, seeds([(0.0, 0.0, -47.0)], 2.0), 2000, 1000.0, rng).vessels(90.0)
