"""Angiogenesis: vessels sprout towards tissue that lacks oxygen, veins towards the carbon dioxide it then gives off.

Each iteration scatters candidate places over the tissue. A place too far from any artery becomes an oxygen sink; it
calls the nearest artery in reach, whose tips grow or fork towards their sinks and whose flanks sprout, each at a
distance from the next sprout (lateral inhibition of tip cells). A place in reach of an artery that no vein drains is
a source of carbon dioxide, and calls the veins in the same way. All distances shrink as the tissue grows.
Rauch and Harders 2021 (Interactive synthesis of 3D geometries of blood vessels), Menten 2022, Kreitner 2024; sinks and
perception cones as in Runions 2005, inhibition as in Bentley 2008. The course of vessels and the regions that they do
not leave are ours.
"""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, UInt8
from numba import njit
from numpy import ndarray
from numpy.random import Generator

from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.vessels import ARTERY, VEIN, Vessels, vessel_tree

DETOURS_DEG = (0.0, 20.0, -20.0, 45.0, -45.0)
"""A tip whose way is barred tries these turns, in this order."""
CROSSING_STEPS = 8
"""A sprout may pass the vessels that were there before the stage as long as it is this young: branches of an artery
run below its vein."""
OWN_CLEAR = 0.7
"""Between vessels of one kind that do not join, in steps."""
UNREACHED = 1.5
"""No source of carbon dioxide calls from a place this near to an artery, in clearances: no vein could get there."""
FORKS, TURNS = 1024, 4096
"""Angles that are drawn before a stage, to be used again and again."""
GROWN_RADIUS_MM = 0.001
"""Of a vessel before its flow gives it a calibre."""


@dataclass(frozen=True, eq=False)
class Tissue:
    """Where vessels grow. region: (x, y, z) 0 where they may not; they do not cross from one number to another.

    demand: (x, y, z) 0 to 1, how often a candidate place there needs oxygen. course: (x, y, z, 3) mm in the patient,
    the direction in which vessels run there away from the large end; its length, 0 to 1, is how strictly.
    Raises SceneError if the tissue is empty or needs nothing.
    """

    grid: Grid
    region: UInt8[ndarray, "x y z"]
    demand: Float32[ndarray, "x y z"]
    course: Float32[ndarray, "x y z 3"]

    def __post_init__(self) -> None:
        for name, shape in {
            "region": self.region.shape,
            "demand": self.demand.shape,
            "course": self.course.shape[:3],
        }.items():
            if shape != self.grid.shape:
                raise SceneError(f"Tissue: {name} has shape {shape} on a grid of {self.grid.shape}, not the same")
        if not self.region.any():
            raise SceneError(
                "Tissue: no voxel has a region, so nothing can grow; a region of at least 1 somewhere would do"
            )
        if not self.demand[self.region > 0].any():
            raise SceneError("Tissue: no voxel with a region has a demand, so nothing would grow; one above 0 would do")


@dataclass(frozen=True, kw_only=True)
class Sprouting:
    """The rules of one stage of growth; lengths in mm at its first iteration, divided by 1 + expansion t at the t-th.

    candidates: places tried per iteration. need_mm: a place farther than this from its vessels is in need.
    apart_mm: between two sinks. reached_mm: a sink this near to its vessel is satisfied. reach_mm, cone_deg: how far,
    and within which angle of its direction, a tip perceives sinks. step_mm: growth per iteration. notch_mm: along the
    vessel between forks. clear_mm: between an artery and a vein, and between vessels of one kind that do not join.
    spread_deg: a tip whose sinks spread more than this forks. branch_deg: between the branches of a fork, and its
    standard deviation over forks. inertia, following: weights of the vessel's direction and of the tissue's course
    beside a weight of 1 for its sinks. waver_deg: turn of a tip per step, standard deviation.
    """

    iterations: Annotated[int, Ge(1)]
    candidates: Annotated[int, Ge(1)]
    need_mm: Annotated[float, Gt(0)]
    apart_mm: Annotated[float, Gt(0)]
    reached_mm: Annotated[float, Gt(0)]
    reach_mm: Annotated[float, Gt(0)]
    step_mm: Annotated[float, Gt(0)]
    notch_mm: Annotated[float, Ge(0)]
    clear_mm: Annotated[float, Ge(0)]
    cone_deg: Annotated[float, Gt(0)] = 75.0
    spread_deg: Annotated[float, Ge(0)] = 25.0
    branch_deg: tuple[float, float] = (78.0, 8.0)
    inertia: Annotated[float, Ge(0)] = 0.5
    following: Annotated[float, Ge(0)] = 1.0
    waver_deg: Annotated[float, Ge(0)] = 6.0
    expansion: Annotated[float, Ge(0)] = 0.02


