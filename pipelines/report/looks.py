"""Looks at the volumes of some samples: those chosen are measured, a few pictured, fewer still put in the viewer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image as Picture

from pipelines.report.dice import Die
from pipelines.report.viewer import Viewed, viewed
from pipelines.report.volumes import Measured, lattice_of, measure, stored_bytes
from pipelines.sheet import contact_row
from simdata.dataset import Dataset
from simdata.grid import Grid
from simdata.layout import LABELS
from simdata.sample import Sample

MEASURED, PICTURED, VIEWED = 48, 6, 3
"""Samples at most, spread evenly over the dataset."""


@dataclass
class Looks:
    """What was seen so far, one sample at a time; no volume is kept. lattice: that of the
    first sample. pictures: title to the row of a contact sheet."""

    measured: list[Measured] = field(default_factory=list)
    pictures: dict[str, Picture.Image] = field(default_factory=dict)
    viewed: list[Viewed] = field(default_factory=list)
    lattice: Grid | None = None


def looks_at(dataset: Dataset, dice: Sequence[Die], into: Looks) -> Mapping[int, Callable[[], None]]:
    """Position to the look that is to be had there; a sample that cannot be read leaves its place to the next."""
    places = spread(len(dataset), MEASURED)
    pictured, in_viewer = ({places[i] for i in spread(len(places), most)} for most in (PICTURED, VIEWED))

    def look(position: int) -> None:
        index = dataset.receipts[position].index
        sample = replace(dataset[position], index=index)
        into.lattice = into.lattice or lattice_of(sample.scene.grid)
        stored = stored_bytes(dataset.stored(position, LABELS).parent)
        measured = measure(sample, into.lattice, stored)
        if len(into.pictures) < sum(place <= position for place in pictured):
            into.pictures[title(sample, dice)] = contact_row(sample)
        if len(into.viewed) < sum(place <= position for place in in_viewer):
            into.viewed.append(viewed(sample, title(sample, ()), min(VIEWED, len(places))))
        into.measured.append(measured)

    return {place: lambda place=place: look(place) for place in places}


def spread(count: int, most: int) -> list[int]:
    """At most so many of `count` positions, evenly spread, first and last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most)).tolist()})


def title(sample: Sample, dice: Sequence[Die]) -> str:
    """What one sees: who it is, what was found, what the dice gave."""
    subject = sample.scene.subject
    known = [
        subject.sex if subject and subject.sex else None,
        f"{subject.age_y:.0f} years" if subject and subject.age_y is not None else None,
        f"{subject.height_cm:.0f} cm" if subject and subject.height_cm is not None else None,
        f"{subject.weight_kg:.0f} kg" if subject and subject.weight_kg is not None else None,
    ]
    fell = [(die.name, die.fell(sample.recipe)) for die in dice if "subject" not in die.path]
    drawn = [f"{name.replace('_', ' ')} {_short(value)}" for name, value in fell if value is not None]
    findings = [finding.text for finding in sample.scene.findings]
    groups = [f"sample {sample.index}", ", ".join(filter(None, known)), ", ".join(findings), ", ".join(drawn)]
    return " · ".join(filter(None, groups))


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
