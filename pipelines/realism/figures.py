"""One number of a patient beside what it should be, and the tables that say so."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

TABLES = files("pipelines.realism") / "tables"


@dataclass(frozen=True)
class Figure:
    """what: the thing measured. value: in `unit`. low, high: where most people lie, None where there is no limit.

    source: of the limits. about: more for a reader, such as the volume behind a z-score.
    """

    what: str
    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    about: str = ""

    @property
    def within(self) -> bool:
        """True if the value lies where most people's does."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


@cache
def rows(table: str) -> tuple[Mapping[str, str], ...]:
    """Every row of pipelines/realism/tables/TABLE.csv, as text."""
    lines = (TABLES / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


def number(text: str) -> float | None:
    """The number in a field of a table, None where it is empty."""
    return float(text) if text else None