def sprout(vessels: Vessels, tissue: Tissue, stage: Sprouting, rng: Generator) -> Vessels:
    """The arteries and veins after one stage of growth: their points first, in their order, then the new ones.

    Links and numbers other than the radius are not taken along: they are no longer true.
    Raises SceneError if an artery or a vein is missing, or none of the vessels lies in the tissue.
    """
    for kind, name in ((ARTERY, "artery"), (VEIN, "vein")):
        if not (vessels.kind == kind).any():
            raise SceneError(f"sprout: found no {name} to grow from; a root of each kind would do")
    spacing = np.array(tissue.grid.spacing_mm)
    axes = tissue.grid.affine[:3, :3] / spacing
    start = (tissue.grid.index(vessels.points_mm) + 0.5) * spacing
    voxel = np.floor(start / spacing).astype(int)
    within = ((voxel >= 0) & (voxel < tissue.grid.shape)).all(axis=1)
    if not within.any():
        raise SceneError("sprout: no vessel lies on the tissue's grid; roots inside it would do")
    n, order = len(vessels), np.argsort(vessels.depth, kind="stable")
    place = np.append(np.argsort(order), -1)
    tries = stage.iterations * stage.candidates
    capacity = n + 4 * tries
    position = np.zeros((capacity, 3))
    parent, kind = np.full(capacity, -1, np.int32), np.zeros(capacity, np.uint8)
    position[:n], parent[:n], kind[:n] = start[order], place[vessels.parent[order]], vessels.kind[order]
    lengths = stage.need_mm, stage.apart_mm, stage.reached_mm, stage.reach_mm, stage.step_mm, stage.notch_mm
    angles = np.cos(np.radians(stage.cone_deg)), np.radians(stage.spread_deg)
    count = _grow(
        position,
        parent,
        kind,
        n,
        Ground(tissue.region, (tissue.course @ axes).astype(np.float32), spacing),
        tissue.demand,
        stage.iterations,
        Rules(*lengths, stage.clear_mm, stage.expansion, *angles, stage.inertia, stage.following),
        rng.random((tries, 4)),
        np.radians(rng.normal(*stage.branch_deg, FORKS)),
        np.radians(stage.waver_deg) * rng.standard_normal(TURNS),
    )
    parent = np.where(parent[:count] < n, np.append(order, -1)[np.minimum(parent[:count], n)], parent[:count])
    parent[:n], kind[:n] = vessels.parent, vessels.kind
    radius = np.full(count, GROWN_RADIUS_MM, np.float32)
    radius[:n] = vessels.radius_mm
    points = vessels.points_mm, tissue.grid.world_mm(position[n:count] / spacing - 0.5)
    return vessel_tree(np.concatenate(points), parent, radius, kind[:count])


