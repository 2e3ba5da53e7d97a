"""Medical Segmentation Decathlon: one 4-D NIfTI file of all modalities per patient, its labels, and dataset.json."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.nnunet import same_channels
from pipelines.sinks.volumes import aligned, labels_on, nifti_gz
from simdata.errors import RecipeError
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class Decathlon(FolderSink):
    """TaskNN_TITLE with imagesTr, labelsTr, imagesTs (empty) and dataset.json, as the Decathlon of 2018 has them.

    An image of one modality is 3-D, one of several 4-D with modalities last. Labels are numbered without a gap.
    """

    numbered: ClassVar[bool] = True

    task: str = "Task01_Simdata"

    def __post_init__(self) -> None:
        head, _, title = self.task.partition("_")
        if not (len(head) == 6 and head.startswith("Task") and head[4:].isdigit() and title.isidentifier()):
            raise RecipeError(f"Decathlon: task is '{self.task}'; Task, two digits, '_' and letters would do")

    def write(self, index: int, sample: Sample) -> dict[str, Any]:
        channels = aligned(sample, self.images)
        image = next(iter(channels.values()))
        name = f"{self.task[7:].lower()}_{index:06d}.nii.gz"
        stack = image.array if len(channels) == 1 else np.stack([channel.array for channel in channels.values()])
        self.put(f"{self.task}/imagesTr/{name}", nifti_gz(stack, image.grid))
        labels = relabel(labels_on(sample, image), sample.scene, self.labels)
        self.put(f"{self.task}/labelsTr/{name}", nifti_gz(labels, image.grid))
        return {"index": index, "name": name, "channels": {key: channel.unit for key, channel in channels.items()}}

    def finish(self, written: Sequence[dict[str, Any]]) -> None:
        channels = same_channels(written)
        dataset = {
            "name": self.task[7:],
            "description": "Synthetic images made by simdata; labels are the anatomy they were computed from",
            "reference": "simdata",
            "licence": "of whoever made the dataset",
            "release": "1.0",
            "tensorImageSize": "4D" if len(channels) > 1 else "3D",
            "modality": {str(n): "CT" if unit == "HU" else name for n, (name, unit) in enumerate(channels.items())},
            "labels": {"0": "background", **{str(number): name for name, number in self.numbers.items()}},
            "numTraining": len(written),
            "numTest": 0,
            "training": [
                {"image": f"./imagesTr/{entry['name']}", "label": f"./labelsTr/{entry['name']}"} for entry in written
            ],
            "test": [],
        }
        self.put_json(f"{self.task}/dataset.json", dataset)
        (Path(self.folder) / self.task / "imagesTs").mkdir()
