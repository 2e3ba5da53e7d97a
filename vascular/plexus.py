"""Capillary plexus: nets of polygonal meshes in layers, fed by the ends of arteries and drained by the ends of veins.

A mesh is the cell of a Voronoi diagram of jittered hexagonal places: three capillaries meet at every node, as in the
retina and other flat beds. Blind ends are pruned, so that a net ends in a closed ring round what it leaves out.
Arterioles and venules join it with their ends and, where they are thin, all along. Along the net, every node hangs on
the nearest arteriole, which makes capillaries part of the arterial tree; the capillaries that are left over, and those
that drain into a vein, are links.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree, Voronoi

from simdata.errors import SceneError
from simdata.vessels import ARTERY, CAPILLARY, ROOT, VEIN, Vessels, vessel_tree

JITTER = 0.25
"""Standard deviation of the places of a hexagonal lattice, in spacings."""
FARTHEST_MM = 0.15
"""From an artery or vein to the capillary that it joins."""
THIN_MM = 0.009
"""Arterioles and venules of less than this radius join capillaries along their way, not only where they end (memory of
casts: side branches every 50-100 um)."""
MOUTH_MM = 0.0035
"""Least radius of a capillary where an arteriole or a venule joins it (memory)."""

Places = Float[ndarray, "n 2"]


@dataclass(frozen=True)
class Layer:
    """A net at depth_mm +- depth_sd_mm with meshes mesh_mm apart, of capillaries of radius_mm +- radius_sd_mm."""

    depth_mm: float
    mesh_mm: Annotated[float, Gt(0)]
    depth_sd_mm: float = 0.004
    radius_mm: Annotated[float, Gt(0)] = 0.0029
    radius_sd_mm: float = 0.0003


@dataclass(frozen=True, eq=False)
class Net:
    """Nodes at points_mm (n, 3), capillaries between them: edges (m, 2). radius_mm, layer: (n,)."""

    points_mm: Float[ndarray, "n 3"]
    edges: Int[ndarray, "m 2"]
    radius_mm: Float[ndarray, " n"]
    layer: Int[ndarray, " n"]


def net(
    layers: tuple[Layer, ...],
    size_mm: tuple[float, float],
    open_at: Callable[[int, Places], Bool[ndarray, " n"]],
    between_mm: float,
    rng: Generator,
) -> Net:
    """Nets over a rectangle around the origin, with capillaries from layer to layer about between_mm apart.

    open_at: which places of a layer may hold capillaries.
    """
    points, edges, radius, layer = [], [], [], []
    count = 0
    for number, one in enumerate(layers):
        places, pairs = _meshes(one.mesh_mm, size_mm, rng)
        pairs = pairs[open_at(number, places)[pairs].all(axis=1)]
        pairs = _without_blind_ends(pairs, np.zeros(len(places), bool))
        used, pairs = np.unique(pairs, return_inverse=True)
        n = len(used)
        points.append(np.column_stack([places[used], one.depth_mm + one.depth_sd_mm * rng.normal(size=n)]))
        radius.append(np.maximum(0.5 * one.radius_mm, one.radius_mm + one.radius_sd_mm * rng.normal(size=n)))
        layer.append(np.full(n, number))
        edges.append(pairs.reshape(-1, 2) + count)
        if number:
            edges.append(_between(points[-2], points[-1], count - len(points[-2]), count, between_mm, size_mm, rng))
        count += n
    return Net(np.concatenate(points), np.concatenate(edges), np.concatenate(radius), np.concatenate(layer))


def close_circulation(
    trees: Vessels, capillaries: Net, joined: Mapping[int, Sequence[float]], rng: Generator
) -> Vessels:
    """Arteries and veins joined by the net, without the capillaries that no artery reaches.

    joined: for ARTERY and VEIN the probability that an end, or a point of a thin one, joins the nearest node of each
    layer, but for points that know their pressure: those lead on to elsewhere.
    Raises SceneError if no artery comes near the net.
    """
    pairs = [_joins(trees, capillaries, kind, shares, rng) for kind, shares in joined.items()]
    joins = np.unique(np.concatenate(pairs), axis=0)
    if not (trees.kind[joins[:, 0]] == ARTERY).any():
        raise SceneError(
            f"close_circulation: no artery ends within {FARTHEST_MM} mm of a capillary; arteries over the net would do"
        )
    n, radius = len(trees), capillaries.radius_mm.copy()
    radius[joins[:, 1]] = np.maximum(radius[joins[:, 1]], MOUTH_MM)
    whole, _ = _hung(
        np.concatenate([trees.points_mm, capillaries.points_mm]),
        np.concatenate([trees.parent, np.full(len(capillaries.points_mm), ROOT)]),
        np.concatenate([trees.radius_mm, radius]),
        np.concatenate([trees.kind, np.full(len(capillaries.points_mm), CAPILLARY)]),
        np.concatenate([trees.flow_mm3_s, np.full(len(capillaries.points_mm), np.nan)]),
        np.concatenate([joins + np.array([0, n]), capillaries.edges + n]),
    )
    return whole


def _joins(trees: Vessels, capillaries: Net, kind: int, shares: Sequence[float], rng: Generator) -> Int[ndarray, "j 2"]:
    """Points of the vessels of a kind, and the nodes of the net that they join."""
    thin = (trees.radius_mm < THIN_MM) & (trees.children == 1) & (trees.parent != ROOT)
    free = (trees.kind == kind) & np.isnan(trees.pressure_mmhg)
    mouths, joins = np.flatnonzero(free & (thin | (trees.children == 0))), [np.zeros((0, 2), int)]
    for layer, share in enumerate(shares):
        chosen, rows = mouths[rng.random(len(mouths)) < share], np.flatnonzero(capillaries.layer == layer)
        if len(chosen) and len(rows):
            distance, at = KDTree(capillaries.points_mm[rows, :2]).query(trees.points_mm[chosen, :2])
            near = distance < FARTHEST_MM
            joins.append(np.column_stack([chosen[near], rows[np.asarray(at)[near]]]))
    return np.concatenate(joins)


def without(vessels: Vessels, closed: Bool[ndarray, " n"]) -> tuple[Vessels, Int[ndarray, " k"]]:
    """What is left of a net when some of its capillaries close, and the rows that it had before.

    Those that end blind for it, and those that no artery reaches any more, close too.
    """
    capillary = vessels.kind == CAPILLARY
    own = vessels.segments[capillary[vessels.segments]]
    edges = np.concatenate([np.column_stack([vessels.parent[own], own]), vessels.links])
    blind = np.bincount(edges.ravel(), minlength=len(vessels)) < 2
    edges = edges[~(closed & capillary)[edges].any(axis=1)]
    edges = _without_blind_ends(edges, ~capillary | blind)
    left, reached = _hung(
        vessels.points_mm,
        np.where(capillary, ROOT, vessels.parent),
        vessels.radius_mm,
        vessels.kind,
        vessels.flow_mm3_s,
        edges,
    )
    return left, np.flatnonzero(reached)


def mesh_mm(vessels: Vessels) -> float:
    """Median length of capillaries: tissue so near to one is fed by it."""
    own = vessels.segments[vessels.kind[vessels.segments] == CAPILLARY]
    return float(np.median(vessels.length_mm[own]))


def _hung(points, parent, radius, kind, flow, edges) -> tuple[Vessels, Bool[ndarray, " n"]]:
    """Each capillary on its way to the nearest artery along the edges; what no artery reaches is left out (False)."""
    n, capillary = len(points), kind == CAPILLARY
    a, b = edges.T
    venous = (kind[a] == VEIN) | (kind[b] == VEIN)
    length = np.linalg.norm(points[a] - points[b], axis=1) + 1e-6
    ways = csr_array((length[~venous], (a[~venous], b[~venous])), shape=(n, n))
    fed = np.unique(edges[~venous][~capillary[edges[~venous]]])
    before = np.asarray(dijkstra(ways, directed=False, indices=fed, return_predecessors=True, min_only=True)[1])
    reached = ~capillary | (before >= 0)
    parent = np.where(capillary & reached, before, parent)
    link = ~((parent[a] == b) | (parent[b] == a)) & reached[a] & reached[b]
    row = np.where(reached, np.cumsum(reached) - 1, ROOT)
    hung = vessel_tree(
        points[reached],
        np.where(parent[reached] == ROOT, ROOT, row[parent[reached]]),
        radius[reached],
        kind[reached],
        flow[reached],
        links=row[edges[link]],
    )
    return hung, reached


def _meshes(mesh_mm: float, size_mm: tuple[float, float], rng: Generator) -> tuple[Places, Int[ndarray, "m 2"]]:
    """Corners and sides of the Voronoi cells that lie in the rectangle."""
    across, up = mesh_mm, mesh_mm * np.sqrt(0.75)
    columns, rows = int(size_mm[0] / across) + 5, int(size_mm[1] / up) + 5
    i, j = np.meshgrid(np.arange(columns), np.arange(rows), indexing="ij")
    lattice = np.column_stack([((i + 0.5 * (j % 2)) * across).ravel(), (j * up).ravel()])
    lattice += JITTER * mesh_mm * rng.normal(size=lattice.shape) - lattice.mean(axis=0)
    diagram = Voronoi(lattice)
    sides = np.array(diagram.ridge_vertices)
    inside = np.asarray((np.abs(diagram.vertices) < np.array(size_mm) / 2).all(axis=1))
    return diagram.vertices, sides[(sides >= 0).all(axis=1) & inside[sides].all(axis=1)]


def _without_blind_ends(edges: Int[ndarray, "m 2"], spared: Bool[ndarray, " n"]) -> Int[ndarray, "k 2"]:
    while len(edges):
        blind = ((np.bincount(edges.ravel(), minlength=len(spared)) < 2) & ~spared)[edges].any(axis=1)
        if not blind.any():
            break
        edges = edges[~blind]
    return edges


def _between(upper, lower, upper_from: int, lower_from: int, apart_mm: float, size_mm, rng: Generator) -> ndarray:
    """Capillaries from random nodes of a layer to the nearest of the next."""
    chosen = np.flatnonzero(rng.random(len(upper)) < size_mm[0] * size_mm[1] / apart_mm**2 / max(len(upper), 1))
    _, at = KDTree(lower[:, :2]).query(upper[chosen, :2])
    return np.column_stack([chosen + upper_from, at + lower_from])
