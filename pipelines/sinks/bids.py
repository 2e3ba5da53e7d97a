"""BIDS: magnetic resonance as anat, everything else as the standard has no place for it, labels as a derivative."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.make import versions
from pipelines.sinks.classes import relabel
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.scans import SEQUENCES, Scan, scans, weighting
from pipelines.sinks.volumes import labels_on, nifti_gz, picked
from simdata.image import Image
from simdata.sample import Sample
from simdata.scene import present_ids

BIDS_VERSION = "1.10.0"
LABELS = "derivatives/simdata"
BEYOND = {"CT": "ct", "DX": "xray", "MG": "mammography", "XA": "angiography", "OT": "other"}
"""Folder and suffix of images that BIDS 1.10 has no place for; ct is that of the proposal BEP024."""
DERIVED = "The anatomy that the image was computed from: the structure at each voxel"
SEXES = {"female": "F", "male": "M"}
PARTICIPANTS = {
    "age": {"Description": "Age of the synthetic patient", "Units": "year"},
    "sex": {"Description": "Sex of the synthetic patient", "Levels": {"F": "female", "M": "male"}},
    "height": {"Description": "Height", "Units": "cm"},
    "weight": {"Description": "Weight", "Units": "kg"},
}


@dataclass(frozen=True, kw_only=True)
class Bids(FolderSink):
    """sub-NNNNNN/anat/sub-NNNNNN_acq-IMAGE_T1w.nii.gz (T2w, PDw) with its sidecar, participants.tsv, and the labels in
    derivatives/simdata as _dseg.nii.gz with a table of their names.

    Images of other machines lie in folders that .bidsignore names, for core BIDS 1.10 has no place for them: CT in ct/
    (as BEP024 proposes), radiographs in xray/ and so on. A picture has no labels here; its masks are in other forms.
    """

    def write(self, index: int, sample: Sample) -> dict[str, Any]:
        who, made = f"sub-{index:06d}", scans(sample)
        for name, image in picked(sample, self.images).items():
            folder, suffix, sidecar = _place(made[name], image)
            stem = f"{who}/{folder}/{who}_acq-{_word(name)}"
            self.put(f"{stem}_{suffix}.nii.gz", nifti_gz(image.array, image.grid))
            self.put_json(f"{stem}_{suffix}.json", sidecar)
            if image.labelled or image.grid.shape[2] > 1:
                self._labels(f"{LABELS}/{stem}_desc-truth_dseg", f"bids::{stem}_{suffix}.nii.gz", sample, image)
        subject = sample.scene.subject
        row = (
            [f"{subject.age_y:.4g}", SEXES[subject.sex], f"{subject.height_cm:.4g}", f"{subject.weight_kg:.4g}"]
            if subject
            else ["n/a"] * 4
        )
        return {"row": [who, *row]}

    def finish(self, written: Sequence[Mapping[str, Any]]) -> None:
        about = {
            "Name": "simdata",
            "BIDSVersion": BIDS_VERSION,
            "License": "n/a",
            "Authors": ["simdata", "whoever made the dataset"],
        }
        made = [{"Name": "simdata", "Version": versions()["simdata"], "Description": "Synthetic images"}]
        self.put_json("dataset_description.json", {**about, "DatasetType": "raw", "GeneratedBy": made})
        self.put_json(
            f"{LABELS}/dataset_description.json",
            {**about, "Name": "simdata labels", "DatasetType": "derivative", "GeneratedBy": made},
        )
        table = [["participant_id", *PARTICIPANTS], *(entry["row"] for entry in written)]
        self.put("participants.tsv", "".join("\t".join(row) + "\n" for row in table).encode())
        self.put_json("participants.json", PARTICIPANTS)
        self.put("README", README.encode())
        beyond = "".join(f"sub-*/{folder}\nsub-*/{folder}/**\n" for folder in BEYOND.values())
        self.put(".bidsignore", beyond.encode())
        self.put(f"{LABELS}/.bidsignore", beyond.encode())
        self.put(f"{LABELS}/README", README.encode())

    def _labels(self, name: str, source: str, sample: Sample, image: Image) -> None:
        ids, scene = labels_on(sample, image), sample.scene
        self.put(f"{name}.nii.gz", nifti_gz(relabel(ids, scene, self.labels), image.grid))
        self.put_json(f"{name}.json", {"Sources": [source], "SpatialReference": source, "Description": DERIVED})
        known = {one.name: one for one in scene.structures.values()}
        numbers = self.numbers or {scene.structures[id].name: id for id in present_ids(ids) if id}
        rows = [
            [str(number), name, "#{:02X}{:02X}{:02X}".format(*(known[name].colour if name in known else (255, 210, 0)))]
            for name, number in numbers.items()
        ]
        table = [["index", "name", "color"], *rows]
        self.put(f"{name}.tsv", "".join("\t".join(row) + "\n" for row in table).encode())


def _place(scan: Scan, image: Image) -> tuple[str, str, dict[str, Any]]:
    """Folder, suffix and sidecar of an image."""
    sidecar: dict[str, Any] = {"Manufacturer": "simdata", "ManufacturersModelName": scan.kind, "Units": image.unit}
    if scan.modality != "MR":
        return BEYOND[scan.modality], BEYOND[scan.modality], sidecar
    sidecar |= {
        "MagneticFieldStrength": scan.settings["b0_t"],
        "EchoTime": scan.settings["te_ms"] / 1000,
        "RepetitionTimeExcitation": scan.settings.get("es_ms", scan.settings["tr_ms"]) / 1000,
        "PulseSequenceType": SEQUENCES[scan.kind].pulses,
        "MRAcquisitionType": "3D",
    }
    if "ti_ms" in scan.settings:
        sidecar |= {"InversionTime": scan.settings["ti_ms"] / 1000}
        sidecar |= {"RepetitionTimePreparation": scan.settings["tr_ms"] / 1000}
    if "flip_degrees" in scan.settings:
        sidecar |= {"FlipAngle": scan.settings["flip_degrees"]}
    return "anat", f"{weighting(scan)}w", sidecar


def _word(name: str) -> str:
    """A name as an entity of BIDS may have it: letters and digits."""
    return "".join(letter for letter in name if letter.isalnum())


README = """\
Synthetic images made by simdata: no patient's image is among them. Labels (derivatives/simdata, _dseg) are the anatomy
that the images were computed from. Numbers are ids of simdata's structures, of which 1 to 117 are those of
TotalSegmentator v2, unless classes were chosen; the table beside each file names them.
"""
