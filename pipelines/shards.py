"""HDF5 shards: small files of whole samples, written once and never opened again for writing."""

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py

from pipelines.durable import sha256_of, write_once
from simdata.errors import DatasetError
from simdata.hdf5 import read_sample, write_sample
from simdata.manifest import SHARDS, Receipt
from simdata.sample import Sample


def write_shard(folder: Path, desk: Path, samples: Iterable[Sample]) -> list[Receipt]:
    """Writes samples, taken one at a time, as one file of the dataset in `folder`; no samples, no file.

    desk: the folder in it for what is not whole yet. Where another worker wrote the same samples first, its file stays
    and its receipts are returned. Raises DatasetError if the disk refuses; then nothing is left behind.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        written = [(sample.index, sample.seed, sample.seconds, write_sample(file, sample)) for sample in samples]
    if not written:
        return []
    indices = [index for index, *_ in written]
    name = shard_name(indices)
    shard_sha256 = write_once(folder / name, memory.getbuffer(), desk)
    if shard_sha256:
        return [_receipt(*sample, name, shard_sha256) for sample in written]
    twins = written_by_another(folder, indices)
    if not twins:
        raise DatasetError(f"{folder / name}: found a file of other samples; another --out, or removing it, would do")
    return twins


def written_by_another(folder: Path, indices: Sequence[int]) -> list[Receipt]:
    """The receipts of the shard of just these samples, if there is one already and it is whole."""
    name = shard_name(indices)
    found = adopt_shard(folder, name) if (folder / name).exists() else []
    return found if [receipt.index for receipt in found] == list(indices) else []


def adopt_shard(folder: Path, name: str, fits: Callable[[Sample], bool] = lambda sample: True) -> list[Receipt]:
    """The receipts of a shard that the journal does not know, because a crash or another worker came between.

    None if the file is no whole shard, or a sample in it does not fit.
    """
    try:
        with h5py.File(folder / name, "r") as file:
            whole = all(fits(read_sample(group)) for group in file.values())
    except Exception:
        return []
    return receipts_of(folder, name, sha256_of(folder / name)) if whole else []


def receipts_of(folder: Path, name: str, shard_sha256: str) -> list[Receipt]:
    """What a shard, whose bytes have this sha256, says of its own samples; nothing if it cannot be read."""
    try:
        with h5py.File(folder / name, "r") as file:
            return [_receipt(*_noted(group), name, shard_sha256) for group in file.values()]
    except Exception:
        return []


def shard_name(indices: Sequence[int]) -> str:
    """The file of these samples, relative to the dataset."""
    first, last = indices[0], indices[-1]
    return f"{SHARDS}/{first:09d}.h5" if first == last else f"{SHARDS}/{first:09d}-{last:09d}.h5"


def is_shard_name(name: str) -> bool:
    """True if `shard_name` gives such names, so that a file of this name is the engine's to keep or remove."""
    return re.fullmatch(rf"{SHARDS}/\d{{9}}(-\d{{9}})?\.h5", name) is not None


def _noted(group: h5py.Group) -> tuple[int, int, dict[str, float], str]:
    """Index, seed, seconds of each stage and sha256 of a sample, as its file has them."""
    note: dict[str, Any] = dict(group.attrs)
    return int(note["index"]), int(note["seed"]), json.loads(note["seconds"]), str(note["sha256"])


def _receipt(index: int, seed: int, stages: Mapping[str, float], sha256: str, name: str, shard_sha256: str) -> Receipt:
    stages = dict(sorted(stages.items()))  # as the file has them
    return Receipt(
        index=index,
        seed=seed,
        shard=name,
        seconds=round(sum(stages.values()), 6),
        sha256=sha256,
        shard_sha256=shard_sha256,
        stages={stage: round(seconds, 6) for stage, seconds in stages.items()},
    )
