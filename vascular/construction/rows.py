"""A graph as nodes that can grow, and what stays of them: the way from Vessels into the arrays of the growth."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from simdata import Vessels
from simdata.vessels import ROOT
from vascular.construction.nodes import NODE, Nodes
from vascular.construction.space import Space
from vascular.domain import Domain


def nodes_of(start: Vessels, fixed: Bool[ndarray, " n"], more: int) -> tuple[Nodes, int]:
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
    nodes = Nodes(np.zeros(n + more + 2, NODE), np.zeros((n + more + 2, 3)))
    nodes.point[:n] = np.array(points, np.float32)
    nodes.node["parent"][:n], nodes.node["radius"][:n], nodes.node["fixed"][:n] = parent, radius, True
    nodes.node["fixed"][: len(start)] = fixed
    return nodes, n


def leaves(nodes: Nodes, n: int) -> Int[ndarray, " e"]:
    """Ends that have grown: from a given one a vessel still has to go on."""
    parent = nodes.node["parent"][:n]
    daughters = np.bincount(parent[parent != ROOT], minlength=n)
    return np.flatnonzero((daughters == 0) & ~nodes.node["fixed"][:n])


def pruned(nodes: Nodes, n: int, bad: Bool[ndarray, " n"], waiting: Float[ndarray, " w"]):
    """Takes bad segments out, with all below them and forks that carry nothing then.

    Returns (nodes, how many, flows of the ends that stay and of those to place again, how many stay).
    """
    parent, flow = nodes.node["parent"], nodes.node["flow"]
    tips = leaves(nodes, n)
    gone = summed_from_root(parent[:n].astype(int), bad.astype(float)) > 0
    kept_leaves = tips[~gone[tips]]
    carries = np.zeros(n, bool)
    carries[kept_leaves] = True
    carries[nodes.node["fixed"][:n]] = True
    at = kept_leaves
    while at.size:
        at = np.unique(parent[at[parent[at] != ROOT]])
        at = at[~carries[at]]
        carries[at] = True
    kept = np.flatnonzero(carries & ~gone)
    number = np.full(n + 1, ROOT, np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    placed, waiting = flow[kept_leaves], np.concatenate([flow[tips[gone[tips]]], waiting])
    room = len(kept) + 2 * len(waiting) + 2
    fewer = Nodes(np.zeros(room, NODE), np.zeros((room, 3)))
    fewer.node[: len(kept)], fewer.point[: len(kept)] = nodes.node[kept], nodes.point[kept]
    fewer.node["parent"][: len(kept)] = number[parent[kept]]
    return fewer, len(kept), np.concatenate([placed, waiting]), len(placed)


def summed_from_root(parent: Int[ndarray, " n"], step: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Sum of `step` over each point and all its parents, by doubling jumps."""
    total = step.astype(float)
    jump = parent.copy()
    while (jump != ROOT).any():
        on = jump != ROOT
        total = np.where(on, total + total[jump], total)
        jump = np.where(on, jump[jump], ROOT)
    return total


def space_of(domain: Domain) -> Space:
    """A domain as growth takes it."""
    to_mm = np.ascontiguousarray(domain.grid.affine[:3])
    to_index = np.ascontiguousarray(np.linalg.inv(domain.grid.affine)[:3])
    wanted = np.where(domain.room_mm > 0, domain.demand, 0).ravel()
    voxels = np.flatnonzero(wanted)
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in domain.grid.shape])).reshape(3, -1).T
    corners = domain.grid.world_mm(corners)
    room, demand = np.ascontiguousarray(domain.room_mm), np.cumsum(wanted[voxels], dtype=float)
    return Space(room, to_index, to_mm, voxels, demand, corners.min(axis=0), corners.max(axis=0))


def capsules(around: Sequence[Vessels]) -> tuple[ndarray, ndarray, ndarray]:
    """Both ends and the radius of every segment; a root is a ball."""
    a = [np.zeros((0, 3)), *(vessels.points_mm[vessels.above] for vessels in around)]
    b = [np.zeros((0, 3)), *(vessels.points_mm for vessels in around)]
    radius = [np.zeros(0), *(vessels.radius_mm for vessels in around)]
    first, last, thick = (np.ascontiguousarray(np.concatenate(rows), float) for rows in (a, b, radius))
    return first, last, thick
