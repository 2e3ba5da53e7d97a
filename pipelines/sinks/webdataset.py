"""WebDataset: tar files of samples, to be read from start to end, the same bytes each time."""

import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.volumes import nifti_gz, picked
from simdata.layout import truth_of
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class WebDataset(FolderSink):
    """NNNNNN.tar of samples_per_tar samples each, of a sample NNNNNN.IMAGE.nii.gz, NNNNNN.labels.nii.gz, NNNNNN.json.

    IMAGE_labels where an image has labels of its own; the JSON file holds the truth.
    """

    samples_per_tar: Annotated[int, Ge(1)] = 100

    def write(self, index: int, sample: Sample) -> None:
        scene, files = sample.scene, {}
        for name, image in picked(sample, self.images).items():
            files[f"{name}.nii.gz"] = nifti_gz(image.array, image.grid)
            if image.labelled:
                files[f"{name}_labels.nii.gz"] = nifti_gz(relabel(image.labels, scene, self.labels), image.grid)
        files["labels.nii.gz"] = nifti_gz(relabel(scene.labels, scene, self.labels), scene.grid)
        files["json"] = json.dumps(truth_of(sample)).encode()
        first = index - index % self.samples_per_tar
        with tarfile.open(Path(self.folder) / f"{first:06d}.tar", "a", format=tarfile.USTAR_FORMAT) as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(f"{index:06d}.{name}")
                member.size = len(content)
                tar.addfile(member, BytesIO(content))

    def finish(self, written: Sequence[Any]) -> None:
        if self.labels:
            self.put_json("labels.json", self.numbers)
