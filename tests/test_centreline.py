import numpy as np
import pytest

from simdata import Grid, SceneError, vessel_tree
from vascular.centreline import branched, centreline, extended

GRID = Grid.regular((60, 30, 60), 1.0)
X, Y, Z = np.moveaxis(GRID.points_mm(), -1, 0)


def tube(a, b, radius):
    a, b = np.array(a, float), np.array(b, float)
    t = np.clip((GRID.points_mm() - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return np.linalg.norm(GRID.points_mm() - a - t[..., None] * (b - a), axis=-1) < radius


def fork():
    return tube((0, 0, -25), (0, 0, 0), 4) | tube((0, 0, 0), (18, 0, 20), 3) | tube((0, 0, 0), (-18, 0, 20), 3)


def root():
    return GRID.index(np.array((0.5, 0.5, -25.5)))


def test_a_drawn_fork_becomes_a_tree_of_two_ends():
    made = centreline(fork(), GRID, root(), "artery")
    assert len(made.roots) == 1
    assert len(made.ends) == 2
    tips = made.points_mm[made.ends]
    assert sorted(np.sign(tips[:, 0]).tolist()) == [-1, 1]
    assert made.length_mm.sum() == pytest.approx(25 + 2 * np.hypot(18, 20) + 6, rel=0.15)
    stem = abs(made.points_mm[:, 2] + 12) < 8
    assert made.radius_mm[stem].mean() == pytest.approx(4, abs=0.8)


def test_a_gap_is_bridged_unless_it_is_wide():
    broken = fork() & ~(abs(Z - 8) < 3)
    assert centreline(broken, GRID, root(), "vein").points_mm[:, 2].max() > 15
    far = tube((0, 0, -29), (0, 0, -25), 3) | tube((0, 0, 26), (0, 0, 29), 3)
    assert centreline(far, GRID, root(), "vein").points_mm[:, 2].max() < -20


def test_new_branches_lead_to_their_targets():
    made = centreline(fork(), GRID, root(), "artery")
    more = extended(made, np.array([(20.0, 8.0, -20.0), (-20.0, 8.0, -20.0)]), np.ones(GRID.shape), GRID)
    assert len(more.ends) == 4
    for target in ((20, 8, -20), (-20, 8, -20)):
        assert np.linalg.norm(more.points_mm[more.ends] - target, axis=1).min() < 1e-4


def test_nothing_to_follow_is_told():
    lonely = tube((0, 0, 24), (0, 0, 26), 2)
    with pytest.raises(SceneError, match="no vessel voxel can be reached"):
        centreline(lonely, GRID, root(), "artery")


def test_a_branch_leaves_ahead_and_a_way_straight_across():
    grid = Grid.regular((60, 60, 3), 3.0)
    start = vessel_tree(
        np.stack([np.arange(-60.0, 61, 3), np.full(41, -60.0), np.zeros(41)], -1), np.arange(-1, 40), np.full(41, 2.0)
    )
    cost, target = np.ones(grid.shape), np.array([(45.0, 30.0, 0.0)])

    def leaves_at(made):
        off = made.points_mm[:, 1] > -58
        return made.points_mm[made.parent[off & ~off[made.parent]], 0].tolist()

    assert leaves_at(extended(start, target, cost, grid)) == pytest.approx([45.0], abs=3.1)
    assert leaves_at(branched(start, target, cost, grid))[0] < 20
