"""Synthetic samples to learn from: of a dataset, or made on the way; what of their truth is learnt."""

from dataclasses import replace
from types import MappingProxyType

import nibabel as nib
import numpy as np
import pytest

from pipelines.learn.sources.made import Made
from pipelines.learn.sources.simulated import Simulated
from pipelines.learn.sources.synthetic import example
from pipelines.learn.truths.structures import StructureTruth
from pipelines.learn.truths.vessels import VesselTruth
from pipelines.plain import dump_yaml
from simdata import Dataset, Grid, Image, Sample, Scene, Streams, vessel_tree
from simdata.errors import DatasetError, RecipeError, SceneError
from simdata.structures import structure

LIVER = StructureTruth(classes=(("liver",),))


def test_a_dataset_is_learnt_from_as_it_is(made_toy_dataset):
    examples = Simulated(folder=str(made_toy_dataset), image="loud", truth=LIVER).open(1)
    sample = Dataset(made_toy_dataset)[2]
    assert examples.names[2] == f"{made_toy_dataset}[2]"
    assert np.array_equal(examples[2].image[0], sample.images["loud"].array)
    assert np.array_equal(examples[2].label, sample.scene.mask("liver"))


def test_some_of_a_dataset_are_chosen(made_toy_dataset):
    of = {"folder": str(made_toy_dataset), "truth": LIVER}
    assert len(Simulated(**of, image="loud", count=2).open(1)) == 2
    ages = [Dataset(made_toy_dataset).facts(n).patient for n in range(4)]
    assert len(ages) == len(Simulated(**of, where="age >= 20").open(1))
    with pytest.raises(DatasetError, match="found 4 samples; 9 or more would do"):
        Simulated(**of, count=9).open(1)
    with pytest.raises(DatasetError, match="found 2 images; choose from: camera, loud"):
        Simulated(**of).open(1)[0]
    with pytest.raises(DatasetError, match="no image is called 'laud'; did you mean 'loud'"):
        Simulated(**of, image="laud").open(1)[0]
    with pytest.raises(RecipeError, match="found values of 1 classes, where 2 are learnt"):
        Simulated(**of).open(2)


def angiogram():
    """A picture of 20 x 30 pixels of 0.1 mm: a wide artery that runs up, a thin one, and a vein across."""
    grid = Grid((20, 30, 1), np.diag([0.1, 0.1, 0.1, 1.0]))
    points = [(0.5, 0.1, 0.7), (0.5, 2.5, -0.4), (1.5, 0.1, 0), (1.5, 2.5, 0), (0.1, 1.05, 0), (1.9, 1.05, 0)]
    vessels = vessel_tree(
        points_mm=np.array(points),
        parent=np.array([-1, 0, -1, 2, -1, 4]),
        radius_mm=np.array([0.2, 0.2, 0.06, 0.06, 0.15, 0.15]),
        kind=np.array([0, 0, 0, 0, 1, 1]),
        links=np.array([(1, 3)]),
        link_flow_mm3_s=np.array([1.0]),
    )
    scene = Scene(grid, np.full(grid.shape, structure("eye_right").id, np.uint16))
    array = np.arange(600, dtype=np.float32).reshape(grid.shape)
    image = Image(array, "a.u.", grid, vessels=MappingProxyType({"retina": vessels}))
    return Sample(0, 1, {"flow": image}, scene, {}, {}, {})


def test_vessels_of_a_picture_from_some_width_on():
    sample = angiogram()
    image = sample.images["flow"]
    all_of_them = VesselTruth()(sample, image)[..., 0]
    wide = VesselTruth(least_radius_mm=0.1)(sample, image)[..., 0]
    assert all_of_them[5, 20] == all_of_them[15, 20] == all_of_them[10, 10] == 1
    assert wide[5, 20] == wide[10, 10] == 1
    assert wide[15, 20] == 0
    assert wide[:, 20].sum() == 5, "0.4 mm from the middle of a pixel on; those at its edges are filled by half"
    assert all_of_them[8:14, 24].sum() == 0, "the capillary between the two is none of them"
    kinds = VesselTruth(kinds=(("artery",), ("vein",)))(sample, image)[..., 0]
    assert set(np.unique(kinds)) == {0, 1, 2}
    assert kinds[10, 10] == 2
    assert kinds[5, 20] == 1
    with pytest.raises(SceneError, match="did you mean 'artery'"):
        VesselTruth(kinds=(("artry",),)).check(1)


def test_an_outline_leaves_short_side_branches_out_and_runs_outside_the_vessel():
    trunk = [(0.5, 0.1, 0), (0.5, 1.0, 0), (0.5, 2.5, 0)]
    side = [(0.9, 1.0, 0)]
    vessels = vessel_tree(
        points_mm=np.array(trunk + side),
        parent=np.array([-1, 0, 1, 1]),
        radius_mm=np.full(4, 0.1),
        kind=np.zeros(4, int),
    )
    sample = angiogram()
    image = replace(sample.images["flow"], vessels=MappingProxyType({"retina": vessels}))
    drawn = VesselTruth()(sample, image)[..., 0]
    pruned = VesselTruth(least_branch_mm=0.5)(sample, image)[..., 0]
    wide = VesselTruth(least_branch_mm=0.5, margin_mm=0.1)(sample, image)[..., 0]
    assert drawn[8, 10] == 1
    assert pruned[8, 10] == 0
    assert drawn[5, 20] == pruned[5, 20] == 1
    assert wide[:, 20].sum() == pruned[:, 20].sum() + 2, "one pixel of 0.1 mm more on either side"


def test_a_synthetic_picture_hangs_as_it_is_exported():
    sample = angiogram()
    found = example(sample, "", VesselTruth(least_radius_mm=0.1), "here")
    assert found.image.shape == (1, 30, 20)
    assert found.label.shape == (30, 20)
    assert found.image[0, -1, 0] == 0
    assert found.image[0, 0, -1] == 599
    assert found.label[9, 5] == 1


def test_samples_are_made_on_the_way_and_used_for_a_while(tmp_path):
    labels = np.zeros((12, 12, 10), np.uint16)
    labels[2:-2, 2:-2, 2:-2] = structure("liver").id
    nib.save(nib.Nifti1Image(labels, np.diag([2.0, 2, 2, 1])), tmp_path / "liver.nii.gz")
    phantom = {
        "kind": "phantoms.labelmap.Labelmap",
        "file": str(tmp_path / "liver.nii.gz"),
        "labels": "totalsegmentator",
    }
    scan = {"kind": "render.mr.SpinEcho", "name": "t1"}
    (tmp_path / "r.yaml").write_text(dump_yaml({"seed": 3, "phantom": phantom, "scan": [scan]}))
    source = Made(recipe=str(tmp_path / "r.yaml"), truth=LIVER, count=3, reuse=4)
    examples = source.open(1)
    assert len(examples) == 3
    assert examples[1].image.shape == (1, 12, 12, 10)
    assert np.array_equal(examples[1].label > 0, labels > 0)
    assert not np.array_equal(examples[1].image, examples[2].image)
    turns = [[source.pick(100, step, slot, 2, Streams(0).generator) for slot in range(2)] for step in range(8)]
    assert turns == [[0, 1], [0, 1], [0, 3], [0, 3], [2, 3], [2, 3], [2, 5], [2, 5]]
