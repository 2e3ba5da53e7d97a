"""Merging: several datasets as one, every shard as it is, every sample under an index of its own."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.card import LICENCE
from pipelines.durable import NO_LINKS, disk_refused, write_whole
from pipelines.folder import (
    CARD,
    LABELS,
    RECIPE,
    stored_tree,
    write_checksums,
    write_manifest,
    write_master,
    write_sheet,
)
from pipelines.plain import dump_yaml
from pipelines.shards import shard_name
from simdata.dataset import Dataset
from simdata.errors import DatasetError
from simdata.manifest import SHARDS, Receipt
from simdata.store import Folder

MERGED = "merged"
ANOTHER_DISK = (*NO_LINKS, errno.EXDEV)
CARD_TEXT = """\
# A synthetic dataset made by simdata, merged of {folders} datasets

{count} samples. `recipe.yaml` holds the recipes of all parts under `merged`; a line of `manifest.jsonl` has a sample's
index here, its own seed, and as `stored_index` what its shard calls it, where that is another number.

## Licence
{licence}
"""


def merge(
    folders: Sequence[Path], out: Path, progress: Callable[[int, int], None] = lambda done, wanted: None
) -> tuple[Receipt, ...]:
    """Makes the new dataset `out` of all samples of `folders`, in their order; shards are hard links where they can be.

    Every shard's bytes are checked. Raises DatasetError if `out` holds files, labels or the version of simdata
    differ, or a sample is there twice; then nothing is left behind.
    """
    datasets = [Dataset(folder) for folder in folders]
    _check_alike(folders, datasets)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f"{out}: holds files already; a new or empty folder would do")
    rising = out.with_name(f"{out.name}.merging")
    try:
        shutil.rmtree(rising, ignore_errors=True)
        (rising / SHARDS).mkdir(parents=True)
        receipts = tuple(_moved(datasets, rising, progress))
        _close(folders, rising, receipts)
        if out.exists():
            out.rmdir()
        rising.replace(out)
    except OSError as reason:
        raise DatasetError(disk_refused(out, reason)) from reason
    finally:
        shutil.rmtree(rising, ignore_errors=True)
    return receipts


def _check_alike(folders: Sequence[Path], datasets: Sequence[Dataset]) -> None:
    first, seen, wanted = folders[0], {}, None
    labels = [_labels(folder) for folder in folders]
    for folder, dataset, here in zip(folders, datasets, labels, strict=True):
        if here != labels[0]:
            raise DatasetError(f"{folder}: its {LABELS} differs from that of {first}; datasets of one table would do")
        for position, receipt in enumerate(dataset.receipts):
            version = dataset.facts(position).version
            wanted = wanted or version
            if version != wanted:
                raise DatasetError(
                    f"{folder}: sample {receipt.index} was made by simdata {version}, others by {wanted}; "
                    "datasets of one version would do"
                )
            if receipt.sha256 in seen:
                raise DatasetError(
                    f"{folder}: sample {receipt.index} is there already, as {seen[receipt.sha256]}; "
                    "datasets of other seeds would do"
                )
            seen[receipt.sha256] = f"sample {receipt.index} of {folder}"


def _labels(folder: Path) -> bytes:
    content = Folder(folder).read(LABELS)
    if content is None:
        raise DatasetError(f"{folder}: no {LABELS} found; a folder made by 'simdata generate' would do")
    return content


def _moved(datasets: Sequence[Dataset], out: Path, progress: Callable[[int, int], None]) -> Iterator[Receipt]:
    """The receipts of all samples with their new indices, after each shard has its new place."""
    wanted, next_index = sum(len(dataset) for dataset in datasets), 0
    for dataset in datasets:
        shards: dict[str, list[Receipt]] = {}
        for receipt in dataset.receipts:
            shards.setdefault(receipt.shard, []).append(receipt)
        for name, held in shards.items():
            new = shard_name(range(next_index, next_index + len(held)))
            _link(Folder(Path(dataset.path)).file(name, held[0].shard_sha256), out / new)
            for index, receipt in enumerate(held, next_index):
                stored = None if receipt.group == index else receipt.group
                yield replace(receipt, index=index, shard=new, stored_index=stored)
            next_index += len(held)
            progress(next_index, wanted)


def _link(shard: Path, there: Path) -> None:
    try:
        os.link(shard, there)
    except OSError as reason:
        if reason.errno not in ANOTHER_DISK:
            raise
        write_whole(there, shard.read_bytes())


def _close(folders: Sequence[Path], out: Path, receipts: Sequence[Receipt]) -> None:
    write_whole(out / LABELS, _labels(folders[0]))
    trees = [tree for folder in folders for tree in _trees(stored_tree(folder))]
    write_whole(out / RECIPE, dump_yaml({"count": len(receipts), MERGED: trees}).encode())
    write_manifest(out, receipts)
    write_master(out, receipts)
    if receipts:
        write_sheet(out)
    text = CARD_TEXT.format(folders=len(trees), count=len(receipts), licence=LICENCE)
    write_whole(out / CARD, text.encode())
    write_checksums(out, receipts)


def _trees(tree: dict[str, Any]) -> list[Any]:
    return tree.get(MERGED, [tree])
