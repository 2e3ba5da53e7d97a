"""TorchIO: NIfTI files, and the list of their subjects."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.volumes import labels_on, nifti_gz, volumes
from simdata.sample import Sample


@dataclass(frozen=True, kw_only=True)
class TorchIO(FolderSink):
    """images, labels and subjects.json: of every subject its images and their labels, by path and TorchIO's type.

    Each image has labels on its own voxels, as NAME_label. Labels are numbered without a gap.
    """

    numbered: ClassVar[bool] = True

    def write(self, index: int, sample: Sample) -> dict[str, Any]:
        images: dict[str, dict[str, str]] = {}
        for name, image in volumes(sample, self.images).items():
            path, label = f"images/{index:06d}_{name}.nii.gz", f"labels/{index:06d}_{name}.nii.gz"
            self.put(path, nifti_gz(image.array, image.grid))
            self.put(label, nifti_gz(relabel(labels_on(sample, image), sample.scene, self.labels), image.grid))
            images[name] = {"path": path, "type": "intensity", "unit": image.unit}
            images[f"{name}_label"] = {"path": label, "type": "label"}
        subject = sample.scene.subject
        return {
            "name": f"{index:06d}",
            "images": images,
            "subject": asdict(subject) if subject else {},
        }

    def finish(self, written: Sequence[dict[str, Any]]) -> None:
        self.put_json("subjects.json", {"labels": self.numbers, "subjects": list(written)})
