"""What is known of each sample of a dataset without its arrays: who the patient is, what was drawn, what was found."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import uuid4

import h5py

from simdata.errors import DatasetError
from simdata.hdf5 import read_truth, sample_group
from simdata.manifest import Receipt
from simdata.store import REMAKE, Store, cache_folder, key_of
from simdata.structures import structures

LESION = "lesion"
SUBJECT = {"sex": "sex", "age": "age_y", "height": "height_cm", "weight": "weight_kg"}
"""Short names of what a request form says; the long ones are known too."""
WRITTEN = 1
"""The form of a cached file; another number where facts gain or change a meaning."""


@dataclass(frozen=True)
class Facts:
    """One sample. values: dotted name to number, text or truth value. findings: how many, by kind; "lesion": of any.
    structures: names of those present. patient: the same text for samples of one patient. version: of simdata."""

    values: Mapping[str, Any]
    findings: Mapping[str, int]
    structures: frozenset[str]
    patient: str
    version: str


class Known:
    """The facts of a dataset by index, read when first asked for, and the names that may be asked for.

    Reading opens every shard but reads no array. What was read is kept in the cache folder, under the sha256 of all
    samples, so that a dataset is read through once.
    """

    def __init__(self, store: Store, receipts: Sequence[Receipt]) -> None:
        self._store, self._receipts = store, receipts

    @cached_property
    def by_index(self) -> Mapping[int, Facts]:
        """Index of a sample to its facts. Raises DatasetError if a shard cannot be read."""
        name = key_of("".join(f"{WRITTEN} {r.index} {r.sha256}\n" for r in self._receipts).encode())
        kept = cache_folder() / "facts" / f"{name}.json.gz"
        with suppress(OSError, ValueError, TypeError, KeyError, EOFError):
            return _unpacked(json.loads(gzip.decompress(kept.read_bytes())))
        found = dict(_read(self._store, self._receipts))
        with suppress(OSError):  # a machine without room for a cache reads again
            kept.parent.mkdir(parents=True, exist_ok=True)
            arriving = kept.with_name(f"{uuid4().hex}.part")
            arriving.write_bytes(gzip.compress(json.dumps(_packed(found)).encode(), 1))
            arriving.replace(kept)
        return found

    @cached_property
    def kinds(self) -> frozenset[str]:
        """Every kind of finding."""
        return frozenset({LESION}.union(*(facts.findings for facts in self.by_index.values())))

    @cached_property
    def structures(self) -> frozenset[str]:
        """Every structure of ours, and every other that any sample has."""
        ours = (_word(structure.name) for structure in structures().values())
        return frozenset(ours).union(*(facts.structures for facts in self.by_index.values()))

    @cached_property
    def values(self) -> frozenset[str]:
        """Every dotted name of a value."""
        return frozenset().union(*(facts.values for facts in self.by_index.values()))


def facts_of(truth: Mapping[str, Any], version: str) -> Facts:
    """The facts in the truth of one sample.

    values: index, seed; sex, age (age_y), height (height_cm), weight (weight_kg), bmi; for "lesion" and every kind of
    finding, KIND.extent_mm and KIND.volume_mm3 of the largest; every drawn parameter by its dotted path, as
    scan.ct.kvp or phantom.voxel_mm, where a hyphen in a name becomes an underscore.
    """
    findings = truth["findings"]
    counts = Counter(_word(finding["kind"]) for finding in findings)
    values = {"index": truth["index"], "seed": truth["seed"], **_subject(truth["subject"])}
    for kind in (LESION, *counts):
        sized = [finding for finding in findings if kind in (LESION, _word(finding["kind"]))]
        if sized:
            values[f"{kind}.extent_mm"] = max(max(finding["extent_mm"]) for finding in sized)
            values[f"{kind}.volume_mm3"] = max(finding["volume_mm3"] for finding in sized)
    values |= dict(_drawn(truth["recipe"], ""))
    structures = frozenset(_word(entry["name"]) for entry in truth["structures"])
    source = truth["source"].get("sha256")
    patient = source or f"{truth['seed']}:{truth['index']}"
    return Facts(values, {LESION: len(findings), **counts}, structures, patient, version)


def _subject(subject: Mapping[str, Any] | None) -> dict[str, Any]:
    if subject is None:
        return {}
    short = {name: subject[long] for name, long in SUBJECT.items()}
    return {**subject, **short, "bmi": subject["weight_kg"] / (subject["height_cm"] / 100) ** 2}


def _drawn(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every plain value of a drawn recipe by its dotted path; a part in a list goes by its name or class."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _drawn(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for number, item in enumerate(tree):
            named = isinstance(item, Mapping) and "kind" in item
            yield from _drawn(item, f"{path}.{_label(item)}" if named else f"{path}[{number}]")
    elif tree not in (None, ""):
        yield _word(path), tree


def _word(name: str) -> str:
    return name.replace("-", "_")


def _label(part: Mapping[str, Any]) -> str:
    return part.get("name") or part["kind"].rpartition(".")[2].lower()


def facts_in(group: h5py.Group) -> Facts:
    """The facts of a stored sample, whose arrays stay unread. Raises DatasetError if it is damaged."""
    try:
        version = json.loads(str(group.attrs["versions"])).get("simdata", "")
        return facts_of(read_truth(group), version)
    except DatasetError:
        raise
    except Exception as reason:
        where = f"{group.file.filename}: sample {group.name}"
        raise DatasetError(f"{where}: what is true of it cannot be read: {reason!r}; {REMAKE}") from reason


def _read(store: Store, receipts: Sequence[Receipt]) -> Iterator[tuple[int, Facts]]:
    shards: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        shards.setdefault(receipt.shard, []).append(receipt)
    for name, held in shards.items():
        with store.glance(name) as opened, _file(name, opened) as file:
            for receipt in held:
                yield receipt.index, facts_in(sample_group(file, receipt.group))


def _file(name: str, opened: Any) -> h5py.File:
    try:
        return h5py.File(opened, "r")
    except OSError as reason:
        raise DatasetError(f"{name}: {reason.strerror or reason}; {REMAKE}") from reason


def _packed(facts: Mapping[int, Facts]) -> list[Any]:
    return [[i, f.values, f.findings, sorted(f.structures), f.patient, f.version] for i, f in facts.items()]


def _unpacked(rows: list[Any]) -> dict[int, Facts]:
    """The cached facts; samples that have the same structures share one set of names."""
    shared: dict[frozenset[str], frozenset[str]] = {}
    return {
        index: Facts(values, findings, shared.setdefault(names := frozenset(structures), names), patient, version)
        for index, values, findings, structures, patient, version in rows
    }
