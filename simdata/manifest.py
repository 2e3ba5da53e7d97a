"""The journal of a dataset: manifest.jsonl, one line per finished sample."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from simdata.errors import DatasetError

MANIFEST = "manifest.jsonl"
SHARDS = "shards"
SHARD_NAME = re.compile(rf"{SHARDS}/[\w-]+\.h5", re.ASCII)
"""A file in the folder of shards; no path leads out of it."""
SHA256 = re.compile(r"[0-9a-f]{64}")
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
STORED_INDEX = "stored_index"
WOULD_DO = f"a JSON line with {', '.join(FIELDS)} would do"


@dataclass(frozen=True)
class Receipt:
    """What is known of a finished sample.

    shard: its file, relative to the dataset. seconds: all stages together; stages: each. sha256: over the sample's
    arrays and truth. shard_sha256: over the bytes of its file. stored_index: what the shard itself calls the sample,
    where a merge has given it another index.
    """

    index: int
    seed: int
    shard: str
    seconds: float
    sha256: str
    shard_sha256: str
    stages: dict[str, float]
    stored_index: int | None = None

    @property
    def group(self) -> int:
        """The index under which the shard holds the sample."""
        return self.index if self.stored_index is None else self.stored_index

    def line(self) -> str:
        """This receipt as a line of the manifest."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(known) + "\n"


def read_manifest(folder: Path) -> dict[int, Receipt]:
    """Index to Receipt, in order of index; a last line that a crash cut short is left out.

    Raises DatasetError if there is no manifest, or if a line is not a receipt.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise no_manifest(folder)
    return parse_manifest(path.read_bytes(), path)


def parse_manifest(content: bytes, where: object) -> dict[int, Receipt]:
    """What the manifest with this content, called `where` in messages, says. Raises DatasetError as `read_manifest`."""
    receipts = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            receipts.append(parse_receipt(line))
        except DatasetError as reason:
            raise DatasetError(f"{where}, line {number}: {reason}") from reason
    return {receipt.index: receipt for receipt in sorted(receipts, key=lambda receipt: receipt.index)}


def no_manifest(where: object) -> DatasetError:
    """The error for what is no dataset."""
    lost = "://" not in str(where) and not Path(str(where)).exists()
    found = "there is no such folder" if lost else f"no {MANIFEST} found"
    return DatasetError(f"{where}: {found}; a folder made by 'simdata generate' would do")


def parse_receipt(line: bytes) -> Receipt:
    """The receipt that a line of the manifest holds. Raises DatasetError if it holds none."""
    try:
        entry = json.loads(line)
        receipt = Receipt(**{name: entry[name] for name in FIELDS}, stored_index=entry.get(STORED_INDEX))
        wrong = [name for name, kind in FIELDS.items() if not isinstance(entry[name], kind)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise DatasetError(f"found {reason!r}; {WOULD_DO}") from reason
    wrong += [] if isinstance(receipt.stored_index, int | None) else [STORED_INDEX]
    wrong += [name for name in ("index", STORED_INDEX) if not wrong and (entry.get(name) or 0) < 0]
    if wrong:
        raise DatasetError(f"found {wrong[0]} {entry[wrong[0]]!r}; {WOULD_DO}")
    if not SHARD_NAME.fullmatch(receipt.shard):
        raise DatasetError(f"found shard {receipt.shard!r}; the name of a file in {SHARDS}/ would do")
    if not all(SHA256.fullmatch(digest) for digest in (receipt.sha256, receipt.shard_sha256)):
        raise DatasetError(f"found sha256 {receipt.shard_sha256!r}; 64 hexadecimal digits would do")
    return receipt
