"""The journal of a dataset: manifest.jsonl, one line per finished sample."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import get_origin

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
    receipts = []
    for number, line in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            receipts.append(parse_receipt(line))
        except DatasetError as reason:
            raise DatasetError(f"{path}, line {number}: {reason}") from reason
    return {receipt.index: receipt for receipt in sorted(receipts, key=lambda receipt: receipt.index)}


def parse_receipt(line: bytes) -> Receipt:
    """The receipt that a line of the manifest holds. Raises DatasetError if it holds none."""
    try:
        entry = json.loads(line)
        receipt = Receipt(**{field.name: entry[field.name] for field in fields(Receipt)})
    except (ValueError, KeyError, TypeError) as reason:
        raise DatasetError(f"found {reason!r}; a JSON line with index, shard and sha256 would do") from reason
    for field in fields(Receipt):
        value, kind = getattr(receipt, field.name), get_origin(field.type) or field.type
        if not isinstance(value, (int, float) if kind is float else kind):
            raise DatasetError(f"{field.name} is {value!r}; a {kind.__name__} would do")
    return receipt
