"""What MONAI, TorchIO and fastMRI read of their exports: run by itself, for they take seconds to import.

python torch_readers.py EXPORTS RESULT.npz
"""

import json
import sys
from pathlib import Path

import numpy as np

EXPORTS, RESULT = Path(sys.argv[1]), Path(sys.argv[2])


def monai():
    from monai.data import load_decathlon_datalist, load_decathlon_properties
    from monai.transforms import Compose, EnsureChannelFirstd, LoadImaged

    entries = load_decathlon_datalist(EXPORTS / "monai" / "datalist.json", True, "training")
    loaded = LoadImaged(keys=["image", "label"])(entries[1])
    yield "monai/image", loaded["image"], loaded["image"].affine
    yield "monai/label", loaded["label"], loaded["label"].affine

    task = EXPORTS / "decathlon" / "Task01_Simdata" / "dataset.json"
    entries = load_decathlon_datalist(task, True, "training")
    assert load_decathlon_properties(task, ["modality", "labels", "numTraining"])["numTraining"] == len(entries)
    loaded = Compose([LoadImaged(keys=["image", "label"]), EnsureChannelFirstd(keys=["image", "label"])])(entries[1])
    yield "decathlon/image", loaded["image"], loaded["image"].affine
    yield "decathlon/label", loaded["label"], loaded["label"].affine


def torchio():
    import torchio

    folder = EXPORTS / "torchio"
    kinds = {"intensity": torchio.ScalarImage, "label": torchio.LabelMap}
    subjects = [
        torchio.Subject({name: kinds[one["type"]](folder / one["path"]) for name, one in subject["images"].items()})
        for subject in json.loads((folder / "subjects.json").read_text())["subjects"]
    ]
    subject = torchio.SubjectsDataset(subjects)[1]
    subject.check_consistent_space()
    for name in ("ct", "t1", "t1_label"):
        yield f"torchio/{name}", subject[name].data, subject[name].affine


def fastmri():
    import fastmri
    from fastmri.data import SliceDataset
    from fastmri.data.transforms import UnetDataTransform, to_tensor

    dataset = SliceDataset(EXPORTS / "fastmri", challenge="singlecoil")
    slices = [one for one in dataset if one[4] == "000001_t1.h5"]
    images = [fastmri.complex_abs(fastmri.ifft2c(to_tensor(kspace))) for kspace, *_ in slices]
    yield "fastmri/of_kspace", np.stack(images), slices[0][3]["affine"]
    yield "fastmri/target", np.stack([target for _, _, target, *_ in slices]), slices[0][3]["affine"]
    assert slices[0][3]["padding_left"] == 0
    assert slices[0][3]["padding_right"] == slices[0][0].shape[1]
    zero_filled = SliceDataset(EXPORTS / "fastmri", "singlecoil", UnetDataTransform("singlecoil"))[0]
    assert zero_filled.image.shape == zero_filled.target.shape


found = {}
for reader in (monai, torchio, fastmri):
    for name, array, affine in reader():
        found[name], found[f"{name}/affine"] = np.asarray(array), np.asarray(affine)
np.savez(RESULT, **found)
