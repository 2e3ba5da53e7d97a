"""Which structure each number of a foreign label map stands for: one CSV file a convention, ours in phantoms/tables."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from simdata.errors import RecipeError, SceneError, did_you_mean
from simdata.structures import structure

_TABLES = files("phantoms") / "tables"
NUMBER, NAME = "source_id", "structure"
"""The columns that a table must have."""


def label_tables() -> list[str]:
    """Names of the conventions that come along: the CSV files that have a column source_id."""
    names = [file.name.removesuffix(".csv") for file in _TABLES.iterdir() if file.name.endswith(".csv")]
    return sorted(name for name in names if NUMBER in _rows(name)[0])


@cache
def label_table(name: str) -> Mapping[int, int]:
    """Number in the file to id of our structure.

    name: a convention that comes along, or the path of a CSV file with the columns source_id and structure.
    Raises RecipeError if there is no such table, or a row of it cannot be.
    """
    if name.endswith(".csv"):
        return _own(Path(name).expanduser())
    if name not in label_tables():
        raise RecipeError(
            f"Labelmap.labels: found '{name}', the tables are {', '.join(label_tables())}; "
            f"{did_you_mean(name, label_tables())}, or the path of a table of your own, FILE.csv"
        )
    return MappingProxyType({int(row[NUMBER]): structure(row[NAME]).id for row in _rows(name)})


def _own(path: Path) -> Mapping[int, int]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as reason:
        raise RecipeError(f"{path}: cannot be read ({reason}); a CSV file with {NUMBER},{NAME} would do") from reason
    table = {}
    for line, row in enumerate(rows, 2):
        if not (row.get(NUMBER) or "").strip().isdigit() or not row.get(NAME):
            raise RecipeError(
                f"{path}: line {line} has no whole number in '{NUMBER}' and a name in '{NAME}'; both would do"
            )
        try:
            table[int(row[NUMBER])] = structure(row[NAME].strip()).id
        except SceneError as reason:
            raise RecipeError(f"{path}: line {line}: {reason}") from reason
    if not table:
        raise RecipeError(f"{path}: found no row; one {NUMBER},{NAME} for each number of your label maps would do")
    return MappingProxyType(table)


@cache
def _rows(name: str) -> list[dict[str, str]]:
    table = (_TABLES / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(table.splitlines()))
