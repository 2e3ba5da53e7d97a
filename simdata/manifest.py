"""The journal of a dataset: manifest.jsonl, one line per finished sample."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from simdata.errors import DatasetError

MANIFEST = "manifest.jsonl"
SHARDS = "shards"
FIELDS = {
    "index": int,
    "seed": int,
    "shard": str,
    "seconds": (int, float),
    "sha256": str,
    "shard_sha256": str,
    "stages": dict,
}
"""What JSON makes of each field of a Receipt."""
WOULD_DO = f"a JSON line with {', '.join(FIELDS)} would do"


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
        receipt = Receipt(**{name: entry[name] for name in FIELDS})
        wrong = [name for name, kind in FIELDS.items() if not isinstance(entry[name], kind)]
    except (ValueError, KeyError, TypeError) as reason:
        raise DatasetError(f"found {reason!r}; {WOULD_DO}") from reason
    if wrong:
        raise DatasetError(f"found {wrong[0]} {entry[wrong[0]]!r}; {WOULD_DO}")
    return receipt
