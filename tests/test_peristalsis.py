"""Rings run along stomach and bowel, the bladder fills, and every point comes back."""

from functools import cache

import numpy as np
import pytest
from moving import jacobian, way_back_mm
from scipy.spatial import KDTree

from phantoms.bladder_filling import BladderFilling
from phantoms.breathing.breathing import Breathing
from phantoms.heartbeat.heartbeat import Heartbeat
from phantoms.people.population import Person
from phantoms.peristalsis.lines import lines_of
from phantoms.peristalsis.middle_lines import middle_lines
from phantoms.peristalsis.peristalsis import BOWEL, STOMACH, Peristalsis
from phantoms.peristalsis.reach import HEADINGS, around, reach_mm
from phantoms.torso import Torso
from simdata import Grid, RecipeError, Scene, SceneError, Streams, structure
from simdata.motion_tree import motion_of, motion_tree
from simdata.tissues import tissues

STREAMS = Streams(9)
HE = Person(sex="male", age_y=40.0)


@cache
def belly() -> Scene:
    torso = Torso(subject=HE, breath=0.0, voxel_mm=3.0, shape=(110, 86, 124), centre_mm=(0, 30, -200), variants=())
    return torso(Streams(3, 0)["body"].generator)


@cache
def kneading() -> Scene:
    return Peristalsis()(belly(), STREAMS["gut"].generator)


@cache
def filling(**kwargs) -> Scene:
    return BladderFilling(**kwargs)(belly(), STREAMS["bladder"].generator)


def scattered(around_mm, spread_mm: float, count: int = 20_000):
    rng = np.random.default_rng(1)
    return np.asarray(around_mm)[rng.integers(0, len(around_mm), count)] + rng.normal(0, spread_mm, (count, 3))


def ring(radius_mm: float, grid: Grid):
    """A tube bent to a half circle."""
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    return (np.hypot(np.hypot(x, y) - radius_mm, z) < 8) & (y > 0)


def test_the_middle_line_of_a_bent_tube_is_its_arc():
    grid = Grid.regular((70, 50, 20), 2.0)
    (line, wide), *more = middle_lines(ring(40.0, grid), grid, 30.0)
    assert not more
    inner = slice(10, -10)
    assert np.abs(np.hypot(*line[inner, :2].T) - 40).max() < 2
    assert np.abs(line[:, 2]).max() < 2
    assert len(line) == pytest.approx(40 * np.pi, rel=0.15)
    assert wide[inner].mean() == pytest.approx(8, abs=1.2)


def test_a_wave_reaches_no_farther_than_the_curvature_and_the_next_loop_allow():
    angle = np.arange(0, np.pi, 1 / 30)
    arc = 30 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    number = np.zeros(len(arc), int)
    headings = around(arc, number)
    inwards = -np.einsum("nhx,nx->nh", headings, arc) / 30
    reach = reach_mm(arc, number, headings)
    assert reach[20:-20].min() == pytest.approx(0.8 * 30, rel=0.05)
    assert (reach[20:-20][inwards[20:-20] < -0.9] > 2 * 30).all()
    straight = np.stack([np.arange(60.0), np.zeros(60), np.zeros(60)], axis=1)
    both, number = np.concatenate([straight, straight + np.array([0, 14, 0])]), np.repeat([0, 1], 60)
    assert reach_mm(both, number, around(both, number)).min() == pytest.approx(0.8 * 7, rel=0.01)


def test_directions_around_a_line_are_across_it_and_turn_no_more_than_they_must():
    angle = np.arange(0, np.pi, 1 / 30)
    arc = 30 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    headings = around(arc, np.zeros(len(arc), int))
    assert headings.shape == (len(arc), HEADINGS, 3)
    way = np.gradient(arc, axis=0)
    assert np.abs(np.einsum("nhx,nx->nh", headings, way)).max() < 1e-9
    up = headings @ np.array([0.0, 0.0, 1.0])
    assert np.abs(up - up[0]).max() < 0.02


def test_rings_come_back_to_where_they_were_and_nothing_folds():
    motion, grid = kneading().motion, belly().grid
    lines, _ = lines_of(motion.lines)
    assert motion.period_s == 20
    points = scattered(lines.points_mm, 7.0)
    for t_s in (0.0, 7.0):
        there = motion.moved_mm(points, grid, t_s)
        assert np.linalg.norm(there - points, axis=1).max() > 3
        assert np.linalg.norm(motion.rest_mm(there, grid, t_s) - points, axis=1).max() < 1e-6
        assert jacobian(motion, points, grid, t_s, 0.02).min() > 0.02
    np.testing.assert_allclose(motion.moved_mm(points, grid, 27.0), motion.moved_mm(points, grid, 7.0), atol=1e-9)


def test_a_ring_of_the_stomach_runs_to_the_pylorus_three_times_a_minute():
    lines, _ = lines_of(kneading().motion.lines)
    motion, stomach = kneading().motion, lines.line == 0
    at = np.flatnonzero(stomach)[120:-20]
    centre, h = lines.points_mm[at], int(lines.lumen_mm[at].mean(axis=0).argmax())
    wall = centre + 0.99 * lines.lumen_mm[at, h, None] * lines.headings[at, h]

    def deepest(t_s):
        now = motion.moved_mm(wall, belly().grid, t_s)
        share = np.linalg.norm(now - centre, axis=1) / np.linalg.norm(wall - centre, axis=1)
        return int(share.argmin()), float(share.min())

    places = [deepest(t_s) for t_s in np.arange(0, 20, 1.0)]
    assert min(share for _, share in places) < 0.45
    speeds = np.diff([place for place, _ in places])
    assert np.median(speeds[speeds > 0]) == pytest.approx(2.5, abs=1.1)  # 50 mm in 20 s