def regress(vessels: Vessels, shorter_mm: float) -> Vessels:
    """Without the side branches that end before `shorter_mm`: sprouts that found nothing to feed (Korn 2015)."""
    n = len(vessels)
    reach_mm, lost = np.zeros(n), np.zeros(n, bool)
    for level in reversed(vessels.levels):
        inner = level[vessels.parent[level] >= 0]
        np.maximum.at(reach_mm, vessels.parent[inner], reach_mm[inner] + vessels.length_mm[inner])
    above = np.maximum(vessels.parent, 0)
    fork = (vessels.parent >= 0) & (vessels.children[above] > 1)
    short = fork & (reach_mm + vessels.length_mm < shorter_mm)
    longest = np.zeros(n)
    np.maximum.at(longest, above[fork], (reach_mm + vessels.length_mm)[fork])
    short &= reach_mm + vessels.length_mm < longest[above]
    for level in vessels.levels:
        inner = level[vessels.parent[level] >= 0]
        lost[inner] = short[inner] | lost[vessels.parent[inner]]
    return vessels.take(~lost)


class Net(NamedTuple):
    """The vessels while they grow, room for more included: what they are, and the cells of `edge` mm that they lie in.

    child, children: a point's first child, and how many. age: steps since the root or the stage began. head: the last
    point of each kind in each cell; after: the one before it there, -1 at the end.
    """

    position: ndarray
    parent: ndarray
    kind: ndarray
    child: ndarray
    children: ndarray
    age: ndarray
    head: ndarray
    after: ndarray
    edge: float


class Ground(NamedTuple):
    """The tissue as the kernel takes it."""

    region: ndarray
    course: ndarray
    spacing: ndarray


class Rules(NamedTuple):
    """A stage of growth as the kernel takes it: lengths in mm, cone as a cosine, spread in radians."""

    need: float
    apart: float
    reached: float
    reach: float
    step: float
    notch: float
    clear: float
    expansion: float
    cone: float
    spread: float
    inertia: float
    following: float


@njit(cache=True, error_model="numpy")
def _grow(position, parent, kind, n, ground, demand, iterations, rules, dice, fork_angles, turns):
    """Runs one stage on the arrays; returns how many points there are then."""
    region, spacing = ground.region, ground.spacing
    capacity, candidates = len(position), len(dice) // iterations
    size = np.array(region.shape) * spacing
    edge = max(max(rules.reach, rules.need), rules.clear)
    cells = (size / edge).astype(np.int64) + 1
    head = np.full((2, cells[0], cells[1], cells[2]), -1, np.int32)
    after = np.full(capacity, -1, np.int32)
    child, children = np.full(capacity, -1, np.int32), np.zeros(capacity, np.int32)
    net = Net(position, parent, kind, child, children, np.zeros(capacity, np.int32), head, after, edge)
    for i in range(n):
        if (position[i] > -edge).all() and (position[i] < size + edge).all():
            _enter(net, kind[i], position[i], i)
        if parent[i] >= 0:
            child[parent[i]] = i
            children[parent[i]] += 1
    grown = n
    sinks, waiting = np.zeros((2, len(dice), 3)), np.zeros(2, np.int64)
    for t in range(iterations):
        f = 1 / (1 + rules.expansion * t)
        for c in range(t * candidates, (t + 1) * candidates):
            p = dice[c, :3] * size
            if region.shape[2] == 1:
                p[2] = 0.5 * size[2]
            i, j, k = int(p[0] / spacing[0]), int(p[1] / spacing[1]), int(p[2] / spacing[2])
            if region[i, j, k] == 0 or dice[c, 3] >= demand[i, j, k]:
                continue
            calls_artery = _near(net, ARTERY, p, rules.need * f) < 0
            calls_vein = (
                _near(net, VEIN, p, rules.need * f) < 0
                and _near(net, ARTERY, p, rules.reach * f) >= 0
                and _near(net, ARTERY, p, UNREACHED * rules.clear * f) < 0
            )
            for kind_called, calls in ((ARTERY, calls_artery), (VEIN, calls_vein)):
                if calls and not _among(sinks[kind_called], waiting[kind_called], p, rules.apart * f):
                    sinks[kind_called, waiting[kind_called]] = p
                    waiting[kind_called] += 1
        for k in (ARTERY, VEIN):
            grown = _answer(k, sinks[k], waiting[k], f, net, n, grown, ground, rules, fork_angles, turns)
            left = 0
            for c in range(waiting[k]):
                p = sinks[k, c].copy()
                if _near(net, k, p, rules.reached * f) < 0:
                    sinks[k, left] = p
                    left += 1
            waiting[k] = left
    return grown


