"""A patient who moves takes tissue, vessels and findings along, and a sample remembers how he moved."""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pytest
from toys import Block, Camera, Dot

from phantoms.patient_motion import Shift, Tremor, Turn, smooth_step
from simdata import DatasetError, Grid, Motion, RecipeError, Sample, Scene, Still, Streams, structure, vessel_tree
from simdata.layout import arrays_of, canonical_json, sample_of, truth_of
from simdata.motion import Together, together
from simdata.motion_tree import motion_of, motion_tree
from simdata.tissues import tissues

GRID = Grid.regular((21, 21, 21), 2.0)
STREAMS = Streams(4)


@pytest.fixture
def patient():
    """A rod of liver along x in fat, with half a voxel of bone at its end, a vessel along it and a finding."""
    labels = np.full(GRID.shape, structure("visceral_fat").id, np.uint16)
    labels[10:18, 9:12, 9:12] = structure("liver").id
    second, share = np.zeros((2, *GRID.shape), np.uint8)
    second[17, 10, 10], share[17, 10, 10] = tissues()["cortical_bone"], 128
    density = np.linspace(1, 2, 21, dtype=np.float32)[:, None, None] * np.ones(GRID.shape, np.float32)
    scene = Scene(GRID, labels, second=second, share=share, fields=MappingProxyType({"density": density}))
    tip = GRID.world_mm(np.array([17.0, 10, 10]))
    vessel = vessel_tree(np.array([(0, 0, 0), tip]), np.array([-1, 0]), np.ones(2))
    dotted = Dot()(scene, STREAMS.generator)
    finding = replace(dotted.findings[0], centre_mm=tuple(tip.tolist()), extent_mm=(8.0, 2.0, 4.0))
    return replace(scene, structures=dotted.structures, vessels={"liver": vessel}, findings=(finding,))


def moving(patient: Scene, *motions) -> Scene:
    for motion in motions:
        patient = motion(patient, STREAMS.generator)
    return patient


def test_a_shift_takes_all_that_the_patient_is_by_the_same_way(patient):
    now = moving(patient, Shift(shift_mm=(4.0, 0.0, -6.0), start_s=1.0, lasting_s=0.5)).at(2.0)
    for array in ("labels", "tissue", "second", "share"):
        np.testing.assert_array_equal(getattr(now, array)[2:, :, :-3], getattr(patient, array)[:-2, :, 3:])
    np.testing.assert_allclose(now.fields["density"][2:, :, :-3], patient.fields["density"][:-2, :, 3:], atol=1e-6)
    moved_mm = now.vessels["liver"].points_mm - patient.vessels["liver"].points_mm
    np.testing.assert_allclose(moved_mm, [(4, 0, -6)] * 2, atol=1e-5)
    np.testing.assert_allclose(np.subtract(now.findings[0].centre_mm, patient.findings[0].centre_mm), (4, 0, -6))
    assert now.findings[0].extent_mm == pytest.approx((8, 2, 4))


def test_a_quarter_turn_is_that_of_the_array(patient):
    now = moving(patient, Turn(degrees=90.0, axis=(0.0, 0.0, 2.0), lasting_s=1.0)).at(1.0)
    for array in ("labels", "tissue", "second", "share"):
        np.testing.assert_array_equal(getattr(now, array), np.rot90(getattr(patient, array), 1, (0, 1)), array)
    np.testing.assert_allclose(now.vessels["liver"].points_mm[1], (0, 14, 0), atol=1e-5)
    np.testing.assert_allclose(now.findings[0].centre_mm, (0, 14, 0), atol=1e-9)
    assert now.findings[0].extent_mm == pytest.approx((2, 8, 4))


def test_the_marked_voxel_and_the_vessel_stay_together_in_any_motion(patient):
    motions = Shift(shift_mm=(3.0, -5.0, 2.0)), Turn(degrees=-35.0, axis=(1.0, 2.0, 3.0), centre_mm=(5.0, 0.0, -4.0))
    now = moving(patient, *motions).at(5.0)
    where_mm = GRID.world_mm(np.argwhere(now.share > 0)).mean(axis=0)
    np.testing.assert_allclose(now.vessels["liver"].points_mm[1], where_mm, atol=1.5)


