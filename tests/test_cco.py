from fractions import Fraction

import numba
import numpy as np
import pytest

from simdata import Grid, SceneError, Streams, vessel_tree
from simdata.vessels import ROOT
from vascular.cco import grow, pressure_drop_mmhg, seeds
from vascular.construction.hydraulics import settle
from vascular.construction.nodes import NODE, Nodes
from vascular.construction.prices import prices
from vascular.domain import Domain, largest_part
from vascular.murray import CUBIC, KASSAB, Murray, flow_from_ends, radii_from_ends, reduced
from vascular.straight import walk_all
from vascular.together import grow_together

GRID = Grid.regular((48, 40, 44), (2.0, 2.4, 2.2), (3.0, -7.0, 11.0))
INLET = ((3.0, -7.0, -35.0),)


def box() -> Domain:
    return Domain.of_mask(np.ones(GRID.shape, bool), GRID)


def horseshoe() -> Domain:
    """A bent tube: no straight way from one leg to the other."""
    x, y, z = np.moveaxis(GRID.points_mm(), -1, 0)
    ring = np.hypot(np.hypot(x - 3, np.minimum(z - 11, 0)) - 30, y + 7) < 15
    return Domain.of_mask(ring & (z > -45) & (z < 50), GRID)


def rng(seed: int = 1):
    return Streams(seed)["vessels"].generator


@pytest.fixture(scope="module")
def tree():
    return grow(box(), seeds(INLET, 2.5), 5001, 1000.0, rng(), flow_spread=0.4)


def forks(tree):
    daughters = [[] for _ in tree.parent]
    for i, p in enumerate(tree.parent):
        if p != ROOT:
            daughters[p].append(i)
    return [(i, below) for i, below in enumerate(daughters) if len(below) > 1]


def test_a_fork_obeys_murray_and_flow_is_kept(tree):
    for i, below in forks(tree):
        g = tree.exponent[i]
        assert tree.radius_mm[i] ** g == pytest.approx((tree.radius_mm[below] ** g).sum(), rel=1e-10)
        assert tree.flow_mm3_s[i] == pytest.approx(tree.flow_mm3_s[below].sum(), rel=1e-10)
    assert tree.flow_mm3_s[0] == pytest.approx(1000.0, rel=1e-10)
    assert len(forks(tree)) == 5000
    assert set(tree.exponent) == {3.0, 2.7, 2.33}


def test_every_end_has_the_same_pressure(tree):
    ends = np.setdiff1d(np.arange(len(tree.parent)), tree.parent)
    np.testing.assert_allclose(pressure_drop_mmhg(tree)[ends], tree.drop_mmhg, rtol=1e-8)


def test_resistance_and_volume_are_those_of_the_clear_version(tree):
    flow = flow_from_ends(tree.parent, tree.flow_mm3_s)
    np.testing.assert_allclose(flow, tree.flow_mm3_s, rtol=1e-10)
    r, w, b = reduced(tree.parent, tree.length_mm, flow, tree.exponent)
    np.testing.assert_allclose(r, tree.resistance_mm, rtol=1e-10)
    np.testing.assert_allclose(w, tree.volume_mm, rtol=1e-10)
    grown = tree.parent != ROOT
    np.testing.assert_allclose(tree.radius_mm[grown], b[grown] * tree.radius_mm[tree.parent[grown]], rtol=1e-10)


def test_the_objective_that_grew_step_by_step_is_that_of_the_whole_tree(tree):
    scale2 = tree.radius_mm[0] ** 2 / np.sqrt(tree.flow_mm3_s[0] * tree.resistance_mm[0])
    volume_mm3 = np.pi * (tree.radius_mm**2 * tree.length_mm).sum()
    assert np.pi * scale2 * tree.objective == pytest.approx(volume_mm3, rel=1e-10)


