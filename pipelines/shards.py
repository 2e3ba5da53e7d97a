"""HDF5 shards: small files of whole samples, written once and never opened again for writing."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py

from pipelines.durable import sha256_of, write_whole
from simdata.hdf5 import read_sample, write_sample
from simdata.manifest import SHARDS, Receipt
from simdata.sample import Sample


def write_shard(folder: Path, samples: Iterable[Sample]) -> list[Receipt]:
    """Writes samples, taken one at a time, as one file of the dataset in `folder`; no samples, no file.

    Raises DatasetError if the disk refuses; then nothing is left behind.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for sample in samples:
            write_sample(file, sample)
        notes = [dict(group.attrs) for group in file.values()]
    if not notes:
        return []
    name = shard_name(int(notes[0]["index"]), int(notes[-1]["index"]))
    shard_sha256 = write_whole(folder / name, memory.getvalue())
    return [_receipt(note, name, shard_sha256) for note in notes]


def adopt_shard(folder: Path, name: str) -> list[Receipt]:
    """The receipts of a shard that the manifest does not know, because a crash came between file and journal.

    None if the file is no whole shard.
    """
    try:
        with h5py.File(folder / name, "r") as file:
            whole = all(read_sample(group) for group in file.values())
    except Exception:
        return []
    return receipts_of(folder, name, sha256_of(folder / name)) if whole else []


def receipts_of(folder: Path, name: str, shard_sha256: str) -> list[Receipt]:
    """What a shard, whose bytes have this sha256, says of its own samples; nothing if it cannot be read."""
    try:
        with h5py.File(folder / name, "r") as file:
            return [_receipt(dict(group.attrs), name, shard_sha256) for group in file.values()]
    except Exception:
        return []


def shard_name(first: int, last: int) -> str:
    """The file of samples `first` to `last`, relative to the dataset."""
    return f"{SHARDS}/{first:09d}.h5" if first == last else f"{SHARDS}/{first:09d}-{last:09d}.h5"


def _receipt(note: dict[str, Any], name: str, shard_sha256: str) -> Receipt:
    stages = json.loads(note["seconds"])
    return Receipt(
        index=int(note["index"]),
        seed=int(note["seed"]),
        shard=name,
        seconds=round(sum(stages.values()), 6),
        sha256=str(note["sha256"]),
        shard_sha256=shard_sha256,
        stages={stage: round(seconds, 6) for stage, seconds in stages.items()},
    )
