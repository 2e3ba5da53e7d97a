"""Labels as a DICOM segmentation: one multi-frame object per volume, a segment per structure with its SNOMED code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt16
from numpy import ndarray

from pipelines.sinks.classes import relabel
from pipelines.sinks.dicom_volume import to_lps
from pipelines.sinks.dicom_words import DAY, NOON, Identity
from pipelines.sinks.volumes import labels_on
from simdata.sample import Sample
from simdata.scene import present_ids
from simdata.structures import FIRST_FINDING_ID, Structure, structures

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

SIDES = {"left": ("7771000", "Left"), "right": ("24028007", "Right")}
ANATOMY, ABNORMAL = ("123037004", "Anatomical Structure"), ("49755003", "Morphologically Abnormal Structure")
"""DICOM PS3.16, CID 7150."""
UNNAMED = Structure(0, "", 0, "", "", "404684003", "Clinical finding", (255, 210, 0))


def segmentation(
    identity: Identity, sample: Sample, name: str, sources: Sequence["FileDataset"], labels: Sequence[str]
) -> "FileDataset | None":
    """The segmentation of image `name`, whose slices are `sources`; None if nothing is labelled in it."""
    from highdicom.seg import Segmentation

    image = sample.images[name]
    numbered, segments = _segments(relabel(labels_on(sample, image), sample.scene, labels), sample, labels)
    if not segments:
        return None
    made: Any = Segmentation(
        source_images=sources,
        pixel_array=np.ascontiguousarray(to_lps(numbered, image).transpose(2, 1, 0)),
        segmentation_type="BINARY",
        segment_descriptions=[_description(identity, n, what, one) for n, (what, one) in enumerate(segments, 1)],
        series_instance_uid=identity.uid("segmentation", name),
        series_number=100 + sources[0].SeriesNumber,
        sop_instance_uid=identity.uid("segmentation", name, 1),
        instance_number=1,
        manufacturer="simdata",
        manufacturer_model_name="simdata",
        software_versions=str(sample.versions.get("simdata", "")) or "simdata",
        device_serial_number="simdata",
        content_label="SIMDATA",
        content_description="The anatomy that the image was computed from",
        content_creator_name="Simdata^",
    )
    _timeless(made, identity, name)
    made.SeriesDescription, made.SyntheticData = f"{name} structures", "YES"
    return made


def _segments(
    labels: UInt16[ndarray, "x y z"], sample: Sample, names: Sequence[str]
) -> tuple[UInt16[ndarray, "x y z"], list[tuple[str, Structure]]]:
    """The labels numbered without a gap, and what each number is."""
    ids = [id for id in present_ids(labels) if id]
    lookup = np.zeros(1 << 16, np.uint16)
    lookup[ids] = np.arange(1, len(ids) + 1)
    table = sample.scene.structures
    if not names:
        return lookup[labels], [(table[id].name, table[id]) for id in ids]
    known = {one.name: one for one in structures().values()}
    kinds = {finding.kind: table[finding.label] for finding in sample.scene.findings if finding.label in table}
    chosen = [names[id - 1] for id in ids]
    return lookup[labels], [(name, known.get(name) or kinds.get(name) or UNNAMED) for name in chosen]


def _description(identity: Identity, number: int, name: str, one: Structure) -> Any:
    from highdicom.color import CIELabColor
    from highdicom.content import AlgorithmIdentificationSequence
    from highdicom.seg import SegmentDescription
    from highdicom.sr.coding import CodedConcept

    finding = one.id >= FIRST_FINDING_ID or one is UNNAMED
    made: Any = SegmentDescription(
        segment_number=number,
        segment_label=name[:64],
        segmented_property_category=_concept(*(ABNORMAL if finding else ANATOMY)),
        segmented_property_type=CodedConcept(one.snomed or UNNAMED.snomed, "SCT", (one.meaning or name)[:64]),
        algorithm_type="AUTOMATIC",
        algorithm_identification=AlgorithmIdentificationSequence(
            name="simdata", family=_concept("123109", "Manual Processing", "DCM"), version="1"
        ),
        tracking_uid=identity.uid("segment", name),
        tracking_id=name[:64],
        display_color=CIELabColor.from_rgb(*one.colour),
    )
    if one.laterality in SIDES:
        made.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence = [
            _concept(*SIDES[one.laterality])
        ]
    return made


def _concept(value: str, meaning: str, scheme: str = "SCT") -> Any:
    from highdicom.sr.coding import CodedConcept

    return CodedConcept(value, scheme, meaning)


def _timeless(made: Any, identity: Identity, name: str) -> None:
    """In place of the clock's times and random identifiers, those that are the same each time."""
    for keyword in ("ContentDate", "InstanceCreationDate", "SeriesDate"):
        if keyword in made:
            setattr(made, keyword, DAY)
    for keyword in ("ContentTime", "InstanceCreationTime", "SeriesTime"):
        if keyword in made:
            setattr(made, keyword, NOON)
    dimensions = identity.uid("segmentation", name, "dimensions")
    made.DimensionOrganizationSequence[0].DimensionOrganizationUID = dimensions
    for index in made.DimensionIndexSequence:
        index.DimensionOrganizationUID = dimensions
    for equipment in made.get("ContributingEquipmentSequence", ()):
        for keyword in ("ContributionDateTime",):
            if keyword in equipment:
                setattr(equipment, keyword, DAY + NOON)