def test_the_price_of_one_more_end_is_exact():
    tree = grow(box(), seeds(INLET, 2.5), 300, 1000.0, rng(3))
    n, draw = len(tree.parent), rng(4)
    law = Murray().law(1000.0, 2.5**KASSAB)
    nodes = Nodes(np.zeros(n, NODE), tree.points_mm)
    nodes.node["parent"], nodes.node["flow"] = tree.parent, tree.flow_mm3_s
    settle(nodes, n, law)

    def objective(points, parent, flow):
        length = np.linalg.norm(points - points[np.maximum(parent, 0)], axis=1)
        flow = flow_from_ends(parent, flow)
        length[parent == ROOT] = 0
        exponent = law[1][np.searchsorted(law[0], flow, side="right")]
        r, w, _ = reduced(parent, length, flow, exponent)
        return np.sqrt(flow[0] * r[0]) * w[0]

    gain, shares = np.empty(1), np.empty((1, 2))
    before = objective(tree.points_mm, tree.parent, tree.flow_mm3_s)
    for s in draw.choice(np.arange(1, n), 20, replace=False):
        p = tree.parent[s]
        end = tree.points_mm[s] + draw.normal(0, 5, 3)
        fork = (tree.points_mm[p] + tree.points_mm[s] + end) / 3
        ways = [np.linalg.norm(a - fork) for a in (tree.points_mm[p], tree.points_mm[s], end)]
        prices(nodes.node, np.array([s]), 7.0, np.array([ways]), law, gain, shares)

        parent = np.append(tree.parent, [p, n])
        parent[s] = n
        after = objective(np.vstack([tree.points_mm, fork, end]), parent, np.append(tree.flow_mm3_s, [0, 7.0]))
        assert before + gain[0] == pytest.approx(after, rel=1e-10)


def apart(p, q, r, s):
    """Distance of pairs of segments: the least over the ends and, where it lies within both, the common normal."""

    def to_segment(x, a, b):
        t = np.clip(((x - a) * (b - a)).sum(1) / ((b - a) ** 2).sum(1), 0, 1)
        return np.linalg.norm(a + t[:, None] * (b - a) - x, axis=1)

    least = np.min([to_segment(p, r, s), to_segment(q, r, s), to_segment(r, p, q), to_segment(s, p, q)], axis=0)
    u, v, w = q - p, s - r, r - p
    normal = np.cross(u, v)
    n2 = (normal**2).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (np.cross(w, v) * normal).sum(1) / n2
        x = (np.cross(w, u) * normal).sum(1) / n2
        across = np.abs((w * normal).sum(1)) / np.sqrt(n2)
    within = (n2 > 0) & (t > 0) & (t < 1) & (x > 0) & (x < 1)
    return np.where(within, np.minimum(least, across), least)


def overlaps(first, second=None):
    """Pairs of segments without a common point that overlap, each against each."""
    a, b = first, second or first
    i, j = a.segments, b.segments
    p, q = (points.astype(float) for points in (a.points_mm[a.parent[i]], a.points_mm[i]))
    r, s = (points.astype(float) for points in (b.points_mm[b.parent[j]], b.points_mm[j]))
    middle, reach = (r + s) / 2, np.linalg.norm(s - r, axis=1) / 2 + b.radius_mm[j]
    count = 0
    for n in range(len(i)):
        limit = np.linalg.norm(q[n] - p[n]) / 2 + a.radius_mm[i[n]] + reach
        near = np.flatnonzero(np.linalg.norm(middle - (p[n] + q[n]) / 2, axis=1) < limit)
        if second is None:
            ends = {i[n], a.parent[i[n]]}
            near = np.array([m for m in near if m > n and not {j[m], a.parent[j[m]]} & ends], int)
        if len(near):
            here = np.broadcast_to(p[n], (len(near), 3)), np.broadcast_to(q[n], (len(near), 3))
            count += (apart(*here, r[near], s[near]) < a.radius_mm[i[n]] + b.radius_mm[j[near]]).sum()
    return count


def test_none_of_10000_segments_leaves_its_domain_or_overlaps(tree):
    vessels = tree.vessels(90.0)
    assert len(vessels.segments) >= 10000
    assert overlaps(vessels) == 0
    assert box().holds(vessels).all()


def test_a_bent_organ_is_filled_and_arteries_keep_clear_of_veins():
    domain = horseshoe()
    starts = {
        "arteries": seeds([(33.0, -12.0, 46.0)], 2.0),
        "veins": seeds([(33.0, -2.0, 46.0), (-27.0, -9.0, 46.0)], (2.4, 1.5), "vein"),
    }
    grown = grow_together(domain, starts, 1500, {"arteries": 500.0, "veins": 500.0}, rng())
    arteries, veins = grown["arteries"].vessels(90.0), grown["veins"].vessels(8.0)
    for vessels in (arteries, veins):
        assert domain.holds(vessels).all()
        assert overlaps(vessels) == 0
    assert overlaps(arteries, veins) == 0
    assert arteries.points_mm[arteries.ends, 0].min() < -25
    assert len(veins.roots) == 2
    assert np.isin(veins.roots, veins.parent).all()
    assert veins.pressure_mmhg[veins.ends].min() > veins.pressure_mmhg[veins.roots].max()


