"""Trees of one organ that grow together, in turns: they leave each other room, and one may go along another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata import SceneError, Vessels
from simdata.errors import did_you_mean
from vascular.cco import SYSTEMIC, Tree, first_of_tries, grow
from vascular.domain import Domain
from vascular.murray import Murray

NEAR, FAR = 0.3, 1e-3
"""Reach of the demand about another tree's ends, in their mean distances; demand beyond it."""
FEWEST = 12
ENOUGH = 0.4
ROOM_AROUND = 1.6
STAGES = (0.03, 0.2, 1.0)
"""Shares of their ends after which trees that grow together take turns."""
NOBODY: Mapping[str, str] = MappingProxyType({})


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

    return {name: tree for name, tree in first_of_tries(attempt).items() if isinstance(tree, Tree)}


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
