"""What a body is made of: the tissue names that every scanner's table must know."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def tissues() -> Mapping[str, int]:
    """Tissue name to its id in `Scene.tissue` (uint8); 0 is air. Read from simdata/tissues.csv."""
    table = (files("simdata") / "tissues.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["name"]: int(row["id"]) for row in csv.DictReader(table.splitlines())})
