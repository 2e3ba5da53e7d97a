"""Validation: every file, checksum, affine, unit and label id of a dataset; what is wrong, and where."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pipelines.durable import sha256_of
from pipelines.folder import (
    CHECKSUMS,
    FAILED,
    LABELS,
    MASTER,
    RECIPE,
    checksum_lines,
    files_of,
    listed_checksums,
    stored_tree,
)
from simdata.errors import DatasetError, SceneError
from simdata.grid import Grid
from simdata.hdf5 import group_name, read_layout, sample_group
from simdata.layout import FIELDS, IMAGES, SEEN, SHADOWS, TISSUE, checksum
from simdata.layout import LABELS as LABEL_ARRAY
from simdata.manifest import MANIFEST, Receipt, read_manifest
from simdata.scene import present_ids

REMAKE = "'simdata repair' makes it again"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. where: the file, and the sample in it. what: what was found and what would do."""

    where: str
    what: str


def validate(folder: Path, progress: Callable[[int, int], None] = lambda done, wanted: None) -> list[Problem]:
    """Everything that is wrong with the dataset in `folder`; nothing if it is sound and complete.

    Raises DatasetError if the folder is no dataset at all.
    """
    if not any((folder / name).is_file() for name in (MANIFEST, RECIPE)):
        raise DatasetError(
            f"{folder}: found neither {MANIFEST} nor {RECIPE}; a folder made by 'simdata generate' would do"
        )
    problems: list[Problem] = []
    receipts, count = {}, 0
    try:
        receipts = read_manifest(folder)
        count = stored_tree(folder)["count"]
    except DatasetError as reason:
        problems.append(Problem(str(folder), str(reason)))
    problems += [*_missing_samples(folder, receipts, count), *_files(folder, receipts)]
    broken = {problem.where for problem in problems}
    known = _known_ids(folder)
    for done, receipt in enumerate(receipts.values(), 1):
        progress(done, len(receipts))
        if receipt.shard not in broken:
            problems += _sample(folder, receipt, known)
    if not (folder / MASTER).is_file():
        problems += [] if MASTER in broken else [Problem(MASTER, f"missing; {REMAKE}")]
    elif MASTER not in broken:
        problems += _master(folder, receipts)
    return problems


def _missing_samples(folder: Path, receipts: Mapping[int, Receipt], count: int) -> Iterator[Problem]:
    missing = [index for index in range(count) if index not in receipts]
    failed = len(list((folder / FAILED).glob("*.json")))
    if missing:
        why = f"{failed} failed, see {FAILED}/" if failed else "the run did not finish"
        found = f"{len(missing)} of {count} samples are missing, first {missing[0]}"
        yield Problem(MANIFEST, f"{found}; {why}; {REMAKE}")


def _files(folder: Path, receipts: Mapping[int, Receipt]) -> Iterator[Problem]:
    listed = listed_checksums(folder)
    if not (folder / CHECKSUMS).is_file():
        yield Problem(CHECKSUMS, "missing: the run did not finish; the same 'simdata generate' command goes on")
    elif (folder / CHECKSUMS).read_bytes() != checksum_lines(listed).encode():
        yield Problem(CHECKSUMS, f"has changed since it was written; {REMAKE}")
    expected = {receipt.shard: receipt.shard_sha256 for receipt in receipts.values()} | listed
    present = set(files_of(folder))
    for name, sha256 in sorted(expected.items()):
        if name not in present:
            yield Problem(name, f"missing; {REMAKE}")
        elif sha256_of(folder / name) != sha256:
            yield Problem(name, f"its bytes have changed since it was written; {REMAKE}")
    if (folder / CHECKSUMS).is_file():
        foreign = sorted(present - set(expected))
        yield from (Problem(name, f"a foreign file: not in {CHECKSUMS}") for name in foreign)


