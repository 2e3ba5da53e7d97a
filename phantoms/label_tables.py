"""Which structure each number of a foreign label map stands for: one CSV file a convention, in phantoms/tables."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from simdata.errors import RecipeError, did_you_mean
from simdata.structures import structure

_TABLES = files("phantoms") / "tables"


def label_tables() -> list[str]:
    """Names of the conventions: the CSV files that have a column source_id."""
    names = [file.name.removesuffix(".csv") for file in _TABLES.iterdir() if file.name.endswith(".csv")]
    return sorted(name for name in names if "source_id" in _rows(name)[0])


@cache
def label_table(name: str) -> Mapping[int, int]:
    """Number in the file to id of our structure; RecipeError if no convention has that name."""
    if name not in label_tables():
        raise RecipeError(
            f"Labelmap.labels: found '{name}', the tables are {', '.join(label_tables())}; "
            f"{did_you_mean(name, label_tables())}"
        )
    return MappingProxyType({int(row["source_id"]): structure(row["structure"]).id for row in _rows(name)})


@cache
def _rows(name: str) -> list[dict[str, str]]:
    table = (_TABLES / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(table.splitlines()))
