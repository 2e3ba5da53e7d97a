"""Volume filling: a tree that shares out the places of an organ among its branches, as airways share a lobe.

A branch divides the places it leads to by a plane through their centre of mass that holds its own direction, across
their widest spread. Either half gets a daughter, which runs some of the way towards the middle of its half and divides
it in turn, until one place is left or a branch gets as short as a terminal bronchiole. Kitaoka, Takaki and Suki 1999,
J Appl Physiol 87:2207; Tawhai, Pullan and Hunter 2000, Ann Biomed Eng 28:793 (share 0.4, 60 degrees, 1.2 mm).
"""

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata import SceneError, Vessels
from simdata.vessels import ROOT
from vascular.domain import Domain
from vascular.straight import walk

SHARE, WIDEST_DEG, SHORTEST_MM = 0.4, 60.0, 1.2
APART_DIAMETERS = 3.0
"""Side branches leave a given vessel so far from each other and from its forks: airways are three diameters long."""
HALVINGS = 5
JITTER = 0.3


def fill(
    domain: Domain, start: Vessels, places_mm: Float[ndarray, "p 3"]
) -> tuple[Float[ndarray, "n 3"], Int[ndarray, " n"]]:
    """Points and parents of a tree that goes on from `start`, whose rows come first, to places all over a domain.

    Every place belongs to the nearest end, or point between forks, of what is given. Each branch lies in the domain.
    Raises SceneError if there is no place.
    """
    if not len(places_mm):
        raise SceneError("filling: there is no place to fill; an organ of more voxels would do")
    leave = sites(start)
    given = start.points_mm.astype(float)
    nearest = np.asarray(KDTree(given[leave]).query(places_mm)[1])
    by_site = np.argsort(nearest, kind="stable")
    bound = np.searchsorted(nearest[by_site], np.arange(len(leave) + 1))
    heading = given - given[start.above]
    size = len(start) + 4 * len(places_mm) + 4
    points, parent = np.zeros((size, 3)), np.full(size, ROOT)
    points[: len(start)], parent[: len(start)] = given, start.parent
    to_index = np.ascontiguousarray(np.linalg.inv(domain.grid.affine)[:3])
    room = np.ascontiguousarray(domain.room_mm)
    n = _fill(room, to_index, places_mm[by_site], leave, bound, heading, points, parent, len(start))
    return points[:n], parent[:n]


def places(domain: Domain, count: int, rng: Generator) -> Float[ndarray, "p 3"]:
    """About so many places, one in every cube of a grid over the domain but a little out of its middle, mm."""
    edge = (domain.volume_mm3 / count) ** (1 / 3)
    used = np.argwhere(domain.demand * (domain.room_mm > 0) > 0)
    corners = domain.grid.world_mm(used[[0, -1]] * 0.0 + [used.min(axis=0) - 0.5, used.max(axis=0) + 0.5])
    low, high = corners.min(axis=0), corners.max(axis=0)
    axes = [np.arange(a + edge * rng.random(), b, edge) for a, b in zip(low, high, strict=True)]
    found = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    found = found + edge * JITTER * rng.uniform(-1, 1, found.shape)
    voxel = np.clip(np.rint(domain.grid.index(found)).astype(int), 0, np.array(domain.grid.shape) - 1)
    wanted = (domain.room_mm > 0) & (domain.demand > 0)
    return np.float32(found[wanted[tuple(voxel.T)] & (domain.room_at_mm(found) > 0)]).astype(float)


def sites(start: Vessels) -> Int[ndarray, " s"]:
    """From where a given tree goes on: its ends, and points between its forks some diameters from the next site."""
    taken: Bool[ndarray, " n"] = start.children != 1
    since = np.zeros(len(start))
    for level in start.levels[1:]:
        above = start.parent[level]
        since[level] = np.where(taken[above], 0.0, since[above]) + start.length_mm[level]
        free = ~taken[level] & (since[level] >= 2 * APART_DIAMETERS * start.radius_mm[level])
        taken[level] |= free
    return np.flatnonzero(taken & (start.children < 2)).astype(np.int64)


