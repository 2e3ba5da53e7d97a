"""MONAI datalist: NIfTI files, and the JSON list that monai.data.load_decathlon_datalist reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.nnunet import same_channels
from pipelines.sinks.volumes import aligned, labels_on, nifti_gz
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class MonaiDatalist(FolderSink):
    """images, labels and datalist.json. "image" lists one file per volume, which LoadImaged stacks as channels.

    All volumes must lie on the same voxels; --images makes a list of one of them. Labels are numbered
    without a gap.
    """

    numbered: ClassVar[bool] = True

    def write(self, index: int, sample: Sample) -> dict[str, Any]:
        channels = aligned(sample, self.images)
        image = next(iter(channels.values()))
        names = {name: f"images/{index:06d}_{name}.nii.gz" for name in channels}
        for name, channel in channels.items():
            self.put(names[name], nifti_gz(channel.array, channel.grid))
        label = f"labels/{index:06d}.nii.gz"
        self.put(label, nifti_gz(relabel(labels_on(sample, image), sample.scene, self.labels), image.grid))
        subject = sample.scene.subject
        return {
            "index": index,
            "channels": {name: channel.unit for name, channel in channels.items()},
            "entry": {
                "image": list(names.values()),
                "label": label,
                "index": index,
                **({"sex": subject.sex, "age_y": subject.age_y} if subject else {}),
                "findings": [finding.text for finding in sample.scene.findings],
            },
        }

    def finish(self, written: Sequence[dict[str, Any]]) -> None:
        datalist = {
            "name": "simdata",
            "channels": same_channels(written),
            "labels": {"0": "background", **{str(number): name for name, number in self.numbers.items()}},
            "training": [entry["entry"] for entry in written],
        }
        self.put_json("datalist.json", datalist)
