"""NIfTI export: every image and its labels as .nii.gz, RAS+ mm, qform equal to sform."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.volumes import nifti_gz, picked
from simdata.layout import truth_of
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Nifti(FolderSink):
    """NNNNNN_IMAGE.nii.gz, NNNNNN_labels.nii.gz and NNNNNN_truth.json; NNNNNN_IMAGE_labels.nii.gz where an image has
    labels of its own. Labels are structure ids (uint16), or as labels.json numbers them.
    """

    def write(self, index: int, sample: Sample) -> None:
        scene, images = sample.scene, picked(sample, self.images)
        for name, image in images.items():
            self.put(f"{index:06d}_{name}.nii.gz", nifti_gz(image.array, image.grid))
            if image.labelled:
                own = relabel(image.labels, scene, self.labels)
                self.put(f"{index:06d}_{name}_labels.nii.gz", nifti_gz(own, image.grid))
        self.put(f"{index:06d}_labels.nii.gz", nifti_gz(relabel(scene.labels, scene, self.labels), scene.grid))
        self.put(f"{index:06d}_truth.json", (json.dumps(truth_of(sample), indent=1) + "\n").encode())

    def finish(self, written: Sequence[Any]) -> None:
        if self.labels:
            self.put_json("labels.json", self.numbers)
