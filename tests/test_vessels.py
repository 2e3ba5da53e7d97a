from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdata import SceneError, Vessels, vessel_tree
from simdata.centrelines import resample, smooth, subdivide
from simdata.vessels import merge


def tree(parent=(-1, 0, 1), radius=(1, 1, 1), kind=(0, 0, 0), points=None, links=None):
    places = np.zeros((len(parent), 3)) if points is None else np.array(points)
    return vessel_tree(places, np.array(parent), np.array(radius), np.array(kind), links=links)


def test_a_tree_and_a_forest_and_nothing_are_accepted():
    tree()
    tree(parent=(-1, -1, 0))
    tree(parent=(), radius=(), kind=())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"parent": (1, 2, 0)}, "from point 0 .* circle"),
        ({"parent": (-1, 2, 1)}, "circle"),
        ({"parent": (-1, 0, 3)}, "-1 to 2 would do"),
        ({"radius": (1, 0, 1)}, "positive"),
        ({"radius": (1, np.inf, 1)}, "point 1 .* finite"),
        ({"kind": (0, 9, 0)}, "point 1 has kind 9; .*artery"),
        ({"points": [(0, 0, 0), (0, 0, 0), (0, np.nan, 0)]}, "point 2 .* finite"),
        ({"links": np.array([(0, 1), (1, 3)])}, "link 1 joins points 1 and 3"),
        ({"links": np.array([(2, 2)])}, "link 0 joins points 2 and 2"),
    ],
)
def test_an_impossible_tree_is_refused(wrong, said):
    with pytest.raises(SceneError, match=said):
        tree(**wrong)


FORK = ((0, 0, 0), (0, 0, 1), (0, 0, 2), (1, 0, 3), (-1, 0, 3), (-1, 0, 4))
FORK_PARENT = (-1, 0, 1, 2, 2, 4)


def fork(**more):
    """A stem of two segments that divides in a short arm and an arm of two segments."""
    return tree(parent=FORK_PARENT, points=FORK, radius=(2, 2, 2, 1, 1, 1), kind=(0,) * 6, **more)


def test_lengths_ends_depths_and_levels_of_a_fork():
    vessels = fork(links=np.array([(3, 5)]))
    assert np.allclose(vessels.length_mm, [0, 1, 1, 2**0.5, 2**0.5, 1])
    assert vessels.roots.tolist() == [0]
    assert vessels.segments.tolist() == [1, 2, 3, 4, 5]
    assert vessels.ends.tolist() == [3, 5]
    assert vessels.children.tolist() == [1, 1, 2, 0, 1, 0]
    assert vessels.depth.tolist() == [0, 1, 2, 3, 3, 4]
    assert [level.tolist() for level in vessels.levels] == [[0], [1], [2], [3, 4], [5]]
    assert vessels.above.tolist() == [0, 0, 1, 2, 2, 4]
    assert vessels.link_radius_mm.tolist() == [1]
    assert np.allclose(vessels.link_length_mm, 5**0.5)


def test_each_point_knows_its_root_and_who_carries_its_vessel_on():
    forest = tree(parent=(-1, 0, 1, 1, -1, 4), radius=(3, 2, 1, 2, 1, 1), kind=(0,) * 6)
    assert forest.root.tolist() == [0, 0, 0, 0, 4, 4]
    assert forest.heir.tolist() == [1, 3, -1, -1, 5, -1]


def test_what_is_bad_goes_with_all_that_hangs_on_it():
    forest = tree(parent=(-1, 0, 1, 1, -1, 4), radius=(3, 2, 1, 2, 1, 1), kind=(0,) * 6)
    assert forest.without(np.array([0, 1, 0, 0, 0, 0], bool)).parent.tolist() == [-1, -1, 1]
    assert forest.without(np.array([0, 0, 1, 0, 0, 0], bool)).radius_mm.tolist() == [3, 2, 2, 1, 1]


def test_strahler_order_rises_where_two_of_the_highest_order_meet():
    assert fork().order.tolist() == [2, 2, 2, 1, 1, 1]
    caterpillar = tree(parent=(-1, 0, 0, 1, 1, 3, 3), radius=(1,) * 7, kind=(0,) * 7)
    assert caterpillar.order.tolist() == [2, 2, 1, 2, 1, 1, 1]
    full = tree(parent=(-1, 0, 0, 1, 1, 2, 2), radius=(1,) * 7, kind=(0,) * 7)
    assert full.order.tolist() == [3, 2, 2, 1, 1, 1, 1]


def test_a_branch_ends_at_a_junction_a_link_and_another_kind():
    assert fork().branch.tolist() == [0, 0, 0, 1, 2, 2]
    assert fork(links=np.array([(1, 3)])).branch.tolist() == [0, 0, 1, 2, 3, 3]
    assert tree(kind=(0, 0, 2)).branch.tolist() == [0, 0, 1]