@njit(cache=True)
def _fill(room, to_index, places, sites, bound, heading, points, parent, n):
    """Adds branches behind n given points. places: in the order of the sites, from bound[s] to bound[s + 1]."""
    stack = np.empty((2 * len(places) + len(sites) + 8, 3), np.int64)
    way, place, ahead = np.zeros((len(points), 3)), np.empty(3), np.empty(3)
    way[:n] = heading
    top = 0
    for s in range(len(sites)):
        if bound[s + 1] > bound[s]:
            stack[top, 0], stack[top, 1], stack[top, 2] = sites[s], bound[s], bound[s + 1]
            top += 1
    while top:
        top -= 1
        node, low, high = stack[top]
        middle = _divide(places, low, high, way[node])
        for first, last in ((low, middle), (middle, high)):
            if first == last:
                continue
            for axis in range(3):
                place[axis] = places[first:last, axis].mean() - points[node, axis]
            far = np.sqrt((place**2).sum())
            if far < 1e-6:
                continue
            _turned(way[node], place / far, ahead)
            length = SHARE * far
            for _ in range(HALVINGS):
                end = (points[node] + length * ahead).astype(np.float32).astype(np.float64)
                if walk(room, 0.0, _index(to_index, points[node]), _index(to_index, end)):
                    points[n], parent[n], way[n] = end, node, ahead
                    if last - first > 1 and length > SHORTEST_MM:
                        stack[top, 0], stack[top, 1], stack[top, 2] = n, first, last
                        top += 1
                    n += 1
                    break
                length /= 2
    return n


@njit(cache=True)
def _index(to_index, p):
    out = np.empty(3)
    for row in range(3):
        out[row] = to_index[row, 0] * p[0] + to_index[row, 1] * p[1] + to_index[row, 2] * p[2] + to_index[row, 3]
    return out


@njit(cache=True)
def _divide(places, low, high, way):
    """Sorts places to both sides of the plane through their middle, along `way`, across their widest spread."""
    count = high - low
    if count < 2:
        return high
    across, up = _frame(way)
    mean = np.empty(3)
    for axis in range(3):
        mean[axis] = places[low:high, axis].mean()
    aa = bb = ab = 0.0
    for i in range(low, high):
        a = b = 0.0
        for axis in range(3):
            off = places[i, axis] - mean[axis]
            a += off * across[axis]
            b += off * up[axis]
        aa, bb, ab = aa + a * a, bb + b * b, ab + a * b
    turn = 0.5 * np.arctan2(2 * ab, aa - bb)
    normal = np.cos(turn) * across + np.sin(turn) * up
    i, j = low, high - 1
    while i <= j:
        side = 0.0
        for axis in range(3):
            side += (places[i, axis] - mean[axis]) * normal[axis]
        if side < 0:
            i += 1
        else:
            for axis in range(3):
                places[i, axis], places[j, axis] = places[j, axis], places[i, axis]
            j -= 1
    return i


@njit(cache=True)
def _frame(way):
    """Two unit vectors across a direction and each other."""
    length = np.sqrt((way**2).sum())
    ahead = way / length if length > 0 else np.array([0.0, 0.0, 1.0])
    least = np.argmin(np.abs(ahead))
    across = -ahead * ahead[least]
    across[least] += 1
    across /= np.sqrt((across**2).sum())
    return across, np.cross(ahead, across)


@njit(cache=True)
def _turned(way, wanted, out):
    """The wanted direction, or what lies 60 degrees from `way` towards it."""
    length = np.sqrt((way**2).sum())
    out[:] = wanted
    if length == 0:
        return
    ahead = way / length
    along = (ahead * wanted).sum()
    widest = np.radians(WIDEST_DEG)
    if along < np.cos(widest):
        side = wanted - along * ahead
        across = np.sqrt((side**2).sum())
        if across > 1e-9:
            out[:] = np.cos(widest) * ahead + np.sin(widest) * side / across
