"""NIfTI export: every image and its labels as .nii.gz, RAS+ mm, qform equal to sform."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.durable import write_whole
from simdata.convert import nifti
from simdata.grid import Grid
from simdata.layout import truth_of
from simdata.parts import Sink
from simdata.sample import Sample

GZIP_LEVEL = 4


@dataclass(frozen=True)
class Nifti(Sink):
    """A folder with NNNNNN_IMAGE.nii.gz, NNNNNN_labels.nii.gz (uint16 structure ids) and NNNNNN_truth.json."""

    folder: str = "nifti"

    def write(self, index: int, sample: Sample) -> None:
        """Writes the images, labels and truth of one sample. Raises DatasetError if the disk refuses."""
        volumes = {name: (image.array, image.grid) for name, image in sample.images.items()}
        volumes["labels"] = (sample.scene.labels, sample.scene.grid)
        for name, (array, grid) in volumes.items():
            write_whole(Path(self.folder) / f"{index:06d}_{name}.nii.gz", _nii_gz(array, grid))
        truth = json.dumps(truth_of(sample), indent=1) + "\n"
        write_whole(Path(self.folder) / f"{index:06d}_truth.json", truth.encode())


def _nii_gz(array: np.ndarray, grid: Grid) -> bytes:
    channels_last = np.moveaxis(array, 0, -1) if array.ndim == 4 else array
    return gzip.compress(nifti(channels_last, grid).to_bytes(), GZIP_LEVEL, mtime=0)