@njit(cache=True, error_model="numpy")
def _answer(k, sinks, waiting, f, net, old, n, ground, rules, fork_angles, turns):
    """One step of every vessel of kind k that a sink calls; returns how many points there are then."""
    reach, step, notch, clear = rules.reach * f, rules.step * f, rules.notch * f, rules.clear * f
    position, parent, child, children, head, after = (
        net.position,
        net.parent,
        net.child,
        net.children,
        net.head,
        net.after,
    )
    region, spacing = ground.region, ground.spacing
    from_fork, to_fork = _fork_distances(net, n)
    caller, called = np.full(waiting, -1, np.int32), np.zeros(n + 1, np.int64)
    for s in range(waiting):
        best, nearest = -1, reach * reach
        home = _region_at(region, spacing, sinks[s])
        a, b = (sinks[s] / net.edge).astype(np.int64), np.array(head.shape[1:])
        for ci in range(max(a[0] - 1, 0), min(a[0] + 2, b[0])):
            for cj in range(max(a[1] - 1, 0), min(a[1] + 2, b[1])):
                for ck in range(max(a[2] - 1, 0), min(a[2] + 2, b[2])):
                    i = head[k, ci, cj, ck]
                    while i >= 0:
                        dx = sinks[s, 0] - position[i, 0]
                        dy = sinks[s, 1] - position[i, 1]
                        dz = sinks[s, 2] - position[i, 2]
                        d = dx * dx + dy * dy + dz * dz
                        if (
                            d < nearest
                            and children[i] < 2
                            and _hears(i, dx, dy, dz, d, net, from_fork, to_fork, notch, rules.cone)
                        ) and _region_at(region, spacing, position[i]) == home:
                            best, nearest = i, d
                        i = after[i]
        caller[s] = best
        if best >= 0:
            called[best + 1] += 1
    called = np.cumsum(called)
    calls, room = np.empty(called[-1], np.int64), called[:-1].copy()
    for s in range(waiting):
        if caller[s] >= 0:
            calls[room[caller[s]]] = s
            room[caller[s]] += 1
    barred = np.zeros(n, np.bool_)
    m, side, way, other = np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3)
    grown = n
    for i in range(n):
        first, last = called[i], called[i + 1]
        if first == last or grown + 2 > len(position):
            continue
        heading = np.zeros(3)
        if parent[i] >= 0:
            heading = _unit(position[i] - position[parent[i]])
        angle = fork_angles[grown % len(fork_angles)]
        if children[i] == 1:
            if barred[i]:
                continue
            closest, u = np.inf, np.zeros(3)
            for c in range(first, last):
                toward = sinks[calls[c]] - position[i]
                d = (toward * toward).sum()
                if d < closest:
                    closest, u = d, toward
            onward = _unit(position[child[i]] - position[i])
            side = _unit(u - (u * onward).sum() * onward)
            way = np.cos(angle) * onward + np.sin(angle) * side
            now = _step(i, way, 0.0, k, net, old, grown, ground, step, clear)
            if now > grown:
                _bar(barred, i, net, n, notch)
            grown = now
            continue
        m[:] = 0.0
        for c in range(first, last):
            m += _unit(sinks[calls[c]] - position[i])
        m = _unit(m)
        total, widest, far = 0.0, -1.0, np.zeros(3)
        for c in range(first, last):
            u = _unit(sinks[calls[c]] - position[i])
            bend = np.arccos(min(max((u * m).sum(), -1.0), 1.0))
            total += bend * bend
            if bend > widest:
                widest, far = bend, u
        v = (position[i] / spacing).astype(np.int64)
        way = _unit(rules.inertia * heading + m + rules.following * ground.course[v[0], v[1], v[2]])
        forks = last - first > 1 and np.sqrt(total / (last - first)) > rules.spread
        if forks and parent[i] >= 0 and from_fork[i] > notch and not barred[i]:
            side = _unit(far - (far * way).sum() * way)
            plus = 0
            for c in range(first, last):
                if ((sinks[calls[c]] - position[i]) * side).sum() > 0:
                    plus += 1
            share = min(max((last - first - plus) / (last - first), 0.25), 0.75)
            one, two = share * angle, (1 - share) * angle
            other = np.cos(two) * way - np.sin(two) * side
            way = np.cos(one) * way + np.sin(one) * side
            grown = _step(i, way, 0.0, k, net, old, grown, ground, step, clear)
            grown = _step(i, other, 0.0, k, net, old, grown, ground, step, clear)
            _bar(barred, i, net, n, notch)
        else:
            turn = turns[grown % len(turns)]
            grown = _step(i, way, turn, k, net, old, grown, ground, step, clear)
    return grown