def test_a_subtree_keeps_what_hangs_on_its_root():
    part = fork(links=np.array([(3, 5), (4, 5)])).subtree(4)
    assert part.parent.tolist() == [-1, 0]
    assert part.points_mm.tolist() == [[-1, 0, 3], [-1, 0, 4]]
    assert part.links.tolist() == [[0, 1]]
    with pytest.raises(SceneError, match="0 to 5 would do"):
        fork().subtree(6)


def test_branches_are_cut_behind_what_is_good():
    for good in range(6):
        way = [good]
        while (above := int(fork().parent[way[-1]])) >= 0:
            way.append(above)
        kept = fork().leading_to(np.arange(6) == good)
        assert kept.points_mm.tolist() == fork().points_mm[sorted(way)].tolist()
        assert len(kept.ends) == 1


def test_merged_trees_are_found_again():
    first, second = fork(links=np.array([(3, 5)])), tree(links=np.array([(0, 2)]))
    both = merge([first, second])
    assert both.roots.tolist() == [0, 6]
    assert both.links.tolist() == [[3, 5], [6, 8]]
    for part, root in ((first, 0), (second, 6)):
        again = both.subtree(root)
        for column in fields(Vessels):
            assert np.array_equal(getattr(again, column.name), getattr(part, column.name), equal_nan=True)
    assert len(merge([])) == 0


@given(seed=st.integers(0, 10_000), n=st.integers(2, 60))
def test_resampling_keeps_junctions_ends_and_lengths(seed, n):
    rng = np.random.default_rng(seed)
    parent = np.array([-1, *(rng.integers(max(0, i - 3), i) for i in range(1, n))])
    vessels = vessel_tree(rng.normal(size=(n, 3)), parent, rng.uniform(1, 2, n), links=rng.permutation(n)[:2][None])
    fine = resample(vessels, 0.01)
    assert fine.length_mm[fine.segments].max() <= 0.02
    assert np.isclose(fine.length_mm.sum(), vessels.length_mm.sum(), rtol=2e-3)
    assert np.bincount(fine.children)[2:].tolist() == np.bincount(vessels.children)[2:].tolist()
    assert sorted(map(tuple, fine.points_mm[fine.ends])) == sorted(map(tuple, vessels.points_mm[vessels.ends]))
    assert np.array_equal(fine.points_mm[fine.links], vessels.points_mm[vessels.links])
    assert vessels.radius_mm.min() <= fine.radius_mm.min()
    assert fine.radius_mm.max() <= vessels.radius_mm.max()
    assert abs(len(resample(fine, 0.01)) - len(fine)) <= 0.01 * len(fine)


def test_flow_is_of_the_segment_and_pressure_of_the_point_when_resampled():
    line = vessel_tree(
        np.array([(0, 0, 0), (4, 0, 0), (8, 0, 0)]),
        np.array([-1, 0, 1]),
        np.array([1, 1, 1]),
        flow_mm3_s=np.array([np.nan, 5, 7]),
        pressure_mmhg=np.array([100, 60, 20]),
    )
    fine = resample(line, 1.0)
    assert fine.points_mm[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert fine.flow_mm3_s[1:].tolist() == [5, 5, 5, 5, 7, 7, 7, 7]
    assert fine.pressure_mmhg.tolist() == [100, 90, 80, 70, 60, 50, 40, 30, 20]


def test_divided_segments_are_as_long_as_before_and_old_points_keep_their_rows():
    vessels = fork(links=np.array([(3, 5)]))
    fine = subdivide(vessels, np.array([0, 1, 4]), 0.3)
    assert len(fine) == 6 + 3 + 4
    assert np.array_equal(fine.points_mm[:6], vessels.points_mm)
    assert np.isclose(fine.length_mm.sum(), vessels.length_mm.sum())
    assert np.bincount(fine.branch).tolist() == [6, 1, 6]
    assert fine.ends.tolist() == [3, 5]
    assert fine.length_mm[[1, 4]].max() <= 0.3


def test_smoothing_straightens_a_zigzag_and_moves_no_junction_or_end():
    zigzag = tree(points=[(i, 0, i % 2) for i in range(40)], parent=(-1, *range(39)), radius=(1,) * 40, kind=(0,) * 40)
    smoothed = smooth(zigzag, 3.0)
    assert np.ptp(smoothed.points_mm[10:-10, 2]) < 0.05
    assert np.array_equal(smoothed.points_mm[[0, -1]], zigzag.points_mm[[0, -1]])
    assert np.array_equal(smooth(fork(), 1.0).points_mm[[0, 2, 3, 5]], fork().points_mm[[0, 2, 3, 5]])
