"""Everything that is measured of one patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.realism.atlas import Atlas
from pipelines.realism.comparison import Comparison, bands, distance_by_band, image_figures
from pipelines.realism.contacts import contact_figures
from pipelines.realism.figures import Figure
from pipelines.realism.grey import Likeness
from pipelines.realism.levels import level_figures
from pipelines.realism.organs import organ_figures
from pipelines.realism.partition import partition_figures
from pipelines.realism.scans import Scan
from pipelines.realism.spine import spine_figures
from pipelines.realism.vertebrae import Ladder, vertebral_bodies
from simdata.errors import DatasetError
from simdata.sample import Sample

GROUPS = {
    "organs": "Organ volumes: z-scores of the logarithm",
    "partition": "Partition",
    "contacts": "Neighbours: areas of contact, and gaps",
    "levels": "Levels of organs, in vertebrae from C1 = 0",
    "spine": "Spine",
    "image": "Grey values",
}
"""What is measured, in the order of the report."""


@dataclass(frozen=True, eq=False)
class Patient:
    """figures: group to its figures. alike: real scan to how the image compares with it.

    shares, origins: real scan to the bands of the histogram at the common levels, and what each adds to the distance.
    """

    index: int
    subject: Any
    figures: dict[str, list[Figure]]
    alike: dict[str, Likeness]
    shares: dict[str, dict[str, float]]
    origins: dict[str, dict[str, float]]


def ct_image(sample: Sample) -> str:
    """The name of the sample's first CT image. Raises DatasetError if it has none."""
    for name, image in sample.images.items():
        if image.unit == "HU" and image.array.ndim == 3:
            return name
    found = ", ".join(f"{name} ({image.unit})" for name, image in sample.images.items()) or "no image"
    raise DatasetError(f"sample {sample.index}: found {found}; an image in HU, made by render.ct.CT, would do")


def examine(sample: Sample, against: Sequence[Comparison]) -> tuple[Patient, Scan]:
    """The figures of a sample, and its CT as a scan."""
    scene, subject = sample.scene, sample.scene.subject
    scan = Scan.of(f"sample {sample.index}", sample.images[ct_image(sample)]).checked().trimmed()
    atlas = Atlas.of(scene)
    bodies = vertebral_bodies(atlas)
    breath = float(sample.recipe["phantom"].get("breath", 0.0))
    figures = {
        "organs": organ_figures(atlas, subject, breath) if subject else [],
        "partition": partition_figures(atlas, subject),
        "contacts": contact_figures(atlas, subject),
        "levels": level_figures(atlas, Ladder(bodies)),
        "spine": spine_figures(bodies, subject, float(atlas.spacing_mm.mean())) if subject else [],
        "image": image_figures(scan),
    }
    alike, shares, origins = {}, {}, {}
    for comparison in against:
        figure, found = comparison.figure(scan)
        figures["image"].append(figure)
        alike[comparison.real.name] = found
        here, there = scan.slices(*found.other), comparison.real.slices(*found.one)
        shares[comparison.real.name] = bands(here)
        origins[comparison.real.name] = distance_by_band(here, there)
    return Patient(sample.index, subject, figures, alike, shares, origins), scan