@njit(cache=True)
def _step(i, way, turn, k, net, old, n, ground, step, clear):
    """A new point one step from point i, if the way or a detour is free; returns how many points there are then."""
    region, spacing, position, children = ground.region, ground.spacing, net.position, net.children
    home = _region_at(region, spacing, position[i])
    flat = region.shape[2] == 1
    for detour in DETOURS_DEG:
        to = _turned(way, turn + np.radians(detour), flat)
        p = position[i] + step * to
        if _region_at(region, spacing, p) != home or _region_at(region, spacing, 0.5 * (p + position[i])) != home:
            continue
        if not _free(p, i, k, net, old, step, clear):
            continue
        position[n], net.parent[n], net.kind[n], net.age[n] = p, i, k, net.age[i] + 1
        if children[i] == 0:
            net.child[i] = n
        children[i] += 1
        _enter(net, k, p, n)
        return n + 1
    return n


@njit(cache=True)
def _free(p, i, k, net, old, step, clear):
    """Whether a point that continues point i is clear of the other kind, and of its own kind but for its relatives."""
    position, parent, head = net.position, net.parent, net.head
    a, b = (p / net.edge).astype(np.int64), np.array(head.shape[1:])
    for kind in range(2):
        limit = OWN_CLEAR * step if kind == k else clear
        for ci in range(max(a[0] - 1, 0), min(a[0] + 2, b[0])):
            for cj in range(max(a[1] - 1, 0), min(a[1] + 2, b[1])):
                for ck in range(max(a[2] - 1, 0), min(a[2] + 2, b[2])):
                    j = head[kind, ci, cj, ck]
                    while j >= 0:
                        d = position[j] - p
                        if (d * d).sum() < limit * limit:
                            if kind == k:
                                if j != i and j != parent[i] and parent[j] != i and parent[j] != parent[i]:
                                    return False
                            elif j >= old or net.age[i] >= CROSSING_STEPS:
                                was = position[j] - position[i]
                                if (was * was).sum() > (d * d).sum():
                                    return False
                        j = net.after[j]
    return True


@njit(cache=True)
def _hears(i, dx, dy, dz, d, net, from_fork, to_fork, notch, cone):
    """Whether point i may grow towards a sink at (dx, dy, dz) from it, d their square."""
    position, parent, children = net.position, net.parent, net.children
    if parent[i] < 0:
        return children[i] == 0
    hx = position[i, 0] - position[parent[i], 0]
    hy = position[i, 1] - position[parent[i], 1]
    hz = position[i, 2] - position[parent[i], 2]
    along = (dx * hx + dy * hy + dz * hz) / np.sqrt(d * (hx * hx + hy * hy + hz * hz))
    if children[i] == 0:
        return along > cone
    return from_fork[i] > notch and to_fork[i] > notch and abs(along) < 0.9


