"""A marker on the patient's left stays on the left, through everything that writes, reads or draws."""

import itertools

import nibabel
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

from pipelines.sheet import PLANES, _plane, _views
from pipelines.sinks.nifti import Nifti
from simdata import Dataset, Grid, Image, Sample, Scene, structure
from simdata.convert import monai_dict, torchio_pairs

FAT, SPLEEN = structure("visceral_fat").id, structure("spleen").id
MARKER_MM = np.array([-8.0, 7.0, 11.0])
"""Left, front and up."""
CODES = ["".join(code) for axes in itertools.permutations(("LR", "PA", "IS")) for code in itertools.product(*axes)]


def stored_as(code):
    """A patient with a marker, its array stored in the orientation `code`."""
    upright = Grid.regular((13, 12, 14), 2.0)
    labels = np.full(upright.shape, FAT, np.uint16)
    labels[tuple(np.rint(upright.index(MARKER_MM)).astype(int))] = SPLEEN
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(code))
    turned = nibabel.apply_orientation(labels, turn)
    grid = Grid(turned.shape, upright.affine @ inv_ornt_aff(turn, upright.shape))
    scene = Scene(grid, np.ascontiguousarray(turned))
    image = Image((scene.labels == SPLEEN).astype(np.float32), "a.u.", grid)
    return Sample(0, 1, {"scan": image}, scene, {"phantom": {"kind": "none"}}, {}, {})


def place_mm(array, affine):
    (index,) = np.argwhere(np.squeeze(array))
    return affine[:3, :3] @ index + affine[:3, 3]


@pytest.mark.parametrize("code", CODES)
def test_every_writer_keeps_the_marker_where_it_is(code, tmp_path):
    sample = stored_as(code)

    Nifti(folder=str(tmp_path)).write(0, sample)
    nii = {name: nibabel.load(tmp_path / f"000000_{name}.nii.gz") for name in ("scan", "labels")}
    monai, pairs = monai_dict(sample), torchio_pairs(sample)

    assert nibabel.aff2axcodes(sample.scene.grid.affine) == tuple(code)
    assert np.allclose(place_mm(np.asarray(nii["labels"].dataobj) == SPLEEN, nii["labels"].affine), MARKER_MM)
    assert np.allclose(place_mm(np.asarray(nii["scan"].dataobj), nii["scan"].get_qform()), MARKER_MM, atol=1e-4)
    assert np.allclose(place_mm(monai["label"] == SPLEEN, monai["label_meta_dict"]["affine"]), MARKER_MM)
    assert np.allclose(place_mm(*pairs["scan"]), MARKER_MM)


@pytest.mark.parametrize("code", ["RAS", "LIA", "LPS", "PIR", "SAL"])
def test_the_dataset_keeps_the_marker_where_it_is(code, tmp_path):
    from pipelines.shards import write_shard

    sample = stored_as(code)
    (tmp_path / "shards").mkdir()
    receipts = write_shard(tmp_path, tmp_path, [sample])
    (tmp_path / "manifest.jsonl").write_text(receipts[0].line())
    read = Dataset(tmp_path)[0]
    assert np.allclose(place_mm(read.scene.labels == SPLEEN, read.scene.grid.affine), MARKER_MM)
    assert read.images["scan"].grid == sample.scene.grid


@pytest.mark.parametrize("code", ["RAS", "LIA", "LPS", "PIR", "SAL"])
def test_a_picture_shows_the_patients_left_at_its_right_and_the_front_up(code):
    view = _views(stored_as(code))["scan"]
    seen = {}
    for plane in PLANES:
        grey = np.asarray(_plane(view, plane, 0.0).convert("L")).astype(float)
        rows, columns = np.nonzero(grey > grey.max() / 2)
        seen[plane] = (columns.mean() / grey.shape[1] - 0.5, 0.5 - rows.mean() / grey.shape[0])
    assert seen["axial"][0] > 0.1
    assert seen["axial"][1] > 0.1
    assert seen["coronal"][0] > 0.1
    assert seen["coronal"][1] > 0.1
    assert seen["sagittal"][0] < -0.1
    assert seen["sagittal"][1] > 0.1
