"""The numbers of people: CSV files in phantoms/people/tables, each row with its source."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

TABLES = files("phantoms.people") / "tables"
SEXES = ("female", "male")
BOTH = "both"


@cache
def rows(table: str) -> tuple[Mapping[str, str], ...]:
    """Every row of the table, as text."""
    lines = (TABLES / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


def rows_of(table: str, sex: str) -> list[Mapping[str, str]]:
    """The rows that hold for one sex: its own, and those of both."""
    return [row for row in rows(table) if row["sex"] in (sex, BOTH)]