def _known_ids(folder: Path) -> set[int]:
    try:
        return {int(entry["id"]) for entry in json.loads((folder / LABELS).read_bytes())}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _sample(folder: Path, receipt: Receipt, known: set[int]) -> Iterator[Problem]:
    where = f"{receipt.shard}, sample {receipt.index}"
    try:
        with h5py.File(folder / receipt.shard, "r") as file:
            group = sample_group(file, receipt.group)
            arrays, truth = read_layout(group)
            affines = {name: node.attrs.get("affine") for name, node in _datasets(group).items()}
    except Exception as reason:
        yield Problem(where, f"cannot be read: {reason}; {REMAKE}")
        return
    if checksum(arrays, truth) != receipt.sha256:
        yield Problem(where, f"arrays and truth do not match the manifest's sha256; {REMAKE}")
    yield from (Problem(where, what) for what in _contents(arrays, truth, affines, known))


def _contents(
    arrays: Mapping[str, np.ndarray], truth: Mapping[str, Any], affines: Mapping[str, Any], known: set[int]
) -> Iterator[str]:
    wanted = {LABEL_ARRAY, TISSUE, *(f"{IMAGES}/{name}" for name in truth["images"])}
    if missing := wanted - set(arrays):
        yield f"{', '.join(sorted(missing))} missing; {REMAKE}"
        return
    here = {int(entry["id"]) for entry in truth["structures"]}
    if unknown := set(present_ids(arrays[LABEL_ARRAY])) - here - known - {0}:
        yield f"label ids {sorted(unknown)[:8]} are in neither labels.json nor the sample's own structures"
    for name, about in truth["images"].items():
        if not isinstance(about["unit"], str) or not about["unit"].strip():
            yield f"image {name} has unit {about['unit']!r}; a word such as HU or a.u. would do"
        shadows = f"{SEEN}/{name}/{SHADOWS}/"
        shown = (array for path, array in arrays.items() if path == f"{IMAGES}/{name}" or path.startswith(shadows))
        if not all(np.isfinite(array).all() for array in shown):
            yield f"image {name}, or a shadow in it, holds values that are not finite"
    expected = {f"{IMAGES}/{name}": about["affine"] for name, about in truth["images"].items()}
    spatial = (path for path in arrays if path in (LABEL_ARRAY, TISSUE) or path.startswith(f"{FIELDS}/"))
    expected |= dict.fromkeys(spatial, truth["affine"])
    own = {f"{SEEN}/{name}/{LABEL_ARRAY}": about["affine"] for name, about in truth["images"].items()}
    expected |= {path: affine for path, affine in own.items() if path in arrays}
    for path, affine in expected.items():
        yield from _affine(path, arrays[path], affine, affines.get(path))


def _affine(path: str, array: np.ndarray, truth: Any, attribute: Any) -> Iterator[str]:
    x, y, z = array.shape[-3:]
    try:
        Grid((x, y, z), np.array(truth))
    except SceneError as reason:
        yield f"{path}: {reason}"
    if attribute is None:
        yield f"{path} has no affine"
    elif not np.array_equal(attribute, np.array(truth)):
        yield f"{path} carries another affine than the sample's truth"


def _datasets(group: h5py.Group) -> dict[str, h5py.Dataset]:
    found: dict[str, h5py.Dataset] = {}
    group.visititems(lambda path, node: found.update({path: node}) if isinstance(node, h5py.Dataset) else None)
    return found


def _master(folder: Path, receipts: Mapping[int, Receipt]) -> Iterator[Problem]:
    try:
        with h5py.File(folder / MASTER, "r") as file:
            linked = {name: file.get(name, getlink=True) for name in file}
    except OSError as reason:
        yield Problem(MASTER, f"cannot be read: {reason}; {REMAKE}")
        return
    expected = {group_name(receipt.index): receipt.shard for receipt in receipts.values()}
    if {name: getattr(link, "filename", None) for name, link in linked.items()} != expected:
        yield Problem(MASTER, f"does not link to the samples of the manifest; {REMAKE}")
