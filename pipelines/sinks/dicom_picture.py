"""Radiographs, mammograms and angiographic runs as DICOM objects: DX, MG and XA."""

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Num, UInt16
from numpy import ndarray

from pipelines.sinks.dicom_words import Identity, code, new_object, orientation_words, pixels
from pipelines.sinks.pictures import hung
from pipelines.sinks.scans import Scan
from simdata.image import Image
from simdata.sample import Sample

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

STORAGE = {
    ("DX", "FOR PRESENTATION"): "1.2.840.10008.5.1.4.1.1.1.1",
    ("DX", "FOR PROCESSING"): "1.2.840.10008.5.1.4.1.1.1.1.1",
    ("MG", "FOR PRESENTATION"): "1.2.840.10008.5.1.4.1.1.1.2",
    ("MG", "FOR PROCESSING"): "1.2.840.10008.5.1.4.1.1.1.2.1",
}
XA_STORAGE = "1.2.840.10008.5.1.4.1.1.12.1"
WHITE, BITS = 4095, 12
VIEWS = {"CC": ("399162004", "cranio-caudal"), "MLO": ("399368009", "medio-lateral oblique")}
BREAST = ("76752008", "Breast")


def picture(identity: Identity, sample: Sample, scan: Scan, name: str) -> "FileDataset":
    """The object of one picture, or of a run of frames."""
    image = sample.images[name]
    return _run(identity, sample, scan, name) if scan.modality == "XA" else _still(identity, sample, scan, name, image)


def _still(identity: Identity, sample: Sample, scan: Scan, name: str, image: Image) -> "FileDataset":
    shown = "FOR PRESENTATION" if image.array.dtype == np.uint16 else "FOR PROCESSING"
    made: Any = new_object(identity, sample, scan, STORAGE[scan.modality, shown], name, 1)
    made.PresentationIntentType = shown
    made.ImageType = ["ORIGINAL", "PRIMARY", ""]
    pixels(made, _grey(hung(image.array[..., 0])), BITS)
    made.PatientOrientation = orientation_words(image.grid.affine)
    made.ImagerPixelSpacing = made.PixelSpacing = [f"{mm:.6g}" for mm in image.grid.spacing_mm[1::-1]]
    made.PixelIntensityRelationship, made.PixelIntensityRelationshipSign = "LOG", -1
    made.RescaleIntercept, made.RescaleSlope, made.RescaleType = 0, 1, "US"
    made.PresentationLUTShape = "IDENTITY"
    made.WindowCenter, made.WindowWidth = (WHITE + 1) / 2, WHITE + 1
    made.DetectorType, made.DetectorConfiguration = "SCINTILLATOR", "AREA"
    made.DetectorID = made.DetectorDescription = "simdata"
    made.AcquisitionContextSequence = []
    made.KVP = f"{scan.settings['kvp']:g}"
    stand = scan.settings.get("stand", {})
    if "source_to_detector_mm" in stand:
        made.DistanceSourceToDetector = f"{stand['source_to_detector_mm']:g}"
    made.ImageLaterality, made.AnatomicRegionSequence = "U", []
    made.ViewPosition = made.PositionerType = ""
    if scan.modality == "MG":
        _breast(made, sample)
    return made


def _breast(made: Any, sample: Sample) -> None:
    phantom = sample.recipe["phantom"]
    made.ImageLaterality = {"left": "L", "right": "R"}.get(str(phantom.get("side")), "B")
    made.OrganExposed, made.BodyPartExamined = "BREAST", "BREAST"
    made.AnatomicRegionSequence = [code(*BREAST)]
    made.PositionerType = "MAMMOGRAPHIC"
    made.BreastImplantPresent = "NO"
    made.DetectorType = "DIRECT"
    if view := VIEWS.get(str(phantom.get("view"))):
        seen: Any = code(*view)
        seen.ViewModifierCodeSequence = []
        made.ViewCodeSequence = [seen]


def _run(identity: Identity, sample: Sample, scan: Scan, name: str) -> "FileDataset":
    image = sample.images[name]
    made: Any = new_object(identity, sample, scan, XA_STORAGE, name, 1)
    frames = image.array if image.array.ndim == 4 else image.array[None]
    pixels(made, _grey(np.stack([hung(frame[..., 0]) for frame in frames])), BITS)
    made.ImageType = ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    made.NumberOfFrames = len(frames)
    made.FrameIncrementPointer = 0x00181063
    made.FrameTime = f"{1000 / scan.settings['frames_per_s']:.6g}"
    made.PixelIntensityRelationship, made.Laterality = "DISP", ""
    made.RadiationSetting, made.PositionerMotion = "GR", "STATIC"
    made.KVP = f"{scan.settings['kvp']:g}"
    made.XRayTubeCurrent = made.ExposureTime = ""
    stand = scan.settings["stand"]
    made.PositionerPrimaryAngle = f"{stand['primary_deg']:g}"
    made.PositionerSecondaryAngle = f"{stand['secondary_deg']:g}"
    made.DistanceSourceToDetector = f"{stand['source_to_detector_mm']:g}"
    made.DistanceSourceToPatient = f"{stand['source_to_detector_mm'] - stand['patient_to_detector_mm']:g}"
    made.ImagerPixelSpacing = [f"{mm:.6g}" for mm in image.grid.spacing_mm[1::-1]]
    made.PatientOrientation = orientation_words(image.grid.affine)
    made.WindowCenter, made.WindowWidth = (WHITE + 1) / 2, WHITE + 1
    return made


def _grey(array: Num[ndarray, "*f rows columns"]) -> UInt16[ndarray, "*f rows columns"]:
    """Twelve bits: as they are where the scanner gave such, else from the least to the greatest."""
    if array.dtype == np.uint16:
        return np.minimum(array, WHITE)
    low, high = float(array.min()), float(array.max())
    return np.rint((array - low) * (WHITE / max(high - low, 1e-9))).astype(np.uint16)
