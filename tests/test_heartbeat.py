"""A heart that beats: volumes are met, muscle keeps its own, and every point comes back."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from moving import jacobian, way_back_mm

from phantoms.breathing.breathing import Breathing
from phantoms.heartbeat.beat import Beat
from phantoms.heartbeat.heartbeat import Heartbeat
from phantoms.heartbeat.rhythm import Rhythm, irregular, regular, systole_s
from phantoms.heartbeat.scar import Scar
from phantoms.people.population import Person
from phantoms.torso import Torso
from simdata import RecipeError, Scene, SceneError, Streams, vessel_tree
from simdata.motion import Together
from simdata.motion_tree import motion_of, motion_tree

STREAMS = Streams(9)
PERIOD_S = 60 / 65
CAVITY, MUSCLE = "heart_left_ventricle", "heart_myocardium"
END_S = systole_s(PERIOD_S) + 0.01
"""A moment of the usual heart at which its stroke volume is out."""


def chest(index: int, subject: Person) -> Scene:
    """With all of the heart: of one that is cut, what comes in from beyond the grid would count as muscle."""
    made = Torso(subject=subject, breath=0.0, voxel_mm=2.0, shape=(112, 96, 112), centre_mm=(-15, 15, 20), variants=())
    return made(Streams(3, index)["body"].generator)


@cache
def heart() -> Scene:
    return chest(0, Person(sex="male", age_y=40.0))


@cache
def beating(**kwargs) -> Scene:
    return Heartbeat(**kwargs)(heart(), STREAMS["beat"].generator)


def ml(scene: Scene, name: str) -> float:
    return float(scene.mask(name).sum()) * scene.grid.voxel_mm3 / 1000


def inside(scene: Scene, name: str):
    """Eight points in every voxel: their mean of det J is the volume to half a per cent, that of centres to two."""
    corners = np.indices((2, 2, 2)).reshape(3, -1).T / 2 - 0.25
    return scene.grid.world_mm((np.argwhere(scene.mask(name))[:, None] + corners).reshape(-1, 3))


def around(motion, count: int = 60_000):
    return np.array(motion.heart[2]) + np.random.default_rng(3).uniform(-100, 100, (count, 3))


def check_a_beat(scene: Scene) -> None:
    """What holds for everybody."""
    patient = Heartbeat()(scene, STREAMS["beat"].generator)
    motion, points = patient.motion, around(patient.motion)
    for t_s in (0.2, END_S, 0.6):
        now = patient.at(t_s)
        asked_ml = motion.volume_ml(t_s)
        became = [jacobian(motion, inside(scene, name), scene.grid, t_s, 0.05).mean() for name in (CAVITY, MUSCLE)]
        assert became[0] * ml(scene, CAVITY) == pytest.approx(asked_ml, rel=0.02)
        assert became[1] == pytest.approx(1, abs=0.01)
        assert ml(now, CAVITY) == pytest.approx(asked_ml, rel=0.02, abs=1.0)
        assert ml(now, MUSCLE) == pytest.approx(ml(scene, MUSCLE), rel=0.03)
    assert way_back_mm(motion, points, scene.grid, END_S) < 0.01
    assert jacobian(motion, points, scene.grid, END_S, 0.05).min() > 0.01
    np.testing.assert_array_equal(patient.at(PERIOD_S).labels, scene.labels)


def test_a_beat_holds_what_is_asked_for():
    check_a_beat(heart())


@pytest.mark.slow
@pytest.mark.parametrize("index", range(20))
def test_twenty_hearts_beat(index):
    check_a_beat(chest(index + 50, Person()))


def test_the_valve_plane_comes_down_and_the_apex_stays():
    patient = beating()
    motion, scene = patient.motion, heart()
    along = np.array(motion.heart[3])[2]
    wall = scene.grid.world_mm(np.argwhere(scene.mask("heart_myocardium")))
    height = (wall - np.array(motion.heart[2])) @ along
    way = (motion.moved_mm(wall, scene.grid, END_S) - wall) @ along
    base, apex = np.abs(height - motion.heart[5]) < 3, height > motion.heart[6] - 6
    left = np.hypot(*((wall - np.array(motion.heart[2])) @ np.array(motion.heart[3])[:2].T).T) < 40
    assert 8 < way[base & left].mean() < 16
    assert abs(way[apex].mean()) < 2


def test_the_apex_turns_against_the_base():
    """Counter-clockwise as seen from the apex, by the torsion that is asked for."""
    motion, grid = beating().motion, heart().grid
    origin, axes = np.array(motion.heart[2]), np.array(motion.heart[3])

    def turn_deg(along):
        angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        ring = 12 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1) + (0, 0, along)
        now = (motion.moved_mm(ring @ axes + origin, grid, END_S) - origin) @ axes.T
        turned = np.angle(np.exp(1j * (np.arctan2(now[:, 1], now[:, 0]) - angle)))
        return float(np.degrees(turned.mean()))

    # right, across and along are right-handed: from the tip of the axis, the apex, right turns to across anticlockwise
    assert turn_deg(motion.heart[6] - 25) - turn_deg(motion.heart[5] + 3) == pytest.approx(7.7, abs=1)


def test_bone_stands_still():
    patient = beating()
    for name in ("sternum", "vertebrae_T8", "rib_left_5"):
        points = patient.grid.world_mm(np.argwhere(patient.mask(name)))
        way = np.linalg.norm(patient.motion.moved_mm(points, patient.grid, END_S) - points, axis=1)
        assert way.mean() < 0.3, name
        assert np.quantile(way, 0.98) < 1.5, name


def test_the_right_ventricle_and_the_atria_answer():
    now = beating().at(END_S)
    out = ml(heart(), "heart_left_ventricle") - ml(now, "heart_left_ventricle")
    assert ml(heart(), "heart_right_ventricle") - ml(now, "heart_right_ventricle") == pytest.approx(out, rel=0.3)
    assert ml(now, "heart_left_atrium") > 1.2 * ml(heart(), "heart_left_atrium")


def test_vessels_on_the_heart_are_carried_along():
    scene = heart()
    motion = beating().motion
    points = scene.grid.world_mm(np.argwhere(scene.mask("coronary_artery")))[:40:4]
    vessels = vessel_tree(points, np.arange(len(points)) - 1, np.ones(len(points)))
    patient = Heartbeat()(replace(scene, vessels={"coronary": vessels}), STREAMS["beat"].generator)
    now = patient.at(END_S).vessels["coronary"].points_mm
    np.testing.assert_allclose(now, motion.moved_mm(points, scene.grid, END_S), atol=1e-3)
    assert np.linalg.norm(now - points, axis=1).max() > 3


def test_a_segment_that_does_not_move_thickens_less_and_the_volume_is_met():
    """Segments 7 to 12 lie half way to the apex; the lateral wall (11, 12) is told to stand still."""
    sick = beating(hypokinesia=((11, 0.0), (12, 0.0), (5, 0.0), (6, 0.0)))
    assert ml(sick.at(END_S), "heart_left_ventricle") == pytest.approx(sick.motion.volume_ml(END_S), rel=0.03)
    origin, axes = np.array(sick.motion.heart[2]), np.array(sick.motion.heart[3])

    def inward(patient, angle_deg):
        angle = np.radians(angle_deg)
        point = origin + np.array([20 * np.cos(angle), -20 * np.sin(angle), 5.0]) @ axes
        now = (patient.motion.moved_mm(point[None], patient.grid, END_S)[0] - origin) @ axes.T
        return 20 - np.hypot(now[0], now[1])

    assert inward(sick, 180) < 0.4 * inward(beating(), 180)
    assert inward(sick, 0) > inward(beating(), 0)


def test_a_scar_is_a_finding_in_its_segments_and_does_not_contract():
    segments = (5, 6, 11, 12)
    scarred = Scar(segments=segments, transmural=0.75)(heart(), STREAMS["scar"].generator)
    (finding,) = scarred.findings
    assert finding.text == "transmural scar of the lateral wall of the left ventricle"
    scar = scarred.labels == finding.label
    assert scar.sum() * heart().grid.voxel_mm3 == pytest.approx(finding.volume_mm3)
    assert 8_000 < finding.volume_mm3 < 60_000
    assert heart().mask(MUSCLE)[scar].all()
    place = (np.array(finding.centre_mm) - np.array(beating().motion.heart[2])) @ np.array(beating().motion.heart[3]).T
    assert place[0] < -15  # away from the right ventricle

    before = Heartbeat()(scarred, STREAMS["beat"].generator)
    after = Scar(segments=segments, transmural=0.75)(beating(), STREAMS["scar"].generator)
    assert before.motion.motion_scales == after.motion.motion_scales
    assert [before.motion.motion_scales[n] for n in (4, 5, 10, 11, 0)] == [0, 0, 0, 0, 1]
    inner = scarred.grid.world_mm(np.argwhere(scar))
    thick = [jacobian_across(patient.motion, inner, heart().grid) for patient in (before, beating())]
    assert thick[0] < 0.5 * thick[1]
    assert ml(before.at(END_S), CAVITY) == pytest.approx(before.motion.volume_ml(END_S), rel=0.03)
    with pytest.raises(RecipeError, match="found segment 18; 1 to 17"):
        Scar(segments=(18,))


def jacobian_across(motion, points, grid, step_mm: float = 0.5) -> float:
    """By how much a wall thickens along its rays, on average."""
    ray = (points - np.array(motion.heart[2])) @ np.array(motion.heart[3])[:2].T @ np.array(motion.heart[3])[:2]
    ray = step_mm * ray / np.linalg.norm(ray, axis=1, keepdims=True)
    way = motion.moved_mm(points + ray, grid, END_S) - motion.moved_mm(points - ray, grid, END_S)
    return float(np.linalg.norm(way, axis=1).mean() / (2 * step_mm)) - 1


def test_another_volume_at_the_end_of_diastole():
    own = ml(heart(), "heart_left_ventricle")
    smaller = beating(end_diastolic_ml=0.8 * own)
    assert ml(smaller.at(0.0), "heart_left_ventricle") == pytest.approx(0.8 * own, rel=0.02)
    with pytest.raises(SceneError, match=r"end-diastolic volume of 400 mL .* \d+ to \d+ mL would do"):
        beating(end_diastolic_ml=400.0)


def test_what_no_heart_does_is_refused():
    with pytest.raises(RecipeError, match=r"ejection_fraction: found 0.99, more than a heart throws out; at most 0.85"):
        Heartbeat(ejection_fraction=0.99)
    with pytest.raises(RecipeError, match="segment 18"):
        Heartbeat(hypokinesia=((18, 0.5),))
    belly = heart().crop((0, 0, 0), (112, 96, 20))
    with pytest.raises(SceneError, match="has no heart_left_"):
        Heartbeat()(belly, STREAMS["beat"].generator)


def test_rhythms_are_what_they_say():
    steady = regular(60.0, 0.0)
    assert [round(steady.at(t), 3) for t in (0.0, systole_s(1.0), 1.0, 7.0)] == [0, 1, 0, 0]
    assert steady.at(3.3) == pytest.approx(steady.at(0.3))
    assert regular(60.0, systole_s(1.0)).at(0.0) == pytest.approx(1, abs=1e-6)
    assert systole_s(0.5) <= 0.3
    wild = irregular(80.0, 0.2, 30.0, STREAMS["rr"].generator)
    lengths = np.diff(wild.onsets_s)
    assert 0.1 < lengths.std() / lengths.mean() < 0.3
    assert lengths.min() >= 0.3
    assert Rhythm((0.0, 1.0), False).at(1.5) == 0
    shares = [steady.at(t) for t in np.linspace(0, systole_s(1.0), 50)]
    assert (np.diff(shares) >= 0).all()


def test_a_sample_remembers_the_beat_and_it_goes_on_inside_the_breath():
    motion = beating().motion
    again = motion_of(motion_tree(motion))
    assert again == motion
    points = around(motion, 200)
    np.testing.assert_array_equal(again.moved_mm(points, heart().grid, 0.3), motion.moved_mm(points, heart().grid, 0.3))
    breathing = Breathing(diaphragm_mm=12.0)(heart(), STREAMS["breath"].generator)
    both = Heartbeat()(breathing, STREAMS["beat"].generator).motion
    assert isinstance(both, Together)
    assert isinstance(both.motions[0], Beat)
    there = both.moved_mm(points, heart().grid, END_S)
    assert np.linalg.norm(both.rest_mm(there, heart().grid, END_S) - points, axis=1).max() < 0.02
    grid = heart().grid.crop((30, 30, 30), (24, 24, 24))
    exact = np.moveaxis(both.rest_mm(grid.points_mm(), grid, END_S) - grid.points_mm(), -1, 0)
    assert np.abs(both.displacement(grid, END_S) - exact).max() < 0.2


@pytest.mark.slow
def test_the_page_of_motion_runs_as_it_is_written():
    page = (Path(__file__).parent.parent / "docs" / "motion.md").read_text()
    told: dict = {}
    for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(block, told)
    assert told["ways_mm"].shape == (20, 1, 3)
    assert set(told["state"]) >= {"diaphragm_down_mm", "left_ventricle_ml"}
    assert len(told["patient"].motion.motions) == 3
    assert told["now"].motion.period_s == 0
