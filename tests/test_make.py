"""One sample: every stage has its own numbers, so what is added to a recipe changes nothing else."""

import numpy as np
import pytest

from pipelines.make import make
from pipelines.recipe import recipe
from simdata import Dataset
from simdata.layout import arrays_of, checksum, truth_of

TOYS = ("toys",)
BASE = {
    "seed": 11,
    "phantom": {"kind": "toys.Block", "edge": {"integer": [10, 14]}},
    "grow": [{"kind": "toys.Dot"}],
    "scan": [{"kind": "toys.Camera", "gain": {"uniform": [1, 2]}}],
}


def made(**changes):
    built = recipe({**BASE, **changes}, TOYS)
    return make(built.draw(0), built.seed, 0)


def test_inserting_a_scanner_leaves_the_other_scan_alone():
    more = made(scan=[{"kind": "toys.Camera", "name": "first"}, *BASE["scan"]])
    assert np.array_equal(more.images["camera"].array, made().images["camera"].array)


def test_inserting_a_growth_leaves_the_patient_and_the_noise_alone():
    more = made(grow=[{"kind": "toys.Slow", "seconds": 0.0}, *BASE["grow"]])
    assert np.array_equal(more.scene.labels, made().scene.labels)
    assert np.array_equal(more.images["camera"].array, made().images["camera"].array)


def test_inserting_an_effect_leaves_the_other_effects_numbers_alone():
    silent = {"kind": "toys.Hiss", "name": "silent", "sigma": 0.0}
    more = made(scan=[{**BASE["scan"][0], "effects": [silent, {"kind": "toys.Hiss"}]}])
    assert np.array_equal(more.images["camera"].array, made().images["camera"].array)


def test_the_same_patient_under_two_scanners():
    alone = made(scan=[])
    assert np.array_equal(alone.scene.labels, made().scene.labels)
    assert alone.images == {}


def test_a_finish_changes_the_sample():
    assert np.array_equal(made(finish=[{"kind": "toys.Invert"}]).images["camera"].array, -made().images["camera"].array)


def test_seconds_are_told_by_stage_and_are_no_part_of_the_checksum():
    first, second = made(), made()
    assert first.seconds.keys() == {"phantom", "grow/dot", "scan/camera"}
    assert checksum(arrays_of(first), truth_of(first)) == checksum(arrays_of(second), truth_of(second))


def test_an_error_names_its_stage():
    with pytest.raises(ValueError, match="stumbled") as error:
        made(grow=[{"kind": "toys.Stumble", "chance": 1.0}])
    assert error.value.__notes__ == ["in stage grow/stumble"]


def test_a_dataset_gives_nifti_images(toy_dataset):
    images = Dataset(toy_dataset).nifti(0)
    assert set(images) == {"camera", "camera_labels", "loud", "loud_labels", "labels"}