def test_demand_draws_the_ends():
    demand = np.ones(GRID.shape)
    demand[24:] = 9
    domain = Domain.of_mask(np.ones(GRID.shape, bool), GRID, demand)
    ends = grow(domain, seeds(INLET, 2.5), 2000, 1000.0, rng())
    ends = ends.points_mm[np.setdiff1d(np.arange(len(ends.parent)), ends.parent)]
    assert (ends[:, 0] > 3.0).mean() == pytest.approx(0.9, abs=0.03)


def test_a_surface_is_a_domain_too():
    distance = 40 - np.linalg.norm(GRID.points_mm() - [3, -7, 11], axis=-1)
    domain = Domain.of_distance(distance, GRID)
    ball = grow(domain, seeds([(3.0, -7.0, -25.0)], 2.0), 400, 300.0, rng())
    assert np.linalg.norm(ball.points_mm - [3, -7, 11], axis=1).max() < 42.2
    assert domain.holds(ball.vessels()).all()


def test_given_vessels_stay_where_they_are():
    first = grow(box(), seeds(INLET, 2.5), 6, 1000.0, rng()).vessels()
    grown = grow(box(), first, 800, 1000.0, rng())
    rows = {tuple(row) for row in np.float32(grown.points_mm).tolist()}
    assert {tuple(row) for row in first.points_mm.tolist()} <= rows
    given = np.sort(grown.length_mm[grown.fixed])
    assert given.sum() == pytest.approx(first.length_mm.sum(), rel=1e-5)


def test_a_given_vessel_goes_on_to_where_blood_is_asked_for_or_ends():
    far = np.zeros((40, 40, 40), bool)
    far[30:] = True
    grid = Grid.regular(far.shape, 1.0)
    hall = Domain.of_mask(np.ones_like(far), grid, far.astype(float))
    points = [(-19, 0, 0), (-10, 0, 0), (-6, -15, 0), (-6, 15, 0)]
    start = vessel_tree(np.array(points, float), np.array([-1, 0, 1, 1]), np.array([1.0, 1.0, 0.8, 0.8]))
    made = grow(hall, start, 60, 10.0, rng()).vessels()
    new = made.ends[made.ends >= len(start)]
    assert len(new) >= 58
    assert (hall.demand_at(made.points_mm[new]) > 0).all()


def test_the_same_bytes_for_any_number_of_threads():
    told = []
    for threads in (1, numba.get_num_threads()):
        numba.set_num_threads(threads)
        vessels = grow(box(), seeds(INLET, 2.5), 500, 1000.0, rng(), flow_spread=0.2).vessels()
        told.append([array.tobytes() for array in (vessels.points_mm, vessels.parent, vessels.radius_mm)])
    assert told[0] == told[1]


def test_the_walk_enters_every_voxel_that_the_segment_crosses():
    draw = rng(9)
    room = np.where(draw.random((7, 6, 5)) < 0.9, 1.0, 0.0).astype(np.float32)
    start, end = (draw.uniform(-0.5, np.array(room.shape) - 0.5, (2000, 3)) for _ in range(2))
    for place in (start, end):  # through faces and edges
        place[:500] = np.clip(np.rint(place[:500] * 4) / 4, -0.5, np.array(room.shape) - 0.75)
    inside = walk_all(room, np.zeros(2000), start, end)
    for a, b, found in zip(start, end, inside, strict=True):
        assert found or crossed(room, a, b, closed=True)
        assert not found or not crossed(room, a, b, closed=False)
    assert 200 < inside.sum() < 1800


def crossed(room, a, b, closed):
    """True if the segment meets an empty voxel (with its faces, if closed), by clipping it with each, in fractions."""
    a, b = ([Fraction(float(x)) for x in end] for end in (a, b))
    for voxel in np.argwhere(room == 0):
        low, high, empty = Fraction(0), Fraction(1), False
        for x, y, middle in zip(a, b, voxel.tolist(), strict=True):
            near, far = middle - Fraction(1, 2), middle + Fraction(1, 2)
            if x == y:
                empty |= not (near <= x <= far if closed else near < x < far)
                continue
            t = sorted([(near - x) / (y - x), (far - x) / (y - x)])
            low, high = max(low, t[0]), min(high, t[1])
        if not empty and (low <= high if closed else low < high):
            return True
    return False


