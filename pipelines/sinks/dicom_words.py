"""What every DICOM object of a sample says: whose it is, that it is synthetic, and identifiers that follow from it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_OID, uuid5

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

from pipelines.sinks.scans import Scan
from simdata.layout import arrays_of, checksum, truth_of
from simdata.sample import Sample

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

DAY, NOON = "20000101", "120000"
"""Where DICOM wants a date and a time: a synthetic patient has none, and files are to be the same each time."""
SEXES = {"female": "F", "male": "M"}
LPS = np.array([-1.0, -1.0, 1.0])
"""RAS+ to LPS+, the patient's axes in DICOM."""


@dataclass(frozen=True)
class Identity:
    """Whose an object is. digest: the sample's sha256, from which every identifier follows."""

    index: int
    digest: str

    @classmethod
    def of(cls, sample: Sample) -> "Identity":
        """The identity of a sample."""
        return cls(sample.index, checksum(arrays_of(sample), truth_of(sample)))

    def uid(self, *words: object) -> str:
        """An identifier below 2.25 (PS3.5 B.2), of a UUID made from the sample and the words."""
        return f"2.25.{uuid5(NAMESPACE_OID, '/'.join(['simdata', self.digest, *map(str, words)])).int}"


def new_object(identity: Identity, sample: Sample, scan: Scan, sop_class: str, name: str, number: int) -> "FileDataset":
    """A DICOM object with its patient, study, series and equipment. name: of the image; number: of the instance."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    meta: Any = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = identity.uid(name, number)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = f"2.25.{uuid5(NAMESPACE_OID, 'simdata').int}"
    meta.ImplementationVersionName = "SIMDATA"
    made: Any = FileDataset("", {}, preamble=b"\0" * 128, file_meta=meta)
    made.SOPClassUID, made.SOPInstanceUID = sop_class, meta.MediaStorageSOPInstanceUID
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SyntheticData = "YES"
    series = list(sample.images).index(name) + 1
    _patient(made, sample)
    made.StudyInstanceUID, made.StudyID = identity.uid("study"), str(identity.index)
    made.StudyDate, made.StudyTime = DAY, NOON
    made.StudyDescription = "Synthetic data made by simdata"
    made.AccessionNumber = made.ReferringPhysicianName = ""
    made.SeriesInstanceUID, made.SeriesNumber = identity.uid("series", name), series
    made.SeriesDescription, made.Modality = name, scan.modality
    made.Manufacturer, made.ManufacturerModelName = "simdata", scan.kind
    made.SoftwareVersions = str(sample.versions.get("simdata", ""))
    made.InstanceNumber = number
    made.ContentDate = made.AcquisitionDate = DAY
    made.ContentTime = made.AcquisitionTime = NOON
    made.AcquisitionNumber = 1
    made.BurnedInAnnotation = "NO"
    made.LossyImageCompression = "00"
    return made


def pixels(made: Any, stored: ndarray, bits: int) -> None:
    """The pixel module: rows and columns, or frames of them, of 16 bits of which `bits` are in use."""
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.Rows, made.Columns = stored.shape[-2:]
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, bits, bits - 1
    made.PixelRepresentation = int(np.issubdtype(stored.dtype, np.signedinteger))
    made.PixelData = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).tobytes()


def code(value: str, meaning: str, scheme: str = "SCT") -> "Dataset":
    """A coded word: SNOMED-CT unless another scheme is named."""
    from pydicom.dataset import Dataset

    made: Any = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def orientation_words(affine: Float64[ndarray, "4 4"]) -> list[str]:
    """To which side of the patient rows and columns of a hung picture run, as "L\\F": DICOM's Patient Orientation."""
    return [_side(affine[:3, 0]), _side(-affine[:3, 1])]


def _side(along: Float64[ndarray, " 3"]) -> str:
    axis = int(np.argmax(np.abs(along)))
    return ("RAH" if along[axis] > 0 else "LPF")[axis]


def _patient(made: Any, sample: Sample) -> None:
    subject = sample.scene.subject
    made.PatientName, made.PatientID = f"Synthetic^{sample.index:06d}", f"{sample.index:06d}"
    made.PatientBirthDate = ""
    made.PatientSex = SEXES[subject.sex] if subject else ""
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = "No patient: every voxel was computed"
    if subject:
        years = int(subject.age_y)
        made.PatientAge = f"{years:03d}Y" if years >= 2 else f"{int(12 * subject.age_y):03d}M"
        made.PatientSize, made.PatientWeight = f"{subject.height_cm / 100:.3f}", f"{subject.weight_kg:.2f}"
