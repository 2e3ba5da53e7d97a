"""nnU-Net v2 raw dataset: channels and labels as nnU-Net's planner wants to find them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Le

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.volumes import aligned, labels_on, nifti_gz
from simdata.errors import DatasetError, RecipeError
from simdata.sample import Sample

ENDING = ".nii.gz"


@dataclass(frozen=True, kw_only=True)
class NnUNet(FolderSink):
    """DatasetNNN_TITLE with imagesTr, labelsTr and dataset.json: set nnUNet_raw to the folder around it.

    Every volume is a channel; all must lie on the same voxels. A channel in Hounsfield units is called CT, for which
    nnU-Net normalises by the intensities of the whole dataset. Labels are numbered without a gap.
    """

    numbered: ClassVar[bool] = True

    dataset_id: Annotated[int, Ge(1), Le(999)] = 1
    title: str = "simdata"

    def __post_init__(self) -> None:
        if not self.title.isidentifier():
            raise RecipeError(f"NnUNet: title is '{self.title}'; letters, digits and '_' would do")

    def write(self, index: int, sample: Sample) -> dict[str, Any]:
        channels = aligned(sample, self.images)
        image = next(iter(channels.values()))
        for number, channel in enumerate(channels.values()):
            name = f"imagesTr/{self.title}_{index:06d}_{number:04d}{ENDING}"
            self.put(f"{self._place}/{name}", nifti_gz(channel.array, channel.grid))
        labels = relabel(labels_on(sample, image), sample.scene, self.labels)
        self.put(f"{self._place}/labelsTr/{self.title}_{index:06d}{ENDING}", nifti_gz(labels, image.grid))
        return {"index": index, "channels": {name: channel.unit for name, channel in channels.items()}}

    def finish(self, written: Sequence[dict[str, Any]]) -> None:
        channels = same_channels(written)
        dataset = {
            "channel_names": {
                str(n): "CT" if unit == "HU" else name for n, (name, unit) in enumerate(channels.items())
            },
            "labels": {"background": 0, **self.numbers},
            "numTraining": len(written),
            "file_ending": ENDING,
            "name": self.title,
            "description": "Synthetic images made by simdata; labels are the anatomy they were computed from",
        }
        self.put_json(f"{self._place}/dataset.json", dataset)

    @property
    def _place(self) -> str:
        return f"Dataset{self.dataset_id:03d}_{self.title}"


def same_channels(written: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Channel name to unit, the same for all samples. Raises DatasetError if one differs."""
    channels = written[0]["channels"] if written else {}
    for entry in written:
        if entry["channels"] != channels:
            raise DatasetError(
                f"sample {entry['index']}: found the channels {', '.join(entry['channels'])}, and "
                f"{', '.join(channels)} in sample {written[0]['index']}; --images with those of all samples would do"
            )
    return channels
