"""What a body is made of: the tissue names that every scanner's table must know."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from simdata.errors import RecipeError, did_you_mean


@cache
def tissues() -> Mapping[str, int]:
    """Tissue name to its id in `Scene.tissue` (uint8); 0 is air. Read from simdata/tissues.csv."""
    table = (files("simdata") / "tissues.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["name"]: int(row["id"]) for row in csv.DictReader(table.splitlines())})


def check_tissue(name: str, where: str) -> None:
    """Raises RecipeError, with `where` and the nearest name, if there is no tissue of that name."""
    if name not in tissues():
        raise RecipeError(f"{where}: found '{name}'; {did_you_mean(name, tissues())}")
