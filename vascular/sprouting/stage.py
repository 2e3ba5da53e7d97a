"""A stage of sprouting: places in need call, vessels answer by a step, a fork or a sprout, iteration by iteration."""

import numpy as np
from numba import njit

from simdata.vessels import ARTERY, VEIN
from vascular.sprouting.calls import answering
from vascular.sprouting.inhibition import bar
from vascular.sprouting.net import Net, enter, near, unit
from vascular.sprouting.tips import step_from

UNREACHED = 1.5
"""No source of carbon dioxide calls from a place this near to an artery, in clearances: no vein could get there."""


@njit(cache=True, error_model="numpy")
def grow(position, parent, kind, n, ground, demand, iterations, rules, dice, fork_angles, turns):
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
            enter(net, kind[i], position[i], i)
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
            calls_artery = near(net, ARTERY, p, rules.need * f) < 0
            calls_vein = (
                near(net, VEIN, p, rules.need * f) < 0
                and near(net, ARTERY, p, rules.reach * f) >= 0
                and near(net, ARTERY, p, UNREACHED * rules.clear * f) < 0
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
                if near(net, k, p, rules.reached * f) < 0:
                    sinks[k, left] = p
                    left += 1
            waiting[k] = left
    return grown


@njit(cache=True, error_model="numpy")
def _answer(k, sinks, waiting, f, net, old, n, ground, rules, fork_angles, turns):
    """One step of every vessel of kind k that a sink calls; returns how many points there are then."""
    notch, reach = rules.notch * f, rules.reach * f
    first, calls, from_fork = answering(k, sinks, waiting, reach, notch, rules.cone, net, n, ground)
    barred = np.zeros(n, np.bool_)
    grown = n
    for i in range(n):
        if first[i] == first[i + 1] or grown + 2 > len(net.position):
            continue
        toward = sinks[calls[first[i] : first[i + 1]]] - net.position[i]
        angle = fork_angles[grown % len(fork_angles)]
        if net.children[i] == 1:
            if not barred[i]:
                now = _flank(i, toward, angle, k, f, net, old, grown, ground, rules)
                if now > grown:
                    bar(barred, i, net, n, notch)
                grown = now
            continue
        forks = net.parent[i] >= 0 and from_fork[i] > notch and not barred[i]
        turn = turns[grown % len(turns)]
        grown, forked = _tip(i, toward, forks, angle, turn, k, f, net, old, grown, ground, rules)
        if forked:
            bar(barred, i, net, n, notch)
    return grown


@njit(cache=True, error_model="numpy")
def _flank(i, toward, angle, k, f, net, old, grown, ground, rules):
    """A sprout from the flank of a vessel, at that angle, to the side of its nearest sink."""
    closest, u = np.inf, np.zeros(3)
    for c in range(len(toward)):
        d = (toward[c] * toward[c]).sum()
        if d < closest:
            closest, u = d, toward[c]
    onward = unit(net.position[net.child[i]] - net.position[i])
    side = unit(u - (u * onward).sum() * onward)
    way = np.cos(angle) * onward + np.sin(angle) * side
    return step_from(i, way, 0.0, k, net, old, grown, ground, rules.step * f, rules.clear * f)


@njit(cache=True, error_model="numpy")
def _tip(i, toward, may_fork, angle, turn, k, f, net, old, grown, ground, rules):
    """A tip grows towards its sinks, or forks between them where they spread. Returns (points, whether it forked)."""
    step, clear = rules.step * f, rules.clear * f
    m, heading = np.zeros(3), np.zeros(3)
    if net.parent[i] >= 0:
        heading = unit(net.position[i] - net.position[net.parent[i]])
    for c in range(len(toward)):
        m += unit(toward[c])
    m = unit(m)
    total, widest, far = 0.0, -1.0, np.zeros(3)
    for c in range(len(toward)):
        u = unit(toward[c])
        bend = np.arccos(min(max((u * m).sum(), -1.0), 1.0))
        total += bend * bend
        if bend > widest:
            widest, far = bend, u
    v = (net.position[i] / ground.spacing).astype(np.int64)
    way = unit(rules.inertia * heading + m + rules.following * ground.course[v[0], v[1], v[2]])
    count = len(toward)
    if not (may_fork and count > 1 and np.sqrt(total / count) > rules.spread):
        return step_from(i, way, turn, k, net, old, grown, ground, step, clear), False
    side = unit(far - (far * way).sum() * way)
    plus = 0
    for c in range(count):
        if (toward[c] * side).sum() > 0:
            plus += 1
    share = min(max((count - plus) / count, 0.25), 0.75)
    one, two = share * angle, (1 - share) * angle
    other = np.cos(two) * way - np.sin(two) * side
    way = np.cos(one) * way + np.sin(one) * side
    grown = step_from(i, way, 0.0, k, net, old, grown, ground, step, clear)
    return step_from(i, other, 0.0, k, net, old, grown, ground, step, clear), True


@njit(cache=True)
def _among(places, count, p, limit):
    for i in range(count):
        dx, dy, dz = places[i, 0] - p[0], places[i, 1] - p[1], places[i, 2] - p[2]
        if dx * dx + dy * dy + dz * dz < limit * limit:
            return True
    return False
