"""What nnU-Net v2 says of its export, and of the Decathlon's once it has converted it: run by itself.

python nnunet_reader.py EXPORTS RESULT.npz
"""

import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import numpy as np

EXPORTS, RESULT = Path(sys.argv[1]), Path(sys.argv[2])
RAW = RESULT.parent / "raw"
os.environ |= {name: str(RAW) for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")}
shutil.copytree(EXPORTS / "nnunet", RAW)

from nnunetv2.dataset_conversion.convert_MSD_dataset import convert_msd_dataset  # noqa: E402
from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity  # noqa: E402
from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO  # noqa: E402

fork = multiprocessing.get_context("fork")
multiprocessing.get_context = lambda method=None: fork  # its workers need not import torch once more

convert_msd_dataset(str(EXPORTS / "decathlon" / "Task01_Simdata"), overwrite_target_id=2, num_processes=1)
found = {}
for name in ("Dataset001_simdata", "Dataset002_Simdata"):
    verify_dataset_integrity(str(RAW / name), num_processes=1)
    case = "simdata_000001"
    image, about = SimpleITKIO().read_images([str(RAW / name / f"imagesTr/{case}_{n:04d}.nii.gz") for n in (0, 1)])
    labels, _ = SimpleITKIO().read_seg(str(RAW / name / f"labelsTr/{case}.nii.gz"))
    lps = np.eye(4)
    lps[:3, :3] = np.reshape(about["sitk_stuff"]["direction"], (3, 3)) * about["sitk_stuff"]["spacing"]
    lps[:3, 3] = about["sitk_stuff"]["origin"]
    for what, array in (("image", image), ("label", labels)):
        found[f"{name}/{what}"] = array.transpose(0, 3, 2, 1)
        found[f"{name}/{what}/affine"] = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
np.savez(RESULT, **found)
