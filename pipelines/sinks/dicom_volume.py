"""Volumes as DICOM series of slices: CT in Hounsfield units, magnetic resonance in grey levels."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float64, Num
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, io_orientation, ornt_transform
from numpy import ndarray

from pipelines.sinks.dicom_words import LPS, Identity, code, new_object, pixels
from pipelines.sinks.folder import unfit
from pipelines.sinks.scans import SEQUENCES, Scan
from simdata.image import Image
from simdata.sample import Sample

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

CT_STORAGE, MR_STORAGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
WHITE = 4095
SHEAR = 1e-3
"""The cosine between two axes of voxels that still counts as a right angle."""


def slices(identity: Identity, sample: Sample, scan: Scan, name: str) -> Iterator["FileDataset"]:
    """The slices of a volume from the feet to the head, rows to the back, columns to the patient's left, or nearest."""
    image = sample.images[name]
    affine = lps_affine(sample, image)
    stored, slope, intercept = _stored(to_lps(image.array, image))
    spacing_mm = np.linalg.norm(affine[:3, :3], axis=0)
    for number, plane in enumerate(np.moveaxis(stored, 2, 0), 1):
        storage = CT_STORAGE if scan.modality == "CT" else MR_STORAGE
        made: Any = new_object(identity, sample, scan, storage, name, number)
        made.FrameOfReferenceUID, made.PositionReferenceIndicator = identity.uid("frame"), ""
        made.PatientPosition = "HFS"
        made.ImageOrientationPatient = _spoken([*(affine[:3, 0] / spacing_mm[0]), *(affine[:3, 1] / spacing_mm[1])])
        made.ImagePositionPatient = _spoken(affine[:3, 3] + (number - 1) * affine[:3, 2])
        made.PixelSpacing = _spoken([spacing_mm[1], spacing_mm[0]])
        made.SliceThickness = made.SpacingBetweenSlices = _spoken([spacing_mm[2]])[0]
        pixels(made, plane.T, 16)
        made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if scan.modality == "CT" else "OTHER"]
        made.Laterality = ""
        if scan.modality == "CT":
            _ct(made, scan, image.unit, slope, intercept)
        else:
            _mr(made, scan, image.unit, slope, intercept)
        yield made


def lps_affine(sample: Sample, image: Image) -> Float64[ndarray, "4 4"]:
    """Index of the turned array to LPS+ mm. Raises DatasetError if its axes are not at right angles."""
    affine = image.grid.affine @ inv_ornt_aff(_turn(image), image.grid.shape)
    unit = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if np.abs(unit.T @ unit - np.eye(3)).max() > SHEAR:
        raise unfit(sample, "its voxels are sheared, which DICOM cannot say", "a form such as nifti")
    return np.diag([*LPS, 1.0]) @ affine


def to_lps(array: Num[ndarray, "x y z"], image: Image) -> Num[ndarray, "x y z"]:
    """The array with its axes turned to run nearest to the patient's left, back and head."""
    return apply_orientation(array, _turn(image))


def _turn(image: Image) -> ndarray:
    return ornt_transform(io_orientation(image.grid.affine), axcodes2ornt("LPS"))


def _stored(array: Num[ndarray, "x y z"]) -> tuple[Num[ndarray, "x y z"], float, float]:
    """16-bit integers, and by which slope and intercept they mean the values."""
    if array.dtype == np.int16:
        return array, 1, 0
    low, high = min(float(array.min()), 0.0), float(array.max())
    slope = float(f"{max(high - low, 1e-9) / WHITE:.9g}")
    intercept = float(f"{low:.9g}")
    return np.rint((array - intercept) / slope).clip(0, WHITE).astype(np.uint16), slope, intercept


def _ct(made: Any, scan: Scan, unit: str, slope: float, intercept: float) -> None:
    made.RescaleSlope, made.RescaleIntercept = slope, intercept
    made.RescaleType = "HU" if unit == "HU" else "US"
    made.KVP = f"{scan.settings['kvp']:g}"
    made.ConvolutionKernel = str(scan.settings.get("kernel", ""))
    made.WindowCenter, made.WindowWidth = 40, 400


def _mr(made: Any, scan: Scan, unit: str, slope: float, intercept: float) -> None:
    made.RealWorldValueMappingSequence = [_meaning(unit, slope, intercept)]
    sequence = SEQUENCES[scan.kind]
    made.ScanningSequence, made.SequenceVariant, made.ScanOptions = list(sequence.scanning), sequence.variant, ""
    made.MRAcquisitionType = "3D"
    made.RepetitionTime, made.EchoTime = (f"{scan.settings[key]:g}" for key in ("tr_ms", "te_ms"))
    made.EchoTrainLength = 1
    made.MagneticFieldStrength = f"{scan.settings['b0_t']:g}"
    if "ti_ms" in scan.settings:
        made.InversionTime = f"{scan.settings['ti_ms']:g}"
    if "flip_degrees" in scan.settings:
        made.FlipAngle = f"{scan.settings['flip_degrees']:g}"


def _meaning(unit: str, slope: float, intercept: float) -> "Dataset":
    """What stored grey levels mean: magnetic resonance has no rescale slope (PS3.3 C.7.6.16.2.11 has this instead)."""
    from pydicom.dataset import Dataset

    mapping: Any = Dataset()
    mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped = 0, WHITE
    mapping.RealWorldValueIntercept, mapping.RealWorldValueSlope = intercept, slope
    mapping.LUTExplanation, mapping.LUTLabel = f"Signal, {unit}", unit[:16]
    mapping.MeasurementUnitsCodeSequence = [code("1", "no units", "UCUM")]
    return mapping


def _spoken(values: Any) -> list[str]:
    """Numbers as decimal strings of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(float(value)) for value in np.asarray(values)]