def test_radii_from_the_ends():
    parent, ends = np.array([-1, 0, 0, 1, 1]), np.array([0, 0, 2.0, 1.0, 1.0])
    assert radii_from_ends(parent, ends)[0] == pytest.approx(10 ** (1 / 3))
    assert radii_from_ends(parent, ends, Murray((1.2,), (3.0, 2.0)))[0] == pytest.approx(np.sqrt(4 + 2 ** (2 / 3)))


def plate(half):
    return np.abs(np.arange(40) - 20)[None, :, None] + np.zeros(GRID.shape) < half


def only(voxel):
    demand = np.zeros(GRID.shape)
    demand[voxel] = 1
    return demand


def cube(half):
    return np.abs(np.indices(GRID.shape) - np.array([24, 20, 22])[:, None, None, None]).max(axis=0) < half


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mask": np.zeros(GRID.shape, bool)}, "no voxel"),
        ({"mask": np.full(GRID.shape, 0.3)}, "its mask holds float64; true and false would do"),
        ({"mask": np.arange(48)[:, None, None] % 24 + np.zeros(GRID.shape) > 3}, "2 pieces.*largest_part"),
        ({"mask": np.ones((4, 4, 4), bool)}, r"shape \(4, 4, 4\) on a grid"),
        ({"demand": np.zeros(GRID.shape)}, "nothing inside it has a demand"),
        ({"demand": np.full(GRID.shape, -1.0)}, "negative"),
        ({"demand": np.ones((4, 4, 4))}, "its demand has shape"),
        ({"root": (500.0, 0.0, 0.0)}, r"lies at \[500.0, 0.0, 0.0\] mm, outside the domain"),
        ({"mask": plate(2), "radius": 9.0}, "room for a radius"),
        ({"terminals": 0}, "found 0 terminals"),
        ({"terminals": 10**9}, "found 1000000000 terminals; 1 .* to 20000000 would do"),
        ({"terminals": 2.5}, "found 2.5 terminals; a whole number"),
        ({"radius": 500.0}, "the start has 500.00 mm; a thinner root or a larger domain"),
        ({"demand": only((5, 5, 5))}, r"found room for 2 of 50 terminals in 0.0106 mL that have a demand"),
        ({"flow": 0.0}, "a flow of 0"),
        ({"flow": np.inf}, "a flow of inf"),
        ({"mask": cube(4), "radius": 3.5, "terminals": 500}, "found room for [0-9]+ of 500 terminals in 3.62 mL"),
    ],
)  # fmt: skip
def test_what_cannot_grow_is_said_in_one_line(change, said):
    def try_it():
        domain = Domain.of_mask(change.get("mask", np.ones(GRID.shape, bool)), GRID, change.get("demand"))
        start = seeds([change.get("root", (3.0, -7.0, 11.0))], change.get("radius", 2.0))
        grow(domain, start, change.get("terminals", 50), change.get("flow", 10.0), rng())

    with pytest.raises(SceneError, match=said):
        try_it()


def test_a_surface_that_is_not_a_number_is_told():
    with pytest.raises(SceneError, match="the distance to its surface is not finite somewhere"):
        Domain.of_distance(np.where(np.indices(GRID.shape)[0] < 9, np.nan, 5.0), GRID)


@pytest.mark.parametrize(
    ("flow", "follows", "said"),
    [
        ({"a": 1.0}, {}, "no flow is given for 'b'; one for each of a, b"),
        ({"a": 1.0, "b": 1.0}, {"b": "c"}, "no tree is called 'c', in follows; choose from: a, b"),
        ({"a": 1.0, "b": 1.0}, {"a": "b"}, "'a' follows 'b', which does not grow before it"),
    ],
)
def test_trees_that_cannot_go_together_are_told(flow, follows, said):
    starts = {name: seeds([(x, -7.0, 11.0)], 2.0) for name, x in (("a", -9.0), ("b", 9.0))}
    with pytest.raises(SceneError, match=said):
        grow_together(box(), starts, 50, flow, rng(), follows=follows)


def test_the_largest_part_of_a_mask():
    mask = np.zeros((9, 9, 9), bool)
    mask[1:3, 1:3, 1:3] = mask[4:8, 4:8, 4:8] = True
    assert largest_part(mask).sum() == 64


def test_the_exponent_follows_the_class():
    assert CUBIC.exponent(np.array([1.0, 50.0]), 100.0, 1.0).tolist() == [3, 3]
    by_class = Murray((0.5,), (3.0, 2.0)).exponent(np.array([1.0, 99.0]), 100.0, 1.0)
    assert by_class.tolist() == [3, 2]
