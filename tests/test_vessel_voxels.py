"""Vessels as voxels: known volumes, and the fast kernel against the clear one."""

import dataclasses

import numba
import numpy as np
import pytest

from simdata import Grid, SceneError, vessel_tree
from simdata.voxelise import en_face, voxelise, voxelise_reference

MAPS = ("share", "kind", "branch", "radius_mm", "centreline", "flow_mm3_s")


def tube(start, end, radius, flow=None):
    return vessel_tree(np.array([start, end]), np.array([-1, 0]), np.array([radius, radius]), flow_mm3_s=flow)


def thicket(rng, n=40):
    """Random tapered tubes of every direction, with links, that leave the grid on every side."""
    points = rng.uniform(-9, 9, (n, 3))
    points[n // 2] = points[n // 2 - 1] + (3.0, 0.0, 0.0)  # along an axis
    points[n // 2 + 2] = points[n // 2 + 1]  # of no length
    parent = np.where(rng.uniform(size=n) < 0.2, -1, np.arange(n) - 1)
    links = np.column_stack([np.arange(4), n - 1 - np.arange(4)])
    kind = rng.integers(0, 3, n)
    return vessel_tree(points, parent, rng.uniform(0.1, 2.0, n), kind, rng.uniform(0, 5, n), links=links)


def volume(maps):
    return maps.share.sum(dtype=float) / 255 * maps.grid.voxel_mm3


def test_a_capsule_has_the_volume_of_a_cylinder_and_a_ball():
    radius, length = 0.7, 6.0
    maps = voxelise(tube((-2, -2, -1), (2, 2, 1), radius), Grid.regular((80, 80, 60), 0.125))
    assert volume(maps) == pytest.approx(np.pi * radius**2 * length + 4 / 3 * np.pi * radius**3, rel=2e-3)


def test_a_capillary_thinner_than_a_voxel_keeps_its_volume(rng):
    radius = 0.2
    ends = rng.uniform(-6, 6, (400, 2, 3))
    got = sum(volume(voxelise(tube(a, b, radius), Grid.regular((16, 16, 16), 1.0))) for a, b in ends)
    true = sum(np.pi * radius**2 * np.linalg.norm(a - b) + 4 / 3 * np.pi * radius**3 for a, b in ends)
    assert got == pytest.approx(true, rel=0.02)


def test_the_fast_kernel_equals_the_reference_bit_for_bit(rng):
    affine = np.array([[0.6, 0, 0, -8], [0, 0, -0.7, 9], [0, 0.5, 0, -8], [0, 0, 0, 1.0]])
    for grid in (Grid.regular((37, 20, 33), 0.5), Grid((27, 34, 25), affine)):
        both = thicket(rng)
        fast, slow = voxelise(both, grid), voxelise_reference(both, grid)
        assert fast.share.any()
        for name in MAPS:
            np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name), err_msg=name)


def test_any_number_of_threads_gives_the_same_bytes(rng):
    vessels, grid = thicket(rng, 200), Grid.regular((70, 70, 70), 0.25)
    before, maps = numba.get_num_threads(), []
    try:
        for threads in (1, before):
            numba.set_num_threads(threads)
            maps.append(voxelise(vessels, grid))
    finally:
        numba.set_num_threads(before)
    for name in MAPS:
        assert getattr(maps[0], name).tobytes() == getattr(maps[1], name).tobytes(), name


def test_two_tubes_at_one_place_fill_it_once():
    grid = Grid.regular((24, 24, 24), 0.25)
    one = tube((-2, 0, 0), (2, 0, 0), 0.6)
    double = dataclasses.replace(
        one,
        links=np.array([(0, 1)], np.int32),
        link_flow_mm3_s=np.zeros(1, np.float32),
        link_haematocrit=np.zeros(1, np.float32),
    )
    np.testing.assert_array_equal(voxelise(one, grid).share, voxelise(double, grid).share)


def test_a_voxel_knows_its_vessel():
    vessels = vessel_tree(
        np.array([(-3, 0, 0), (0, 0, 0), (3, 2, 0), (3, -2, 0.0)]),
        np.array([-1, 0, 1, 1]),
        np.array([0.8, 0.8, 0.5, 0.4]),
        kind=np.array([0, 0, 1, 1]),
        flow_mm3_s=np.array([3, 3, 2, 1]),
    )
    maps = voxelise(vessels, Grid.regular((33, 33, 9), 0.25))
    trunk, upper, lower, nothing = (6, 16, 4), (26, 23, 4), (26, 9, 4), (16, 30, 4)
    assert [maps.kind[at] for at in (trunk, upper, lower, nothing)] == [1, 2, 2, 0]
    assert [maps.flow_mm3_s[at] for at in (trunk, upper, lower, nothing)] == [3, 2, 1, 0]
    assert len({maps.branch[at] for at in (trunk, upper, lower, nothing)}) == 4
    assert maps.radius_mm[upper] == pytest.approx(0.5)
    assert maps.centreline[4:29, 16, 4].sum() in (13, 14)  # 12 voxels from -3 to 0 mm, and those of its ends
    assert maps.centreline[trunk]


def test_en_face_tells_depth_and_blood():
    vessels = tube((0, -9, 1), (0, 9, 1), 0.5)
    seen = en_face(voxelise(vessels, Grid.regular((16, 16, 32), 0.25)), axis=2)
    assert seen.share[8, 8] == 1
    assert seen.blood_mm[8, 8] == pytest.approx(1.0, abs=0.13)
    assert seen.depth_mm[8, 8] == pytest.approx(4.5, abs=0.26)
    assert np.isnan(seen.depth_mm[0, 0])
    assert seen.kind[8, 8] == 1
    assert seen.kind[0, 0] == 0


def test_a_sheared_grid_is_refused():
    affine = np.eye(4)
    affine[0, 1] = 0.3
    with pytest.raises(SceneError, match="without shear"):
        voxelise(tube((0, 0, 0), (1, 1, 1), 0.2), Grid((4, 4, 4), affine))
