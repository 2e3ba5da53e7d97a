"""The journal of a dataset: manifest.jsonl, one line per finished sample."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from simdata.errors import DatasetError

MANIFEST = "manifest.jsonl"
SHARDS = "shards"


@dataclass(frozen=True)
class Receipt:
    """What is known of a finished sample.

    shard: its file, relative to the dataset. seconds: all stages together; stages: each. sha256: over the sample's
    arrays and truth. shard_sha256: over the bytes of its file.
    """

    index: int
    seed: int
    shard: str
    seconds: float
    sha256: str
    shard_sha256: str
    stages: dict[str, float]

    def line(self) -> str:
        """This receipt as a line of the manifest."""
        return json.dumps(asdict(self)) + "\n"


def read_manifest(folder: Path) -> dict[int, Receipt]:
    """Index to Receipt, in order of index; a last line that a crash cut short is left out.

    Raises DatasetError if there is no manifest, or if a line is not a receipt.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DatasetError(f"{folder}: no {MANIFEST} found; a folder made by 'simdata generate' would do")
    lines = path.read_bytes().split(b"\n")[:-1]
    receipts = [_receipt(path, number, line) for number, line in enumerate(lines, 1)]
    return {receipt.index: receipt for receipt in sorted(receipts, key=lambda receipt: receipt.index)}


def _receipt(path: Path, number: int, line: bytes) -> Receipt:
    try:
        entry = json.loads(line)
        return Receipt(**{field.name: entry[field.name] for field in fields(Receipt)})
    except (ValueError, KeyError, TypeError) as reason:
        raise DatasetError(
            f"{path}, line {number}: {reason!r}; a JSON line with index, shard and sha256 would do"
        ) from reason
