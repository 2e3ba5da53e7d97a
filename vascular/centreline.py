"""The centre line of vessels that are drawn as voxels: where a tree starts that is to grow on from them.

Cheapest ways from the root, cheap along the middle of vessels and dear across gaps of tissue, to the farthest voxel
that no way has come near yet, again and again (TEASAR: Sato et al. 2000, Pacific Graphics, 281).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import KDTree
from skimage.graph import MCP_Geometric

from simdata import Grid, SceneError, Vessels, vessel_tree
from simdata.centrelines import resample
from simdata.vessels import KINDS, ROOT
from vascular.domain import between, bounds, depth_mm

GAP = 12.0
"""A way through tissue costs so much more than one along the rim of a vessel."""
BRIDGED_MM = 25.0
"""Gaps up to this width are bridged."""
COVERS, COVERS_VOXELS = 1.5, 2.5
"""A way covers the vessel so many radii and voxels around it."""
STEP_RADII, STEP_VOXELS = 2.5, 2.0
RIM = 0.15
"""A tube's middle voxel lies so many voxels more than its radius away from the nearest voxel outside, on average."""
SMOOTH = 6
COARSE_MM = 3.0
SHARED = 0.5
"""What a way costs along vessels that are there, over what it costs beside them."""

Voxel = tuple[int, ...]


def centreline(vessel: Bool[ndarray, "x y z"], grid: Grid, root: Float[ndarray, " 3"], kind: str) -> Vessels:
    """The tree of a vessel's middle lines from the root (a voxel), every step 2.5 radii or two voxels long.

    vessel: where it is drawn, in pieces or not; a straight way leads from piece to piece.
    Raises SceneError if there is nothing to follow from the root.
    """
    low, high = bounds(vessel)
    block = between(low, high)
    inside = depth_mm(vessel[block], grid)
    voxels = np.concatenate([[np.asarray(root, int)], np.argwhere(vessel[block]) + low])
    thin = min(grid.spacing_mm)
    depth = np.concatenate([[thin / 2], inside[tuple((voxels[1:] - low).T)]])
    reached, before = _reached(grid.world_mm(voxels), thin / depth, 1.01 * float(np.linalg.norm(grid.spacing_mm)))
    if np.isfinite(reached).sum() < 2:
        raise SceneError("centreline: no vessel voxel can be reached from the root; a vessel that touches it would do")
    points, parent = _ways(grid.world_mm(voxels), reached, before, depth, grid)
    radius = np.maximum(depth[points] - RIM * thin, thin / 2)
    return _smoothed(grid.world_mm(voxels[points]), parent, radius, grid, kind)


def blocks(joined: np.ufunc, array: Shaped[ndarray, "x y z"], k: int) -> Shaped[ndarray, "i j k"]:
    """The array in blocks of k voxels along every axis, each what `joined` makes of its voxels."""
    coarse = np.pad(array, [(0, -n % k) for n in array.shape], mode="edge")
    for axis in range(array.ndim):
        lead = (slice(None),) * axis
        coarse = reduce(joined, [coarse[(*lead, slice(first, None, k))] for first in range(k)])
    return coarse


def _reached(places: Float[ndarray, "n 3"], cost: Float[ndarray, " n"], step_mm: float) -> tuple[ndarray, ndarray]:
    """What the cheapest way from the first place to each costs, inf where none leads, and the place before it."""
    pairs = KDTree(places).query_pairs(step_mm, output_type="ndarray")
    price = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1) * cost[pairs].mean(axis=1)
    size = 2 * (len(places),)
    piece = np.asarray(connected_components(coo_matrix((price, pairs.T), size), directed=False)[1])
    bridges, lengths, joined = [], [], piece == piece[0]
    while not joined.all():
        away, near = KDTree(places[joined]).query(places[~joined])
        away, near = np.atleast_1d(away), np.atleast_1d(near)
        n = int(np.argmin(away))
        if away[n] > BRIDGED_MM:
            break
        there = np.flatnonzero(~joined)[n]
        bridges.append((np.flatnonzero(joined)[near[n]], there))
        lengths.append(GAP * away[n])
        joined |= piece == piece[there]
    edges = np.concatenate([pairs, np.array(bridges, int).reshape(-1, 2)])
    graph = coo_matrix((np.concatenate([price, lengths]), edges.T), size).tocsr()
    return dijkstra(graph, directed=False, indices=0, return_predecessors=True)


def extended(start: Vessels, targets_mm: Float[ndarray, "t 3"], cost: Float[ndarray, "x y z"], grid: Grid) -> Vessels:
    """The vessels with new ways to every target in turn, each the cheapest from all that is there.

    cost: of a millimetre in each voxel. Ways are found on voxels of about 3 mm, each as cheap as its cheapest part; a
    way to a voxel that none has reached before ends at the target itself.
    """

    def way_to(target: Voxel, there: list[Voxel], coarse: ndarray, sampling: list[float]) -> list[Voxel]:
        ways = MCP_Geometric(coarse, sampling=sampling)
        ways.find_costs(there, [target])
        return ways.traceback(target)

    return _with_ways(start, targets_mm, cost, grid, way_to)


