"""The truth of every sample, read one at a time and kept as columns: what was drawn, what occurs, what it took."""

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from sys import intern
from typing import Any

from pipelines.report.dice import Die
from simdata.dataset import Dataset
from simdata.errors import DatasetError
from simdata.layout import canonical_json
from simdata.manifest import Receipt
from simdata.structures import FIRST_FINDING_ID


@dataclass(frozen=True)
class Unread:
    """A sample that could not be read, and why."""

    index: int
    why: str


@dataclass
class Column:
    """Numbers or words that samples have, with the index of each sample that has one."""

    indices: array = field(default_factory=lambda: array("q"))
    numbers: array = field(default_factory=lambda: array("d"))
    words: list[str] = field(default_factory=list)

    def add(self, index: int, value: float | str) -> None:
        """One more sample."""
        self.indices.append(index)
        if isinstance(value, str):
            self.words.append(intern(value))
        else:
            self.numbers.append(value)


@dataclass
class Truths:
    """What is known of all samples; some hundred numbers of each are kept, and no array.

    receipts and bytes on the disk: of each sample that can be read; unread: the others. drawn: by the name of a die.
    people, latents: by the name of what the phantom drew itself. structures: how many samples have each. findings: how
    many there are of each kind and place, and their longest extents. alike: first index to the indices of that patient.
    """

    receipts: list[Receipt] = field(default_factory=list)
    drawn: dict[str, Column] = field(default_factory=dict)
    people: dict[str, Column] = field(default_factory=dict)
    latents: dict[str, Column] = field(default_factory=dict)
    structures: Counter[str] = field(default_factory=Counter)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    extents_mm: Column = field(default_factory=Column)
    sources: Counter[str] = field(default_factory=Counter)
    units: dict[str, str] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    alike: dict[int, list[int]] = field(default_factory=dict)
    bytes: list[float] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def read_truths(
    dataset: Dataset, dice: Sequence[Die], look: Mapping[int, Callable[[], None]], told: Callable[[int, int], None]
) -> Truths:
    """Reads every sample's truth, and at the positions in `look` calls what is there.

    A sample that cannot be read is listed, and the rest goes on; its shard's bytes are checked before it is opened.
    """
    truths, patients, shard = Truths(), dict[bytes, int](), ""
    together = Counter(receipt.shard for receipt in dataset.receipts)
    for position, receipt in enumerate(dataset.receipts):
        if receipt.shard != shard:
            dataset.close()  # an open file keeps what was read of it
            shard = receipt.shard
        try:
            truth = dataset.truth(position)
            look.get(position, _nothing)()
            size = (Path(dataset.path) / receipt.shard).stat().st_size
        except (DatasetError, OSError) as reason:
            truths.unread.append(Unread(receipt.index, str(reason)))
        else:
            truths.receipts.append(receipt)
            truths.bytes.append(size / together[receipt.shard])
            _take(truths, receipt.index, truth, dice)
            if key := _patient(truth):
                truths.alike.setdefault(patients.setdefault(key, receipt.index), []).append(receipt.index)
        told(position + 1, len(dataset.receipts))
    return truths


def _nothing() -> None:
    """What is done at most positions."""


def _take(truths: Truths, index: int, truth: Mapping[str, Any], dice: Sequence[Die]) -> None:
    for die in dice:
        _add(truths.drawn, die.name, index, die.fell(truth["recipe"]))
    for name, value in (truth["subject"] or {}).items():
        _add(truths.people, name, index, value)
    for name, value in truth["latents"].items():
        _add(truths.latents, name, index, value)
    truths.structures.update(entry["name"] for entry in truth["structures"] if entry["id"] < FIRST_FINDING_ID)
    truths.findings.update((finding["kind"], finding["structure"]) for finding in truth["findings"])
    for finding in truth["findings"]:
        truths.extents_mm.add(index, max(finding["extent_mm"]))
    if truth["source"]:
        truths.sources[canonical_json(truth["source"])] += 1
    for name, about in truth["images"].items():
        truths.units[name] = about["unit"]
        truths.notes.update(f"{name}: {note}" for note in about.get("notes", ()))


def _add(columns: dict[str, Column], name: str, index: int, value: Any) -> None:
    if isinstance(value, (int, float, str)):
        columns.setdefault(name, Column()).add(index, value)


def _patient(truth: Mapping[str, Any]) -> bytes:
    """A hash of all that the truth says of a patient; empty where it says nothing."""
    known = {key: truth[key] for key in ("subject", "latents", "findings", "source")}
    return sha256(canonical_json(known).encode()).digest() if any(known.values()) else b""
