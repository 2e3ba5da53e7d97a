"""Arteries sprout towards tissue in need, veins towards what arteries feed."""

import numpy as np
import pytest
from scipy.spatial import KDTree

from simdata import Grid, SceneError, vessel_tree
from simdata.vessels import ARTERY, ROOT, VEIN
from vascular.angiogenesis import Sprouting, Tissue, regress, sprout

GRID = Grid.regular((100, 100, 2), (0.02, 0.02, 0.02))
STAGE = Sprouting(
    iterations=120, candidates=300, need_mm=0.16, apart_mm=0.12, reached_mm=0.12, reach_mm=0.4, step_mm=0.05,
    notch_mm=0.1, clear_mm=0.05,
)  # fmt: skip


def tissue(region=None):
    region = np.ones(GRID.shape, np.uint8) if region is None else region
    return Tissue(GRID, region, np.ones(GRID.shape, np.float32), np.zeros((*GRID.shape, 3), np.float32))


def roots():
    points = np.array([[-0.95, -0.5, 0], [-0.95, 0.5, 0]], np.float32)
    return vessel_tree(points, np.full(2, ROOT), np.full(2, 0.03), np.array([ARTERY, VEIN], np.uint8))


def grown(seed=1, region=None):
    return sprout(roots(), tissue(region), STAGE, np.random.default_rng(seed))


def test_hardly_a_place_is_left_without_oxygen():
    made = grown()
    places = np.random.default_rng(0).uniform(-0.85, 0.85, (2000, 2))
    arteries, veins = (made.points_mm[made.kind == kind][:, :2] for kind in (ARTERY, VEIN))
    assert np.mean(KDTree(arteries).query(places)[0] < STAGE.need_mm) > 0.85
    assert len(veins) > 0.3 * len(arteries)


def test_vessels_stay_in_their_region():
    region = np.ones(GRID.shape, np.uint8)
    region[60:, 60:] = 0
    at = np.floor(GRID.index(grown(region=region).points_mm) + 0.5).astype(int)
    assert region[tuple(at.T)].all()


def test_roots_come_first_and_every_point_keeps_its_kind():
    made = grown()
    assert np.array_equal(made.points_mm[:2], roots().points_mm)
    own = made.parent >= 0
    assert (made.kind[own] == made.kind[made.parent[own]]).all()


def test_the_same_numbers_give_the_same_bytes():
    assert grown(3).points_mm.tobytes() == grown(3).points_mm.tobytes()
    assert len(grown(3)) != len(grown(4)) or grown(3).points_mm.tobytes() != grown(4).points_mm.tobytes()


def test_short_side_branches_regress():
    made = grown()
    left = regress(made, 0.12)
    assert 0.4 * len(made) < len(left) < len(made)
    assert len(left.roots) == 2


def test_without_a_vein_nothing_grows():
    alone = vessel_tree(np.zeros((1, 3), np.float32), np.array([ROOT]), np.array([0.03]), "artery")
    with pytest.raises(SceneError, match="found no vein"):
        sprout(alone, tissue(), STAGE, np.random.default_rng(0))


def test_tissue_without_a_region_is_refused():
    with pytest.raises(SceneError, match="no voxel has a region"):
        tissue(np.zeros(GRID.shape, np.uint8))
