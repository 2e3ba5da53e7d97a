"""Angiography: lumens at the detector's resolution, a bolus that comes when it should, and subtraction."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from render.angiography import Angiography
from render.bolus import Bolus, arrival_s
from render.c_arm import CArm
from render.display import DigitalSubtraction, Negative
from render.effects.quantum_noise import QuantumNoise
from render.exposure import FixedExposure
from render.flat_panel import Light, behind
from render.lumens import ways
from render.materials import IODINE
from render.technique import Technique
from render.views import Panel, parallel
from simdata import Grid, RecipeError, Scene, SceneError, Streams, structure, vessel_tree
from simdata.tissues import tissues
from simdata.vessels import merge

STREAMS = Streams(seed=6)
STAND = CArm(source_to_detector_mm=1000.0, patient_to_detector_mm=300.0, columns=120, rows=100, pixel_mm=0.5)
BOLUS = Bolus(agent_mg_ml=300.0, rate_ml_s=2.0, volume_ml=4.0, start_s=0.5)


def straight(start, end, radius_mm, points=2, flow_mm3_s=1000.0):
    places = np.linspace(start, end, points)
    return vessel_tree(
        places, np.arange(points) - 1, np.full(points, radius_mm), flow_mm3_s=np.full(points, flow_mm3_s)
    )


def patient(**vessels):
    """A block of muscle, 80 x 60 x 80 mm, with bone in half of it."""
    grid = Grid.regular((40, 30, 40), 2.0)
    tissue = np.full(grid.shape, tissues()["muscle"], np.uint8)
    tissue[:20, 10:14] = tissues()["cortical_bone"]
    labels = np.full(grid.shape, structure("heart_myocardium").id, np.uint16)
    return Scene(grid, labels, tissue, vessels=MappingProxyType(vessels))


ARTERY = straight((-20.0, 0.0, -15.0), (15.0, 6.0, 12.0), 1.5, points=9)
RUN = Angiography(
    bolus=BOLUS,
    frames=10,
    frames_per_s=2.0,
    stand=STAND,
    exposure=FixedExposure(product_mas=5.0),
    effects=(),
)


# Lumens on the detector.


@pytest.mark.parametrize("radius_mm", [0.02, 0.1, 0.35, 1.5, 6.0])
@pytest.mark.parametrize("end", [(12.0, 0.0, 0.0), (5.0, 9.0, 7.0), (0.0, 10.0, 0.0), (0.3, 0.0, 0.2)])
def test_a_vessel_keeps_its_blood(radius_mm, end):
    """Thinner than an element or wider, along the detector or towards it, short or long."""
    view = parallel(np.array([0.0]), Panel(columns=90, rows=80, column_mm=0.4, row_mm=0.4))
    path = ways(straight((0.0, 0.0, 0.0), end, radius_mm), view)
    assert path.sum() * 0.4**2 == pytest.approx(np.pi * radius_mm**2 * np.linalg.norm(end), rel=1e-4)


@pytest.mark.parametrize("tilt", [0.0, 0.5, 1.1])
def test_the_way_through_a_wide_vessel_is_its_chord(tilt):
    """2 sqrt(r^2 - d^2) / sin(theta), rms 1 %."""
    end = 60 * np.array([np.cos(tilt), np.sin(tilt), 0.0])
    view = parallel(np.array([0.0]), Panel(columns=60, rows=80, column_mm=0.2, row_mm=0.2))
    path = np.asarray(ways(straight(-end, end, 5.0), view).sum(axis=1)).reshape(60, 80)
    height = (np.arange(80) - 39.5) * 0.2
    expected = 2 * np.sqrt(np.maximum(25 - height**2, 0)) / np.cos(tilt)
    assert np.sqrt(((path[30] - expected) ** 2).mean()) < 0.01 * expected.max()


def test_a_vessel_ends_alike_whatever_other_trees_there_are():
    """Cuts are halfway between segments that follow each other; the last one of a vessel has none after it."""
    view = STAND.view(patient())
    alone = straight((-20.0, 0.0, -15.0), (15.0, 6.0, 12.0), 3.0, points=3)
    beside = straight((-20.0, 20.0, 10.0), (10.0, 20.0, 25.0), 3.0, points=3)
    both = ways(merge([alone, beside]), view).tocsc()
    assert np.array_equal(both[:, :2].toarray(), ways(alone, view).toarray())
    assert np.array_equal(both[:, 2:].toarray(), ways(beside, view).toarray())


def test_a_chain_of_short_segments_is_one_vessel():
    view = STAND.view(patient())
    one, many = (
        np.asarray(ways(straight((-20.0, 0, -5), (20.0, 10, 5), 2.0, points), view).sum(axis=1)) for points in (2, 60)
    )
    assert np.sqrt(((one - many) ** 2).mean()) < 0.01 * one.max()


def test_a_bent_vessel_has_no_gap_and_no_double():
    """A ring of straight segments is as deep all around as wide, inside and outside of its bends."""
    turn = np.linspace(0, 1.8 * np.pi, 19)
    ring = vessel_tree(
        np.column_stack([14 * np.cos(turn), 0 * turn, 14 * np.sin(turn)]), np.arange(19) - 1, np.full(19, 4.0)
    )
    view = parallel(np.array([0.0]), Panel(columns=160, rows=160, column_mm=0.25, row_mm=0.25))
    path = np.asarray(ways(ring, view).sum(axis=1)).reshape(160, 160)
    across, up = np.meshgrid(*2 * [(np.arange(160) - 79.5) * 0.25], indexing="ij")
    angle = np.arctan2(up, across) % (2 * np.pi)
    inside = (angle > 0.4) & (angle < 1.6 * np.pi)
    for away in (12.0, 14.0, 15.5):
        here = path[inside & (np.abs(np.hypot(across, up) - away) < 0.3)]
        assert here.std() < 0.06 * here.mean(), away


def test_a_branch_begins_at_the_wall_of_its_stem():
    tree = vessel_tree(
        np.array([[0.0, 0, -20], [0, 0, 0], [0, 0, 20], [20, 0, 0]]), np.array([-1, 0, 1, 1]), np.array([4.0, 4, 4, 1])
    )
    view = parallel(np.array([0.0]), Panel(columns=90, rows=90, column_mm=0.5, row_mm=0.5))
    branch = ways(tree, view)[:, 2]
    assert branch.sum() * 0.25 == pytest.approx(np.pi * 16, rel=1e-4)
    assert np.asarray(ways(tree, view).sum(axis=1)).max() < 8.3


def test_a_vessel_beside_the_detector_leaves_nothing_there():
    assert ways(straight((500.0, 0, 0), (510.0, 0, 0), 1.0), STAND.view(patient())).nnz == 0


def test_a_magnified_vessel_is_as_deep_and_wider():
    """1000 / 700: its shadow is as much wider, its way is what it was."""
    view = STAND.view(patient())
    path = np.asarray(ways(straight((0.0, 0, -30), (0.0, 0, 30), 4.0), view).sum(axis=1)).reshape(120, 100)[:, 50]
    assert path.max() == pytest.approx(8.0, rel=0.01)
    assert (path > 0).sum() * 0.5 == pytest.approx(8.0 * 1000 / 700, abs=0.6)


# The bolus.


def test_agent_arrives_after_the_volume_on_the_way_over_the_flow():
    vessel = straight((0.0, 0, 0), (0.0, 0, 100), 1.0, points=11, flow_mm3_s=np.pi * 50)
    np.testing.assert_allclose(arrival_s(vessel), np.linspace(0, 2, 11), rtol=1e-5)


def test_what_is_injected_comes_along():
    """Indicator dilution (Stewart-Hamilton): the area under the curve is the dose over the flow, everywhere."""
    vessel = straight((0.0, 0, 0), (0.0, 0, 400), 1.5, points=21, flow_mm3_s=1000.0)
    t_s = np.linspace(0, 60, 6001)
    curve = BOLUS.iodine_mg_ml(vessel, t_s)
    dose_mg, flow_ml_s = 300.0 * 4.0, 1.0 + 2.0
    np.testing.assert_allclose(curve.sum(axis=1) * 0.01, dose_mg / flow_ml_s, rtol=2e-3)
    mean_s = (curve * t_s).sum(axis=1) / curve.sum(axis=1)
    middle = (arrival_s(vessel)[1:] + arrival_s(vessel)[:-1]) / 2
    np.testing.assert_allclose(mean_s, 0.5 + 1.0 + middle, atol=0.02)
    spread_s = np.sqrt((curve * (t_s - mean_s[:, None]) ** 2).sum(axis=1) / curve.sum(axis=1))
    np.testing.assert_allclose(spread_s, np.hypot(2 / np.sqrt(12), 0.35 * middle), rtol=0.01)


def test_no_agent_before_the_injection_and_never_more_than_is_injected():
    curve = BOLUS.iodine_mg_ml(ARTERY, np.linspace(0, 8, 81))
    assert not curve[:, :6].any()
    assert curve.min() >= 0
    assert curve.max() <= 300 * 2 / 3 + 1e-9


def test_agent_flows_only_into_the_trees_that_are_named():
    both = vessel_tree(
        np.array([[0.0, 0, 0], [0, 0, 10], [5, 0, 0], [5, 0, 10]]),
        np.array([-1, 0, -1, 2]),
        np.ones(4),
        flow_mm3_s=np.full(4, 500.0),
    )
    left, right = replace(BOLUS, trees=(0,)).iodine_mg_ml(both, np.array([2.0]))[:, 0]
    assert left > 100
    assert right == 0
    with pytest.raises(RecipeError, match="found tree 2 in a bed of 2; 0 to 1 would do"):
        replace(BOLUS, trees=(2,)).iodine_mg_ml(both, np.array([2.0]))


def test_where_blood_stands_still_no_agent_comes():
    still = straight((0.0, 0, 0), (0.0, 0, 10), 1.0, points=3)
    still = replace(still, flow_mm3_s=np.array([np.nan, 500, 0], np.float32))
    assert BOLUS.iodine_mg_ml(still, np.array([5.0]))[1] == 0


def test_a_bed_without_flow_says_what_would_do():
    unknown = straight((0.0, 0, 0), (0.0, 0, 10), 1.0, flow_mm3_s=np.nan)
    with pytest.raises(SceneError, match="flow of 1 of 1 segments is not known; a bed with flow would do"):
        BOLUS.iodine_mg_ml(unknown, np.zeros(1))


# The run.


def test_subtraction_of_a_patient_at_rest_is_the_iodine():
    """Whatever lies before and behind it: minus the log of what the agent lets through there, bone or not."""
    scene = patient(coronary=ARTERY)
    seen = RUN(scene, STREAMS).array[..., 0]
    raw = RUN.measure(scene)
    light = Light(Technique(kvp=RUN.kvp, mas=1.0, tube=RUN.tube), STAND, RUN.detector)
    assert seen.shape == (9, 120, 100)
    assert not seen[0].any(), "before the injection"

    iodine = RUN.bolus.iodine_mg_ml(ARTERY, raw.view_s[5:6])[:, 0] / 1000
    agent = (ways(ARTERY, STAND.view(scene)) @ iodine).reshape(120, 100, 1).astype(np.float32)
    lumen = agent[..., 0] > 0
    assert ((seen[4] < 0) == lumen).all()
    in_air = np.log(behind(agent, light.channels([IODINE])[0]) / light.channels()[0].blank)
    share = np.divide(seen[4], in_air, out=np.zeros_like(in_air), where=lumen)
    assert (share[lumen] > 0.4).all()
    muscle, bone = share[:58][lumen[:58]], share[62:][lumen[62:]]
    assert bone.mean() < muscle.mean() < 1, "harder beams behind the patient see less iodine"


def test_without_anything_else_subtraction_is_beer_and_lambert():
    """In air, of one focus: each element the attenuation of the iodine on its way."""
    air = replace(patient(coronary=ARTERY), tissue=np.zeros((40, 30, 40), np.uint8))
    run = replace(RUN, tube=replace(RUN.tube, focal_spot_mm=(0.0, 0.0)))
    seen = run(air, STREAMS).array[..., 0]
    light = Light(Technique(kvp=run.kvp, mas=1.0, tube=run.tube), STAND, run.detector)
    for frame in (2, 5, 8):
        iodine = run.bolus.iodine_mg_ml(ARTERY, np.array([(frame + 1) / 2.0]))[:, 0] / 1000
        agent = (ways(ARTERY, STAND.view(air)) @ iodine).reshape(120, 100, 1).astype(np.float32)
        expected = np.log(behind(agent, light.channels([IODINE])[0]) / light.channels()[0].blank)
        np.testing.assert_allclose(seen[frame], expected, rtol=8e-3, atol=1e-5)


def test_noise_of_a_subtraction_is_that_of_two_pictures():
    scene = patient(coronary=ARTERY)
    seen = replace(RUN, effects=(QuantumNoise(),), frames=2)(scene, STREAMS).array[0, ..., 0]
    counts = RUN.measure(scene).data[0, 0]
    inside = np.s_[20:100, 15:85]
    assert (seen[inside] * np.sqrt(counts[inside] / 2)).var() == pytest.approx(1, abs=0.05)


def test_on_the_screen_bones_and_vessels_are_dark():
    scene = patient(coronary=ARTERY)
    array = replace(RUN, display=Negative())(scene, STREAMS).array[..., 0]
    path = np.asarray(ways(ARTERY, STAND.view(scene)).sum(axis=1)).reshape(120, 100)
    assert array.shape == (10, 120, 100)
    assert array[5][path > 2].mean() < array[0][path > 2].mean() - 100
    muscle, bone = array[0, 20:50, 20:80].mean(), array[0, 70:100, 20:80].mean()
    assert bone < muscle


def test_lumens_and_centrelines_go_along():
    image = RUN(patient(coronary=ARTERY), STREAMS)
    path = image.shadow("coronary").over(image.grid.shape)[..., 0]
    assert set(image.shadows) == {"coronary"}
    np.testing.assert_array_equal(image.array[4, ..., 0] < 0, path > 0)
    at = image.grid.index(image.vessels["coronary"].points_mm)
    assert (path[tuple(np.rint(at[1:-1, :2]).astype(int).T)] > 2).all()
    np.testing.assert_allclose(image.vessels["coronary"].radius_mm, 1.5 * 1000 / 700, rtol=0.03)
    assert "heart_myocardium" in replace(RUN, shadows=None)(patient(coronary=ARTERY), STREAMS).shadows


def test_a_bed_that_is_not_there_says_what_would_do():
    with pytest.raises(SceneError, match="no bed is called 'coronary'; choose from: liver"):
        RUN.measure(patient(liver=ARTERY))


def test_one_view_cannot_be_subtracted():
    raw = RUN.measure(patient(coronary=ARTERY))
    with pytest.raises(RecipeError, match="a mask and views after it would do"):
        DigitalSubtraction()(replace(raw, data=raw.data[:, :1]))
