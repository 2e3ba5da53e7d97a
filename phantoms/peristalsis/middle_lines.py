"""The middle line of a hollow tube that is told by labels only: cheapest ways that keep to where it is wide."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Float64, Int
from numpy import ndarray
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, label
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from simdata.grid import Grid

KEEPS = 3.0
"""A step costs its length by (widest radius / radius here) to this power, so that a way keeps to the middle (as of
TEASAR: Sato 2000, Pacific Graphics 281, who take the 16th power of another penalty)."""
TAKEN, MOST_LINES = 1.6, 200
"""Of its radius that a line takes with it on either side; in the rest of the lumen another may run."""
STEP_MM, SMOOTH_MM = 1.0, (8.0, 18.0)
"""Of the points of a line; and by how much its stairs are smoothed: its own radius, between these."""
NEIGHBOURS = tuple((i, j, k) for i in (0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1) if (i, j, k) > (0, 0, 0))


def middle_lines(
    lumen: Bool[ndarray, "x y z"], grid: Grid, least_mm: float
) -> Iterator[tuple[Float64[ndarray, "n 3"], Float64[ndarray, " n"]]]:
    """Each line of at least `least_mm`, the longest of its piece of lumen first: points each STEP_MM; radii, mm."""
    radius = np.asarray(distance_transform_edt(lumen, grid.spacing_mm))
    least = least_mm * np.pi * min(grid.spacing_mm) ** 2 / grid.voxel_mm3
    left = lumen.copy()
    for _ in range(MOST_LINES):
        pieces = np.asarray(label(left, np.ones((3, 3, 3)))[0])  # pyright: ignore[reportIndexIssue]
        sizes = np.bincount(pieces.ravel(), minlength=2)
        sizes[0] = 0
        if sizes.max() < least:
            return
        places = np.argwhere(pieces == sizes.argmax())
        way = places[_longest(places, radius, grid)]
        points, wide = _smooth(grid.world_mm(way), radius[tuple(way.T)])
        left[tuple(_around(places, way, radius, grid).T)] = False
        if len(points) * STEP_MM >= least_mm:
            yield points, wide


def _longest(places: Int[ndarray, "n 3"], radius, grid: Grid) -> Int[ndarray, " m"]:
    """Which places the way from end to end takes: from the farthest to the farthest from that."""
    by_length, by_cost = joined(places, radius, grid)
    first = _farthest(by_length, _farthest(by_length, int(radius[tuple(places.T)].argmax())))
    return cheapest(by_cost, first, _farthest(by_length, first))


def joined(places: Int[ndarray, "n 3"], radius: Float[ndarray, "x y z"], grid: Grid) -> tuple[csr_array, csr_array]:
    """Steps between places that touch: their length, and their cost, which is least where the lumen is widest."""
    low, shape = places.min(axis=0) - 1, np.ptp(places, axis=0) + 3
    number = np.full(shape, -1, np.int64)
    own = places - low
    number[tuple(own.T)] = np.arange(len(places))
    wide = radius[tuple(places.T)]
    cost = (wide.max() / wide) ** KEEPS
    rows, columns, costs, lengths = [], [], [], []
    for step in NEIGHBOURS:
        there = number[tuple((own + step).T)]
        here = np.flatnonzero(there >= 0)
        there = there[here]
        length = np.linalg.norm(np.array(step) * grid.spacing_mm)
        rows.append(here)
        columns.append(there)
        lengths.append(np.full(len(here), length))
        costs.append(length * (cost[here] + cost[there]) / 2)
    ends = np.concatenate(rows), np.concatenate(columns)
    shape = (len(places), len(places))
    by_length, by_cost = (csr_array(coo_array((np.concatenate(one), ends), shape=shape)) for one in (lengths, costs))
    return by_length, by_cost


def cheapest(by_cost: csr_array, first: int, last: int) -> Int[ndarray, " m"]:
    """Which places the cheapest way from the first to the last takes, both among them, if there is one."""
    before = np.asarray(dijkstra(by_cost, directed=False, indices=first, return_predecessors=True)[1])
    way = [last]
    while way[-1] != first and before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return np.array(way[::-1])


def _farthest(graph, start: int) -> int:
    distance = np.asarray(dijkstra(graph, directed=False, indices=start))
    return int(np.where(np.isfinite(distance), distance, -1).argmax())


def _smooth(
    points: Float[ndarray, "n 3"], radius: Float[ndarray, " n"]
) -> tuple[Float64[ndarray, "m 3"], Float64[ndarray, " m"]]:
    """The stairs of voxels smoothed, and told every STEP_MM."""
    for _ in range(2):
        along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        at = np.linspace(0, along[-1], max(2, int(along[-1] / STEP_MM) + 1))
        table = np.column_stack([points, radius])
        table = np.stack([np.interp(at, along, column) for column in table.T], axis=1)
        spread_mm = float(np.clip(table[:, 3].mean(), *SMOOTH_MM))
        table = gaussian_filter1d(table, spread_mm / STEP_MM, axis=0, mode="nearest")
        points, radius = table[:, :3], table[:, 3]
    return points, radius


def _around(places, way, radius, grid: Grid) -> Int[ndarray, "m 3"]:
    """The places that a way takes with it."""
    distance, nearest = (np.asarray(part) for part in KDTree(grid.world_mm(way)).query(grid.world_mm(places)))
    return places[distance <= TAKEN * radius[tuple(way.T)][nearest] + max(grid.spacing_mm)]
