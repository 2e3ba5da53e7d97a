"""Croissant: the dataset as NIfTI files and a table of its patients, and the metadata by which search engines and
loaders find them."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pipelines.make import versions
from pipelines.sinks.folder import FolderSink
from pipelines.sinks.nifti import Nifti
from pipelines.sinks.scans import scans
from pipelines.sinks.volumes import picked
from simdata.layout import arrays_of, checksum, truth_of
from simdata.sample import Sample

SAMPLES = "samples.csv"
COLUMNS: Mapping[str, tuple[str, str]] = {
    "index": ("sc:Integer", "Position of the sample in the dataset"),
    "sha256": ("sc:Text", "Checksum over the sample's arrays and truth, as simdata's manifest has it"),
    "sex": ("sc:Text", "Sex of the synthetic patient"),
    "age_y": ("sc:Float", "Age of the synthetic patient, years"),
    "height_cm": ("sc:Float", "Height, cm"),
    "weight_kg": ("sc:Float", "Weight, kg"),
    "findings": ("sc:Text", "What a radiologist would report, with semicolons between"),
    "labels": ("sc:Text", "Path of the NIfTI file of labels, structure ids of simdata unless labels.json numbers them"),
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of Croissant 1.0, word for word."""


@dataclass(frozen=True, kw_only=True)
class Croissant(FolderSink):
    """What `nifti` writes, samples.csv with a row per patient, and croissant.json (Croissant 1.0).

    title, licence (a URL or SPDX name) and url go into the metadata; they are left out where whoever made the data does
    not say them.
    """

    title: str = "simdata"
    licence: str = ""
    url: str = ""

    def write(self, index: int, sample: Sample) -> dict[str, Any]:
        self._files.write(index, sample)
        subject, images = sample.scene.subject, picked(sample, self.images)
        made = scans(sample)
        return {
            "index": index,
            "sha256": checksum(arrays_of(sample), truth_of(sample)),
            "sex": subject.sex if subject else "",
            "age_y": subject.age_y if subject else "",
            "height_cm": subject.height_cm if subject else "",
            "weight_kg": subject.weight_kg if subject else "",
            "findings": "; ".join(finding.text for finding in sample.scene.findings),
            "labels": f"{index:06d}_labels.nii.gz",
            **{name: f"{index:06d}_{name}.nii.gz" for name in images},
            "about": {name: f"{made[name].modality}, {image.unit}" for name, image in images.items()},
        }

    def finish(self, written: Sequence[dict[str, Any]]) -> None:
        self._files.finish(written)
        about = {name: text for entry in written for name, text in entry.pop("about").items()}
        paths = {name: ("sc:Text", f"Path of the NIfTI file of image {name} ({text})") for name, text in about.items()}
        columns = {**COLUMNS, **paths}
        memory = io.StringIO()
        table = csv.DictWriter(memory, list(columns), lineterminator="\n")
        table.writeheader()
        table.writerows(written)
        content = memory.getvalue().encode()
        self.put(SAMPLES, content)
        self.put_json("croissant.json", self._metadata(columns, content))

    @property
    def _files(self) -> Nifti:
        return Nifti(folder=self.folder, images=self.images, labels=self.labels)

    def _metadata(self, columns: Mapping[str, tuple[str, str]], content: bytes) -> dict[str, Any]:
        fields = [
            {
                "@type": "cr:Field",
                "@id": f"samples/{name}",
                "name": f"samples/{name}",
                "description": text,
                "dataType": kind,
                "source": {"fileObject": {"@id": SAMPLES}, "extract": {"column": name}},
            }
            for name, (kind, text) in columns.items()
        ]
        return {
            "@context": CONTEXT,
            "@type": "sc:Dataset",
            "name": self.title,
            "description": "Synthetic medical images made by simdata; labels are the anatomy they were computed from",
            "conformsTo": "http://mlcommons.org/croissant/1.0",
            **({"license": self.licence} if self.licence else {}),
            **({"url": self.url} if self.url else {}),
            "version": "1.0.0",
            "creator": {"@type": "sc:Organization", "name": f"simdata {versions()['simdata']}"},
            "citeAs": "simdata: annotated medical images from nothing",
            "distribution": [
                {
                    "@type": "cr:FileObject",
                    "@id": SAMPLES,
                    "name": SAMPLES,
                    "contentUrl": SAMPLES,
                    "contentSize": f"{len(content)} B",
                    "encodingFormat": "text/csv",
                    "sha256": sha256(content).hexdigest(),
                },
                {
                    "@type": "cr:FileSet",
                    "@id": "nifti",
                    "name": "nifti",
                    "description": "Images and labels in RAS+ mm",
                    "encodingFormat": "application/gzip",
                    "includes": "*.nii.gz",
                },
            ],
            "recordSet": [
                {
                    "@type": "cr:RecordSet",
                    "@id": "samples",
                    "name": "samples",
                    "key": {"@id": "samples/index"},
                    "field": fields,
                }
            ],
        }