def branched(start: Vessels, targets_mm: Float[ndarray, "t 3"], cost: Float[ndarray, "x y z"], grid: Grid) -> Vessels:
    """The vessels with new branches to every target in turn, each the cheapest from the root.

    Where vessels are already a way costs half, so that it follows them and leaves them ahead, at some 60 degrees.
    cost: as of `extended`.
    """

    def way_to(target: Voxel, there: list[Voxel], coarse: ndarray, sampling: list[float]) -> list[Voxel]:
        shared = coarse.copy()
        shared[tuple(np.array(there).T)] *= SHARED
        ways = MCP_Geometric(shared, sampling=sampling)
        ways.find_costs([there[0]], [target])
        way, known = ways.traceback(target), set(there)
        return way[max(n for n, voxel in enumerate(way) if voxel in known) :]

    return _with_ways(start, targets_mm, cost, grid, way_to)


def _with_ways(start: Vessels, targets_mm: ndarray, cost: ndarray, grid: Grid, way_to: Callable) -> Vessels:
    """The vessels and the way to each target, from a voxel of what is there by then."""
    k = max(1, round(COARSE_MM / max(grid.spacing_mm)))
    coarse = blocks(np.minimum, cost, k)
    voxels = [tuple(v) for v in np.rint((grid.index(start.points_mm) - (k - 1) / 2) / k).astype(int).tolist()]
    row = {voxel: n for n, voxel in reversed(list(enumerate(voxels)))}
    sampling = [k * mm for mm in grid.spacing_mm]

    points, parent = list(start.points_mm.astype(float)), start.parent.tolist()
    thin = min(grid.spacing_mm) / 2
    goals = [tuple(voxel) for voxel in np.rint((grid.index(targets_mm) - (k - 1) / 2) / k).astype(int).tolist()]
    for goal, goal_mm in zip(goals, np.asarray(targets_mm, float), strict=True):
        for before, here in pairwise(way_to(goal, sorted(row, key=row.__getitem__), coarse, sampling)):
            if here not in row:
                row[here] = len(points)
                parent.append(row[before])
                middle = np.minimum(np.array(here) * k + (k - 1) / 2, np.array(grid.shape) - 1)
                points.append(goal_mm if here == goal else grid.world_mm(middle))
    radius = np.concatenate([start.radius_mm, np.full(len(points) - len(start), thin)])
    return _smoothed(np.array(points), parent, radius, grid, KINDS[start.kind[0]])


def rounded(vessels: Vessels, length_mm: float, step_mm: float) -> Vessels:
    """Ways in steps of step_mm that bend over length_mm or more, through forks too; roots and ends stay.

    Each point moves to the mean of itself and its neighbours' (as in `simdata.centrelines.smooth`, which keeps forks);
    of a fork's daughters the one with more vessels beyond it counts.
    """
    fine = resample(vessels, step_mm)
    beyond, heir = np.ones(len(fine)), np.zeros(len(fine), int)
    for level in reversed(fine.levels[1:]):
        np.add.at(beyond, fine.parent[level], beyond[level])
    by_size = fine.segments[np.argsort(beyond[fine.segments], kind="stable")]
    heir[fine.parent[by_size]] = by_size
    inner = np.flatnonzero((fine.parent != ROOT) & (fine.children > 0))
    points, above, below = fine.points_mm.astype(float), fine.parent[inner], heir[inner]
    for _ in range(int(np.ceil(2 * (length_mm / step_mm) ** 2))):
        points[inner] = points[inner] / 2 + (points[above] + points[below]) / 4
    return replace(fine, points_mm=points.astype(np.float32))


def _ways(places, reached, before, depth, grid: Grid) -> tuple[ndarray, list[int]]:
    """Rows of all ways, the root first, and their parents among these."""
    row, points, parent = {0: 0}, [0], [ROOT]
    order = np.argsort(-np.where(np.isfinite(reached), reached, -1.0), kind="stable")
    order = order[np.isfinite(reached[order])]
    tree = KDTree(places)
    covered = np.zeros(len(places), bool)
    for tip in order.tolist():
        if covered[tip]:
            continue
        way = [tip]
        while way[-1] not in row:
            way.append(int(before[way[-1]]))
        for upper, here in pairwise(way[::-1]):
            row[here] = len(points)
            parent.append(row[upper])
            points.append(here)
        for hit in tree.query_ball_point(places[way], COVERS * depth[way] + COVERS_VOXELS * max(grid.spacing_mm)):
            covered[hit] = True
    return np.array(points), parent


def _smoothed(places: ndarray, parent: list[int], radius: ndarray, grid: Grid, kind: str) -> Vessels:
    """Forks, ends and every so many mm between them, on smoothed ways."""
    daughters = np.bincount(np.array(parent[1:], int), minlength=len(parent))
    smooth = places.copy()
    up = np.maximum(np.array(parent), 0)
    down = np.arange(len(parent))
    down[up[1:]] = np.arange(1, len(parent))
    for _ in range(SMOOTH):
        inner = np.flatnonzero(daughters == 1)[1:]
        smooth[inner] = 0.5 * smooth[inner] + 0.25 * (smooth[up[inner]] + smooth[down[inner]])

    kept, number, walked = [0], {0: 0}, np.zeros(len(parent))
    above, new_parent = np.zeros(len(parent), int), [ROOT]
    for i in range(1, len(parent)):
        p = parent[i]
        walked[i] = (0.0 if p in number else walked[p]) + np.linalg.norm(smooth[i] - smooth[p])
        above[i] = p if p in number else above[p]
        step = max(STEP_RADII * radius[i], STEP_VOXELS * max(grid.spacing_mm))
        if daughters[i] != 1 or walked[i] >= step:
            number[i] = len(kept)
            kept.append(i)
            new_parent.append(number[above[i]])
    return vessel_tree(smooth[kept], np.array(new_parent), radius[kept], kind)
