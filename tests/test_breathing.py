"""A chest that breathes: what is asked for is met, nothing folds, and every point comes back."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from moving import jacobian, way_back_mm

from phantoms.breathing.breathing import Breathing, Lungs
from phantoms.breathing.traces import Course, Given, Irregular, Regular
from phantoms.patient_motion import Shift
from phantoms.people.population import Person
from phantoms.torso import Torso
from simdata import Grid, RecipeError, Scene, SceneError, Streams, structure
from simdata.motion import Together, keeps_shape, together
from simdata.motion_flow import Flow, Velocity
from simdata.motion_tree import motion_of, motion_tree
from simdata.tissues import tissues

STREAMS = Streams(9)
CLOSE = 0.015
"""Of the lungs: so well do voxels of 4 mm tell a volume; `Lungs.wider_ml` tells it better."""
FULL_S = 2.0
"""When a regular breath of 5 s is deepest."""


@cache
def torso() -> Scene:
    man = Person(sex="male", age_y=40.0)
    made = Torso(subject=man, breath=0.0, voxel_mm=4.0, shape=(104, 80, 140), centre_mm=(0, 0, -60), variants=())
    return made(Streams(3, 0)["body"].generator)


@cache
def breathing(**kwargs) -> Scene:
    return Breathing(**kwargs)(torso(), STREAMS["breath"].generator)


def lungs_ml(scene: Scene) -> float:
    return Lungs.of(scene).volume_ml


def moved(scene: Scene, name: str, t_s: float = FULL_S):
    """The ways of the voxels of a structure, mm."""
    rest = scene.grid.world_mm(np.argwhere(scene.mask(name)))
    return scene.motion.moved_mm(rest, scene.grid, t_s) - rest


def body_points(scene: Scene, count: int = 8_000):
    voxels = np.argwhere(scene.labels > 0)
    return scene.grid.world_mm(voxels[np.random.default_rng(1).integers(0, len(voxels), count)])


def check_a_breath(scene: Scene) -> None:
    """What holds for everybody."""
    patient = Breathing()(scene, STREAMS["breath"].generator)
    motion, points = patient.motion, body_points(scene)
    assert way_back_mm(motion, points, scene.grid, FULL_S) < 0.01
    assert jacobian(motion, points, scene.grid, FULL_S, 0.5).min() > 0.1
    now = patient.at(FULL_S)
    asked_ml = 7.0 * scene.subject.weight_kg
    assert lungs_ml(now) - lungs_ml(scene) == pytest.approx(asked_ml, abs=CLOSE * lungs_ml(scene))
    stream = motion.velocity(FULL_S)
    assert Lungs.of(scene).wider_ml(stream) == pytest.approx(asked_ml, rel=0.01)
    lung = tissues()["lung"]
    mass, before = (s.fields["density"][s.tissue == lung].sum(dtype=float) for s in (now, scene))
    assert mass == pytest.approx(before, rel=0.01)
    for name in ("liver", "heart", "spleen"):
        change = jacobian(motion, moved_from(scene, name), scene.grid, FULL_S, 0.5)
        assert change.mean() == pytest.approx(1, abs=0.05), name
    np.testing.assert_array_equal(patient.at(5.0).labels, scene.labels)


def moved_from(scene: Scene, name: str):
    return scene.grid.world_mm(np.argwhere(scene.mask(name)))[::3]


def test_a_breath_holds_what_is_asked_for():
    check_a_breath(torso())


@pytest.mark.slow
@pytest.mark.parametrize("index", range(20))
def test_twenty_people_breathe(index):
    made = Torso(breath=0.0, voxel_mm=2.5, shape=(192, 154, 240), centre_mm=(0, 0, -60))
    check_a_breath(made(Streams(77, index)["body"].generator))


def test_the_diaphragm_sinks_and_organs_follow_by_their_shares():
    patient = breathing()
    down = patient.motion.diaphragm_mm
    assert 8 < down < 20
    liver, kidney, heart = (-moved(patient, name)[:, 2].mean() / down for name in ("liver", "kidney_left", "heart"))
    assert liver == pytest.approx(0.7, abs=0.12)
    assert kidney == pytest.approx(0.55, abs=0.12)
    assert heart == pytest.approx(0.65, abs=0.12)
    assert liver > kidney
    assert np.abs(moved(patient, "urinary_bladder")).max(initial=0) < 1
    assert np.abs(moved(patient, "vertebrae_T8")).mean() < 0.2


def test_ribs_turn_as_stiff_bodies_upwards_and_outwards():
    patient = breathing()
    for n in (3, 5, 7, 9):
        for side, sign in (("right", 1), ("left", -1)):
            way = moved(patient, f"rib_{side}_{n}")
            rest = patient.grid.world_mm(np.argwhere(patient.mask(f"rib_{side}_{n}")))
            front = rest[:, 1] > np.quantile(rest[:, 1], 0.9)
            neck = np.abs(rest[:, 0]) < np.quantile(np.abs(rest[:, 0]), 0.08)
            assert way[front, 2].mean() > 2 * abs(way[neck, 2].mean())
            assert sign * way[front | (np.abs(rest[:, 0]) > 80), 0].mean() > 0.3
            assert way[front, 1].mean() > 1
            assert bent_mm(rest, rest + way) < 0.8


def bent_mm(rest, now) -> float:
    """How far points are from having moved as one stiff body, rms (Kabsch 1976)."""
    p, q = rest - rest.mean(axis=0), now - now.mean(axis=0)
    u, _, v = np.linalg.svd(p.T @ q)
    turn = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ v))]) @ v
    return float(np.sqrt(((p @ turn - q) ** 2).sum(axis=1).mean()))


def test_the_volume_that_is_asked_for_is_met_and_deeper_is_refused():
    patient = breathing(tidal_ml=300.0)
    assert lungs_ml(patient.at(FULL_S)) - lungs_ml(torso()) == pytest.approx(300, abs=CLOSE * lungs_ml(torso()))
    with pytest.raises(SceneError, match=r"5000 mL more .* deeper than the lungs hold: .* at most \d+ mL would do"):
        Breathing(tidal_ml=5000.0)(torso(), STREAMS["breath"].generator)
    out = Given(times_s=(0.0, 2.0, 4.0), shares=(0.0, -9.0, 0.0))
    with pytest.raises(SceneError, match="cannot be breathed out"):
        Breathing(tidal_ml=400.0, trace=out)(torso(), STREAMS["breath"].generator)
    with pytest.raises(RecipeError, match="tidal_ml 300 and diaphragm_mm 10; one would do"):
        Breathing(tidal_ml=300.0, diaphragm_mm=10.0)


def test_tissue_goes_up_another_way_than_down():
    patient = breathing(lag_s=0.4)
    point = np.array([[60.0, 60.0, 30.0]])
    ways = patient.motion.track(point, patient.grid, np.linspace(0, 5, 41))[:, 0]
    np.testing.assert_allclose(ways[0], ways[-1], atol=1e-9)
    half = patient.motion.ways_mm
    up = next(t for t in np.linspace(0, 2, 200) if half(t)[0] > patient.motion.diaphragm_mm / 2)
    down = next(t for t in np.linspace(2, 5, 300) if half(t)[0] < patient.motion.diaphragm_mm / 2)
    there, back = patient.motion.track(point, patient.grid, np.array([up, down]))[:, 0]
    assert np.linalg.norm(there - back) > 0.3


def test_a_grid_shows_what_points_do():
    patient = breathing()
    grid = Grid.regular((24, 20, 22), (2.0, 2.5, 1.5), (50.0, 10.0, 0.0))
    field, there = patient.motion.displacement(grid, FULL_S), patient.motion.forward(grid, FULL_S)
    points = grid.points_mm()
    exact = np.moveaxis(patient.motion.rest_mm(points, grid, FULL_S) - points, -1, 0)
    assert np.abs(field - exact).max() < 0.2
    assert np.abs(np.moveaxis(patient.motion.moved_mm(points, grid, FULL_S) - points, -1, 0) - there).max() < 0.2


def test_a_sample_remembers_the_breath():
    motion = breathing().motion
    again = motion_of(motion_tree(motion))
    assert again == motion
    points = body_points(torso(), 50)
    np.testing.assert_array_equal(again.moved_mm(points, torso().grid, 1.2), motion.moved_mm(points, torso().grid, 1.2))


def test_a_breath_goes_on_inside_a_patient_who_moves():
    shifted = Shift(shift_mm=(30.0, 0.0, 0.0))(torso(), STREAMS["shift"].generator)
    patient = Breathing()(shifted, STREAMS["breath"].generator)
    assert isinstance(patient.motion, Together)
    assert [keeps_shape(part) for part in patient.motion.motions] == [False, True]
    own = breathing().motion
    points = body_points(torso(), 100)
    expected = own.moved_mm(points, patient.grid, FULL_S) + np.array([30.0, 0, 0])
    np.testing.assert_allclose(patient.motion.moved_mm(points, patient.grid, FULL_S), expected, atol=1e-9)


def test_traces_are_what_they_say():
    rng = STREAMS["trace"].generator
    regular = Regular(period_s=4.0, inhaling=0.25).course(rng)
    assert regular.at(0.0) == pytest.approx((0, 0), abs=1e-6)
    assert regular.at(1.0)[0] == pytest.approx(1, abs=1e-6)
    assert regular.at(9.0)[0] == regular.at(1.0)[0]
    assert Regular(start=0.4).course(rng).at(0.0)[0] == pytest.approx(1, abs=1e-3)
    given = Given(times_s=(0.0, 1.0, 3.0), shares=(0.0, 0.8, 0.2), repeats=False).course(rng)
    assert [given.at(t)[0] for t in (-1.0, 1.0, 3.0, 9.0)] == pytest.approx([0, 0.8, 0.2, 0.2])
    wild = Irregular(hiccups=0.3, holds=0.3).course(rng)
    assert wild != Irregular(hiccups=0.3, holds=0.3).course(rng)
    assert (np.diff(wild.times_s) > 0).all()
    assert wild.times_s[-1] >= 60
    assert max(wild.shares) > 1.1
    assert isinstance(wild, Course)


def test_a_trace_that_cannot_be_is_refused():
    with pytest.raises(RecipeError, match=r"found 1 s after 2 s \(number 3\); times that grow"):
        Given(times_s=(0.0, 2.0, 1.0), shares=(0.0, 1.0, 0.0))
    with pytest.raises(RecipeError, match="3 times and 2 shares"):
        Given(times_s=(0.0, 2.0, 3.0), shares=(0.0, 1.0))
    with pytest.raises(RecipeError, match="begins with 0 and ends with 1"):
        Given(times_s=(0.0, 2.0), shares=(0.0, 1.0))


def test_a_patient_without_lungs_or_ribs_is_told_so():
    scene = torso()
    belly = scene.crop((0, 0, 0), (104, 80, 30))
    with pytest.raises(SceneError, match="has no lungs on this grid"):
        Breathing()(belly, STREAMS["breath"].generator)
    ribless = np.where(
        scene.mask("rib_left_3") | scene.mask("rib_left_4"), structure("skeletal_muscle").id, scene.labels
    )
    for n in (5, 6, 7, 8, 9, 10):
        ribless = np.where(scene.mask(f"rib_left_{n}"), structure("skeletal_muscle").id, ribless)
    with pytest.raises(SceneError, match="12 ribs on the right and 4 on the left"):
        Breathing()(replace(scene, labels=ribless.astype(np.uint16)), STREAMS["breath"].generator)


def test_ribs_cut_off_by_the_field_of_view_go_along_with_the_others():
    """Their necks are not known, and a fragment of a rib has none."""
    scene = torso()
    high = int(scene.grid.index(scene.grid.world_mm(np.argwhere(scene.mask("rib_left_2")).mean(axis=0)))[2])
    cut = scene.crop((0, 0, 0), (104, 80, high))
    parts = [Breathing(diaphragm_mm=15.0)(one, STREAMS["breath"].generator) for one in (scene, cut)]
    points = cut.grid.world_mm(np.argwhere(cut.labels > 0)[::50])
    whole, low = (one.motion.moved_mm(points, one.grid, FULL_S) - points for one in parts)
    assert np.linalg.norm(low, axis=1).max() < 1.1 * np.linalg.norm(whole, axis=1).max()
    assert np.linalg.norm(low - whole, axis=1).mean() < 0.7


class Whirl(Flow):
    """Turns about z by an angle that falls with the radius: every circle stays, and the map is known."""

    def velocity(self, t_s):
        step, n = 2.0, 41
        places = (np.arange(n) - n // 2) * step
        x, y, _ = np.meshgrid(places, places, places, indexing="ij")
        turn = t_s * np.exp(-(x**2 + y**2) / 400)
        return Velocity(np.stack([-turn * y, turn * x, 0 * x], axis=-1), np.full(3, places[0]), step)


def test_a_stream_keeps_its_circles_and_goes_back():
    motion, grid = Whirl(), Grid.regular((9, 9, 9), 3.0)
    points = np.random.default_rng(2).uniform(-15, 15, (500, 3))
    there = motion.moved_mm(points, grid, 1.0)
    assert np.linalg.norm(there - points, axis=1).max() > 5
    radius = [np.hypot(p[:, 0], p[:, 1]) for p in (points, there)]
    np.testing.assert_allclose(*radius, atol=0.01)
    np.testing.assert_allclose(motion.rest_mm(there, grid, 1.0), points, atol=2e-3)
    twice = together(motion, motion).moved_mm(points, grid, 0.5)
    np.testing.assert_allclose(twice, there, atol=2e-3)
    fields = together(motion, motion).displacement(grid, 0.5), motion.displacement(grid, 1.0)
    np.testing.assert_allclose(*fields, atol=0.05)
