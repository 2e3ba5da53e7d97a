"""Exports for training, read by the tools they are for: nnU-Net, MONAI, TorchIO and fastMRI."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from exports import CLASSES, lies_where_it_did, numbered

from pipelines.export import export
from simdata import Dataset

CONSUMERS = Path(__file__).parent / "consumers"


@pytest.fixture(scope="module")
def exports(export_dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("for_training")
    for form in ("nnunet", "monai", "decathlon", "torchio", "fastmri"):
        export(export_dataset, form, folder / form)
    return folder


@pytest.fixture(scope="module")
def read_by(exports, tmp_path_factory):
    def run(script):
        result = tmp_path_factory.mktemp("read") / "read.npz"
        command = [sys.executable, "-W", "ignore", CONSUMERS / script, exports, result]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return np.load(result)

    return run


def test_nnunet_finds_nothing_wrong_with_its_export_and_with_a_converted_decathlon(exports, read_by, export_dataset):
    sample, read = Dataset(export_dataset)[1], read_by("nnunet_reader.py")
    for name in ("Dataset001_simdata", "Dataset002_Simdata"):
        image, affine = read[f"{name}/image"], read[f"{name}/image/affine"]
        lies_where_it_did(image[0], affine, sample.images["ct"].array, sample.scene.grid)
        lies_where_it_did(image[1], affine, sample.images["t1"].array, sample.scene.grid)
        lies_where_it_did(read[f"{name}/label"][0], read[f"{name}/label/affine"], numbered(sample), sample.scene.grid)
    about = json.loads((exports / "nnunet/Dataset001_simdata/dataset.json").read_text())
    assert about["channel_names"] == {"0": "CT", "1": "t1"}
    assert about["labels"] == {"background": 0, **{name: n for n, name in enumerate(CLASSES, 1)}}


def test_monai_torchio_and_fastmri_read_voxels_where_they_lie(read_by, export_dataset):
    sample, read = Dataset(export_dataset)[1], read_by("torch_readers.py")
    grid, true = sample.scene.grid, {name: sample.images[name].array for name in ("ct", "t1")}
    for name in ("monai", "decathlon"):
        for channel, image in enumerate(("ct", "t1")):
            lies_where_it_did(read[f"{name}/image"][channel], read[f"{name}/image/affine"], true[image], grid)
        lies_where_it_did(np.squeeze(read[f"{name}/label"]), read[f"{name}/label/affine"], numbered(sample), grid)
    for name in ("ct", "t1"):
        lies_where_it_did(read[f"torchio/{name}"][0], read[f"torchio/{name}/affine"], true[name], grid)
    lies_where_it_did(read["torchio/t1_label"][0], read["torchio/t1_label/affine"], numbered(sample), grid)
    hung = true["t1"][::-1, ::-1].transpose(2, 1, 0)
    np.testing.assert_allclose(read["fastmri/target"], hung)
    np.testing.assert_allclose(read["fastmri/of_kspace"], hung, atol=1e-5)
    assert np.array_equal(read["fastmri/target/affine"], grid.affine)