@njit(cache=True)
def _fork_distances(net, n):
    """Along the vessel, from each point up to the next fork or root, and down to the next fork."""
    position, parent, children = net.position, net.parent, net.children
    up, down = np.full(n, np.inf), np.full(n, np.inf)
    for i in range(n):
        if parent[i] >= 0:
            length = np.sqrt(((position[i] - position[parent[i]]) ** 2).sum())
            up[i] = length if children[parent[i]] > 1 else up[parent[i]] + length
    for i in range(n - 1, -1, -1):
        if parent[i] >= 0:
            length = np.sqrt(((position[i] - position[parent[i]]) ** 2).sum())
            down[parent[i]] = min(down[parent[i]], length if children[i] > 1 else down[i] + length)
    return up, down


@njit(cache=True)
def _bar(barred, fork, net, n, notch):
    """No second fork in this iteration within the distance of lateral inhibition along the vessel."""
    position, parent, child = net.position, net.parent, net.child
    i, length = fork, 0.0
    while i >= 0 and length < notch:
        barred[i] = True
        if parent[i] >= 0:
            length += np.sqrt(((position[i] - position[parent[i]]) ** 2).sum())
        i = parent[i]
    i, length = fork, 0.0
    while 0 <= i < n and length < notch:
        barred[i] = True
        if child[i] >= 0:
            length += np.sqrt(((position[i] - position[child[i]]) ** 2).sum())
        i = child[i]


@njit(cache=True)
def _enter(net, k, p, i):
    """Put point i of kind k, at p, into its cell."""
    head, edge = net.head, net.edge
    a = int(min(max(p[0] / edge, 0), head.shape[1] - 1))
    b = int(min(max(p[1] / edge, 0), head.shape[2] - 1))
    c = int(min(max(p[2] / edge, 0), head.shape[3] - 1))
    net.after[i] = head[k, a, b, c]
    head[k, a, b, c] = i


@njit(cache=True)
def _near(net, kind, p, limit):
    """A point of a kind within `limit` of p, -1 if there is none."""
    position, head, edge = net.position, net.head, net.edge
    a, b, c = int(p[0] / edge), int(p[1] / edge), int(p[2] / edge)
    for i in range(max(a - 1, 0), min(a + 2, head.shape[1])):
        for j in range(max(b - 1, 0), min(b + 2, head.shape[2])):
            for k in range(max(c - 1, 0), min(c + 2, head.shape[3])):
                at = head[kind, i, j, k]
                while at >= 0:
                    dx, dy, dz = position[at, 0] - p[0], position[at, 1] - p[1], position[at, 2] - p[2]
                    if dx * dx + dy * dy + dz * dz < limit * limit:
                        return at
                    at = net.after[at]
    return -1


@njit(cache=True)
def _among(places, count, p, limit):
    for i in range(count):
        dx, dy, dz = places[i, 0] - p[0], places[i, 1] - p[1], places[i, 2] - p[2]
        if dx * dx + dy * dy + dz * dz < limit * limit:
            return True
    return False


@njit(cache=True)
def _region_at(region, spacing, p):
    i, j, k = int(np.floor(p[0] / spacing[0])), int(np.floor(p[1] / spacing[1])), int(np.floor(p[2] / spacing[2]))
    if i < 0 or j < 0 or k < 0 or i >= region.shape[0] or j >= region.shape[1] or k >= region.shape[2]:
        return 0
    return int(region[i, j, k])


@njit(cache=True)
def _unit(v):
    length = np.sqrt((v * v).sum())
    return v / length if length > 0 else v


@njit(cache=True)
def _turned(way, angle, flat):
    """A direction, turned: in a flat tissue in its plane, else about the axis that is most across it (Rodrigues)."""
    axis = np.zeros(3)
    axis[2 if flat else np.argmin(np.abs(way))] = 1.0
    if not flat:
        axis = _unit(axis - (axis * way).sum() * way)
    return np.cos(angle) * way + np.sin(angle) * np.cross(axis, way)
