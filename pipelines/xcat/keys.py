"""What the keys are that have no counterpart here: a table of patterns, the first that fits a key counts."""

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from pipelines.xcat.par import Entry

ANY = "*"
UNKNOWN = "this key is not known"


@dataclass(frozen=True)
class Lost:
    """A key without a counterpart, as the file has it. matters: it has another value than one that changes nothing."""

    key: str
    text: str
    line: int
    why: str
    matters: bool


def lost(key: str, entry: Entry) -> Lost:
    """Why there is no counterpart for a key."""
    for pattern, neutral, why in _rows():
        if any(fnmatchcase(key, one) for one in pattern.split("|")):
            return Lost(key, entry.text, entry.line, why, not _neutral(entry.text, neutral))
    return Lost(key, entry.text, entry.line, UNKNOWN, matters=True)


def _neutral(text: str, values: str) -> bool:
    if values == ANY:
        return True
    try:
        return float(text) in map(float, values.split("|"))
    except ValueError:
        return False


@cache
def _rows() -> tuple[tuple[str, str, str], ...]:
    lines = (files("pipelines") / "xcat" / "tables" / "keys.csv").read_text(encoding="utf-8").splitlines()
    return tuple((row["key"], row["neutral"], row["why"]) for row in csv.DictReader(lines))
