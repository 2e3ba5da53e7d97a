"""NIfTI export: every image and its labels as .nii.gz, RAS+ mm, qform equal to sform."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from pipelines.durable import write_whole
from simdata.convert import nifti_images
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
        for name, image in nifti_images(sample).items():
            content = gzip.compress(image.to_bytes(), GZIP_LEVEL, mtime=0)
            write_whole(Path(self.folder) / f"{index:06d}_{name}.nii.gz", content)
        truth = json.dumps(truth_of(sample), indent=1) + "\n"
        write_whole(Path(self.folder) / f"{index:06d}_truth.json", truth.encode())
