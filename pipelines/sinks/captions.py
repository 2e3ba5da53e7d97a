"""Image and text: a picture of every image, a caption, and the findings as a structured report, all from the truth."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.flat import is_flat
from pipelines.sheet import to_ras
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.pictures import axial, displayed, levels, png
from pipelines.sinks.scans import Scan, scans, weighting
from pipelines.sinks.volumes import labels_on, picked
from pipelines.words.report import caption, report
from simdata.finding import Finding
from simdata.image import Image
from simdata.sample import Sample
from simdata.scene import present_ids
from simdata.spoken import spoken
from simdata.streams import Streams

WORDS = {
    "CT": "Computed tomography",
    "DX": "Radiograph",
    "MG": "Mammography",
    "XA": "X-ray angiography",
    "OT": "Image",
}
ADULT_Y = 18.0
PEOPLE = {"female": ("girl", "woman"), "male": ("boy", "man")}


@dataclass(frozen=True, kw_only=True)
class Captions(FolderSink):
    """images/NNNNNN_IMAGE.png and metadata.jsonl: "file_name", "text" (the caption), "report", "findings" and who the
    patient is, a line per picture, as an image folder of Hugging Face has it.

    Of a volume the axial slice through the first finding is shown, the middle one of a patient without.
    The wording varies from sample to sample and from image to image, never the facts. Of an image's findings also kind,
    place, SNOMED-CT code, size, RECIST diameters and attributes are listed.
    """

    def write(self, index: int, sample: Sample) -> list[dict[str, Any]]:
        made, lines = scans(sample), []
        words = Streams(sample.seed, sample.index)["words"]
        for name, image in picked(sample, self.images).items():
            file_name = f"images/{index:06d}_{name}.png"
            self.put(file_name, png(displayed(image) if is_flat(image) else _slice(sample, image)))
            subject, (ids, shown) = sample.scene.subject, _shown(sample, image)
            technique, patient, rng = _technique(made[name]), _patient(sample), words[name].generator
            lines.append(
                {
                    "file_name": file_name,
                    "text": caption(technique, patient, sample.scene, shown, rng),
                    "report": report(technique, patient, sample.scene, shown, ids, rng),
                    "modality": made[name].modality,
                    "sex": subject.sex if subject else "",
                    "age_y": round(subject.age_y) if subject else None,
                    "findings": [_entry(sample, finding) for finding in shown],
                }
            )
        return lines

    def finish(self, written: Sequence[list[dict[str, Any]]]) -> None:
        lines = (json.dumps(line) + "\n" for entry in written for line in entry)
        self.put("metadata.jsonl", "".join(lines).encode())


def _slice(sample: Sample, image: Image) -> np.ndarray:
    """The axial slice that shows most of the first finding, or the middle one."""
    array = image.array[0] if image.array.ndim == 4 else image.array
    labels = to_ras(labels_on(sample, image), image.grid)
    _, shown = _shown(sample, image)
    position = int((labels == shown[0].label).sum(axis=(0, 1)).argmax()) if shown else labels.shape[2] // 2
    return axial(levels(array, image.unit), image, position)


def _shown(sample: Sample, image: Image) -> tuple[list[int], list[Finding]]:
    """Ids of the structures that lie in the image, and the findings among them."""
    if is_flat(image) and image.shadows:
        names = {name for name, shadow in image.shadows.items() if shadow.path_mm.size}
        ids = [id for id, structure in sample.scene.structures.items() if structure.name in names]
    else:
        ids = present_ids(labels_on(sample, image))
    return ids, [finding for finding in sample.scene.findings if finding.label in ids]


def _entry(sample: Sample, finding: Finding) -> dict[str, Any]:
    host = next((one for one in sample.scene.structures.values() if one.name == finding.structure), None)
    return {
        "kind": finding.kind,
        "structure": finding.structure,
        "place": spoken(host) if host else "",
        "laterality": host.laterality if host else "",
        "snomed": sample.scene.structures[finding.label].snomed,
        "centre_ras_mm": [round(mm, 1) for mm in finding.centre_mm],
        "extent_mm": [round(mm, 1) for mm in finding.extent_mm],
        "axial_diameters_mm": [round(mm, 1) for mm in finding.axial_mm],
        "volume_ml": float(f"{finding.volume_mm3 / 1000:.3g}"),
        "attributes": dict(finding.attributes),
        "text": finding.text,
    }


def _technique(scan: Scan) -> str:
    if scan.modality == "MR":
        return f"{weighting(scan)}-weighted magnetic resonance image"
    kvp = scan.settings.get("kvp")
    return WORDS[scan.modality] + (f" at {kvp:.0f} kV" if kvp else "")


def _patient(sample: Sample) -> str:
    subject = sample.scene.subject
    if subject is None:
        return "a patient"
    grown = int(subject.age_y >= ADULT_Y)
    age = f"{int(subject.age_y)}-year-old" if subject.age_y >= 2 else f"{int(12 * subject.age_y)}-month-old"
    return f"a {age} {PEOPLE[subject.sex][grown]}"
