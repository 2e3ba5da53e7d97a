"""DICOM: a study per sample, a series per image, and for volumes a segmentation of what they show."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar

from pipelines.flat import is_flat
from pipelines.sinks.dicom_picture import STORAGE, picture
from pipelines.sinks.dicom_seg import segmentation
from pipelines.sinks.dicom_volume import slices
from pipelines.sinks.dicom_words import Identity
from pipelines.sinks.folder import FolderSink, unfit
from pipelines.sinks.scans import Scan, scans
from pipelines.sinks.volumes import picked
from simdata.image import Image
from simdata.sample import Sample

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

VOLUMES = ("CT", "MR")
PICTURES = ("XA", *(modality for modality, _ in STORAGE))


@dataclass(frozen=True, kw_only=True)
class Dicom(FolderSink):
    """NNNNNN/IMAGE/SSSS.dcm of CT and magnetic resonance, NNNNNN/IMAGE_structures.dcm (segmentation), and
    NNNNNN/IMAGE.dcm of radiographs, mammograms and angiographic runs.

    Patients are marked as synthetic (0008,001C); unique identifiers follow from the sample, so files are the same each
    time. Images of other machines, tomosynthesis among them, are left out, and an error if they are asked for.
    """

    needs: ClassVar[tuple[str, ...]] = ("pydicom", "highdicom")

    def write(self, index: int, sample: Sample) -> None:
        identity, made = Identity.of(sample), scans(sample)
        for name in self._suitable(sample, made):
            if made[name].modality in PICTURES and is_flat(sample.images[name]):
                self.put(f"{index:06d}/{name}.dcm", _bytes(picture(identity, sample, made[name], name)))
                continue
            series = list(slices(identity, sample, made[name], name))
            for number, one in enumerate(series, 1):
                self.put(f"{index:06d}/{name}/{number:04d}.dcm", _bytes(one))
            if (labels := segmentation(identity, sample, name, series, self.labels)) is not None:
                self.put(f"{index:06d}/{name}_structures.dcm", _bytes(labels))

    def _suitable(self, sample: Sample, made: Mapping[str, Scan]) -> list[str]:
        images = picked(sample, self.images)
        found = [name for name, image in images.items() if _fits(image, made[name])]
        if self.images and (other := [name for name in self.images if name not in found]):
            what = made[other[0]].kind or "no scanner of the recipe"
            raise unfit(sample, f"for image '{other[0]}' of {what} no DICOM object is written", "another --images")
        if not found:
            raise unfit(sample, f"for none of {', '.join(images)} a DICOM object is written", "CT, MR or X-ray images")
        return found


def _fits(image: Image, scan: Scan) -> bool:
    if is_flat(image):
        return scan.modality in PICTURES and (image.array.ndim == 3 or scan.modality == "XA")
    return scan.modality in VOLUMES and image.array.ndim == 3


def _bytes(one: "FileDataset") -> bytes:
    memory = BytesIO()
    one.save_as(memory, enforce_file_format=True)
    return memory.getvalue()