def test_a_ring_squeezes_the_antrum_and_what_the_stomach_holds_stays():
    scene, motion = belly(), kneading().motion
    lines, _ = lines_of(motion.lines)
    middle = KDTree(lines.points_mm[lines.line == 0])

    def lumen_mm2(now: Scene) -> np.ndarray:
        held = np.any([now.mask(name) for name in STOMACH], axis=0)
        nearest = np.asarray(middle.query(now.grid.world_mm(np.argwhere(held)))[1])
        return np.convolve(np.bincount(nearest, minlength=middle.n), np.ones(7), "same") * now.grid.voxel_mm3 / 7

    rest, antrum = lumen_mm2(scene), slice(-45, -15)
    narrowest = []
    for t_s in (8.0, 18.0):
        now = lumen_mm2(kneading().at(t_s))
        assert now.sum() == pytest.approx(rest.sum(), rel=0.03)
        narrowest.append((now / rest)[antrum].min())
    assert min(narrowest) < 0.65


def test_gut_that_is_far_from_a_lumen_stands_still():
    scene, motion = belly(), kneading().motion
    bone = scene.grid.world_mm(np.argwhere(scene.tissue == tissues()["spongy_bone"]))
    assert np.linalg.norm(motion.moved_mm(bone, scene.grid, 4.0) - bone, axis=1).max() < 0.5
    lumen = sum(scene.mask(name) for name in (*STOMACH, *BOWEL)) > 0
    way = np.linalg.norm(motion.displacement(scene.grid, 4.0), axis=0)
    assert way[lumen].mean() > 4 * way[~lumen].mean()


def test_the_bladder_holds_what_the_curve_says_and_bone_stands_still():
    patient = filling(ml_min=30.0)
    motion, scene = patient.motion, belly()
    built_ml = motion.built_ml
    assert motion.volume_ml(60.0) == pytest.approx(built_ml + 30)
    assert motion.volume_ml(1e5) == motion.most_ml
    for t_s in (120.0, 300.0):
        now = patient.at(t_s)
        urine = now.mask("urinary_bladder") & ~now.mask("urinary_bladder_wall")
        assert urine.sum() * scene.grid.voxel_mm3 / 1000 == pytest.approx(motion.volume_ml(t_s), rel=0.03)
    points = scattered([motion.centre_mm], 50.0)
    there = motion.moved_mm(points, scene.grid, 300.0)
    np.testing.assert_allclose(motion.rest_mm(there, scene.grid, 300.0), points, atol=1e-8)
    change = jacobian(motion, points, scene.grid, 300.0, 0.02)
    assert change.min() > 0.85
    bone = scene.grid.world_mm(
        np.argwhere(np.isin(scene.tissue, [tissues()[n] for n in ("cortical_bone", "spongy_bone")]))
    )
    assert np.linalg.norm(motion.moved_mm(bone, scene.grid, 300.0) - bone, axis=1).max() < 0.1
    top = np.array(motion.centre_mm) + np.array([0, 0, 45.0])
    assert motion.moved_mm(top, scene.grid, 300.0)[2] - top[2] > 3


def test_an_empty_bladder_is_small_and_one_that_cannot_be_is_refused():
    built_ml = filling().motion.built_ml
    emptied = filling(start_ml=0.8 * built_ml, ml_min=0.0).at(0.0)
    urine = emptied.mask("urinary_bladder") & ~emptied.mask("urinary_bladder_wall")
    assert urine.sum() * emptied.grid.voxel_mm3 / 1000 == pytest.approx(0.8 * built_ml, rel=0.03)
    with pytest.raises(SceneError, match=r"start_ml: found 1400 mL, .* \d+ to \d+ mL would do"):
        filling(start_ml=1400.0)
    with pytest.raises(SceneError, match="no urinary_bladder"):
        BladderFilling()(belly().crop((0, 0, 80), (110, 86, 44)), STREAMS["bladder"].generator)
    with pytest.raises(RecipeError, match="bowel_per_min"):
        Peristalsis(bowel_per_min=(12.0, 8.0))


@pytest.mark.slow
def test_all_motions_go_on_in_one_patient_and_a_sample_remembers_them():
    scene = Torso(subject=HE, breath=0.0, voxel_mm=5.0, shape=(80, 60, 130), centre_mm=(0, 10, -110), variants=())(
        Streams(3, 0)["body"].generator
    )
    for part in (Breathing(), Heartbeat(), BladderFilling(ml_min=20.0), Peristalsis()):
        scene = part(scene, STREAMS["all"].generator)
    motion, t_s = scene.motion, 62.0
    assert len(motion.motions) == 4
    voxels = np.argwhere(scene.labels > 0)
    points = scene.grid.world_mm(voxels[np.random.default_rng(0).integers(0, len(voxels), 4000)])
    assert way_back_mm(motion, points, scene.grid, t_s) < 0.01
    again = motion_of(motion_tree(motion))
    ways = (one.moved_mm(points[:200], scene.grid, t_s) for one in (again, motion))
    np.testing.assert_array_equal(*ways)
    assert set(motion.state(t_s)) >= {"diaphragm_down_mm", "left_ventricle_ml", "bladder_ml", "peristalsis_share"}
    now = scene.at(t_s)
    assert (now.labels == structure("liver").id).sum() == pytest.approx(
        (scene.labels == structure("liver").id).sum(), rel=0.05
    )