def test_the_way_of_a_shift_begins_and_ends_smoothly():
    assert [smooth_step(t, 1.0, 2.0) for t in (0.0, 1.0, 2.0, 3.0, 9.0)] == [0, 0, 0.5, 1, 1]
    fast = np.gradient([smooth_step(t, 0.0, 1.0) for t in np.linspace(0, 1, 1001)], 1e-3)
    assert fast.max() == pytest.approx(1.875, abs=1e-3)
    assert fast[[0, -1]] == pytest.approx([0, 0], abs=1e-4)


def test_a_tremor_swings_to_both_sides_and_comes_back():
    tremor = Tremor(swing_mm=(0.0, 2.0, 0.0), rate_hz=5.0)
    sway = [tremor.moved_mm(np.zeros(3), GRID, t)[1] for t in (0.0, 0.05, 0.1, 0.15, 0.2)]
    np.testing.assert_allclose(sway, [0, 2, 0, -2, 0], atol=1e-12)


def test_motions_go_on_after_each_other_in_their_order():
    turn, shift = Turn(degrees=90.0, axis=(0.0, 0.0, 1.0)), Shift(shift_mm=(10.0, 0.0, 0.0))
    one, other = (m.moved_mm(np.array([1.0, 0, 0]), GRID, 9.0) for m in (together(turn, shift), together(shift, turn)))
    np.testing.assert_allclose(one, (10, 1, 0), atol=1e-12)
    np.testing.assert_allclose(other, (0, 11, 0), atol=1e-12)
    assert together(Still(), turn, Still()) == turn
    assert together(Still()) == Still()
    assert together(together(turn, shift), turn) == Together((turn, shift, turn))


@dataclass(frozen=True)
class Swelling(Motion):
    """A motion that is known at voxels only."""

    def displacement(self, grid, t_s):
        return np.moveaxis((-0.2 * np.tanh(t_s) * grid.points_mm()).astype(np.float32), -1, 0)


def test_the_way_there_and_the_way_back_meet():
    motion = together(Swelling(), Turn(degrees=20.0, centre_mm=(0.0, 3.0, 0.0)), Shift())
    points = np.random.default_rng(0).uniform(-12, 12, (50, 3))
    there = motion.moved_mm(points, GRID, 0.7)
    assert np.linalg.norm(there - points, axis=1).min() > 0.5
    np.testing.assert_allclose(motion.rest_mm(there, GRID, 0.7), points, atol=1e-4)
    field = motion.displacement(GRID, 0.7)
    np.testing.assert_allclose(
        np.moveaxis(field, 0, -1) + GRID.points_mm(), motion.rest_mm(GRID.points_mm(), GRID, 0.7), atol=1e-4
    )


def test_a_snapshot_holds_still(patient):
    now = moving(patient, Shift()).at(9.0)
    assert now.motion == Still()
    assert now.at(3.0) is now


def test_a_sample_remembers_the_motion():
    scene = moving(Block()(STREAMS.generator), Shift(shift_mm=(1.0, 2.0, 3.0)), Tremor(name="hand"))
    image = Camera()(scene, STREAMS)
    sample = Sample(0, 1, {"camera": image}, scene, {}, {}, {})
    again = sample_of(arrays_of(sample), truth_of(sample), {}, {})
    assert again.scene.motion == scene.motion == Together((Shift(shift_mm=(1.0, 2.0, 3.0)), Tremor(name="hand")))
    assert canonical_json(truth_of(again)) == canonical_json(truth_of(sample))
    still = Sample(0, 1, {"camera": image}, replace(scene, motion=Still()), {}, {}, {})
    assert "motion" not in truth_of(still)
    assert sample_of(arrays_of(still), truth_of(still), {}, {}).scene.motion == Still()


def test_reading_a_motion_runs_no_foreign_code():
    assert motion_of(motion_tree(Swelling())) == Swelling()
    for kind in ("antigravity.Motion", "os.system", "phantoms.patient_motion.smooth_step", "phantoms.nowhere.Shift"):
        with pytest.raises(DatasetError, match=f"motion: found kind '{kind}', which is no motion that is known here"):
            motion_of({"kind": kind})


def test_a_turn_without_an_axis_is_refused():
    with pytest.raises(RecipeError, match=r"Turn.axis: found \(0, 0, 0\); a direction"):
        Turn(axis=(0.0, 0.0, 0.0))
