"""4D export: labels over time with seconds in the header, and where every voxel goes and comes from."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from toys import Block

from phantoms.patient_motion import Shift
from pipelines.sinks.amplitudes import Amplitudes
from pipelines.sinks.phases import Phases
from simdata import DatasetError, Sample, Streams
from simdata.motion import together
from simdata.motion_flow import Flow, Velocity


class Sway(Flow):
    """Up and down by 4 mm in 2 s."""

    period_s = 2.0

    def velocity(self, t_s):
        knots = np.zeros((8, 8, 8, 3))
        knots[..., 2] = 4 * np.sin(np.pi * t_s / 2) ** 2
        return Velocity(knots, np.full(3, -100.0), 30.0)

    def state(self, t_s):
        return {"up_mm": 4 * np.sin(np.pi * t_s / 2) ** 2}


def sample(motion):
    scene = replace(Block()(Streams(1).generator), motion=motion)
    return Sample(7, 1, {}, scene, {}, {}, {})


def test_a_moving_patient_is_written_phase_by_phase(tmp_path):
    made = sample(Sway())
    Phases(folder=str(tmp_path), phases=4).write(7, made)
    image = nibabel.load(tmp_path / "000007_labels.nii.gz")
    assert image.shape == (*made.scene.grid.shape, 4)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert image.header.get_zooms()[3] == pytest.approx(0.5)
    np.testing.assert_allclose(image.affine, made.scene.grid.affine)
    labels = np.asarray(image.dataobj)
    for phase, t_s in enumerate((0.0, 0.5, 1.0, 1.5)):
        np.testing.assert_array_equal(labels[..., phase], made.scene.at(t_s).labels)
        for name, way in (("forward", made.scene.motion.forward), ("back", made.scene.motion.displacement)):
            field = nibabel.load(tmp_path / f"000007_{name}_{phase:02d}.nii.gz")
            assert field.shape == (*made.scene.grid.shape, 1, 3)
            assert field.header.get_intent()[0] == "vector"
            expected = np.moveaxis(way(made.scene.grid, t_s), 0, -1)[..., None, :]
            np.testing.assert_array_equal(np.asarray(field.dataobj), expected)
    said = json.loads((tmp_path / "000007_phases.json").read_text())
    assert said["period_s"] == 2
    assert [phase["t_s"] for phase in said["phases"]] == [0, 0.5, 1, 1.5]
    assert said["phases"][2]["up_mm"] == pytest.approx(4)


def test_the_same_phases_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        Phases(folder=str(tmp_path / folder), phases=2, fields=("labels",)).write(0, sample(Sway()))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["000000_labels.nii.gz", "000000_phases.json"]
    assert all((tmp_path / "a" / n).read_bytes() == (tmp_path / "b" / n).read_bytes() for n in names)


def test_a_motion_without_a_period_wants_to_be_told_how_long(tmp_path):
    shift = sample(Shift())
    with pytest.raises(DatasetError, match="its motion does not repeat; --set lasting_s=SECONDS would do"):
        Phases(folder=str(tmp_path)).write(0, shift)
    assert list(Phases(phases=2, first_s=1.0, lasting_s=3.0).times_s(shift)) == [1, 2.5]
    assert together(Sway(), Shift()).period_s == 2


class Sighs(Sway):
    """Every second breath is half as deep."""

    period_s = 4.0

    def velocity(self, t_s):
        return super().velocity(t_s) if t_s % 4 < 2 else Sway.velocity(self, 0.0)

    def state(self, t_s):
        return {"up_mm": (4 if t_s % 4 < 2 else 2) * np.sin(np.pi * t_s / 2) ** 2}


def test_bins_of_amplitude_hold_what_looks_the_same(tmp_path):
    made, sink = sample(Sighs()), Amplitudes(folder=str(tmp_path), bins=4, of="up_mm")
    bins = sink.binned(made)
    assert [one.way for one in bins] == 4 * ["in"] + 4 * ["out"]
    assert sum(one.share for one in bins) == pytest.approx(1, abs=1e-9)
    assert all(one.low - 0.05 <= one.amplitude <= one.high + 0.05 for one in bins)
    assert [one.amplitude for one in bins[:4]] == sorted(one.amplitude for one in bins[:4])
    deep = [one for one in bins if one.low >= 2.05]
    assert all(one.t_s % 4 < 2 for one in deep)  # shallow breaths do not come so far
    assert all(one.t_s % 2 < 1 for one in bins if one.way == "in")
    sink.write(7, made)
    labels = np.asarray(nibabel.load(tmp_path / "000007_labels.nii.gz").dataobj)
    assert labels.shape[3] == 8
    np.testing.assert_array_equal(labels[..., 3], made.scene.at(bins[3].t_s).labels)
    said = json.loads((tmp_path / "000007_amplitudes.json").read_text())
    assert said["bins"][3]["up_mm"] == pytest.approx(bins[3].amplitude)
    with pytest.raises(DatasetError, match=r"its motion tells no depth; --set of=NAME \(up_mm\) would do"):
        Amplitudes(folder=str(tmp_path), of="depth").binned(made)
