"""What a body is made of: the tissue names that every scanner's table must know."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def tissues() -> Mapping[str, int]:
    """Tissue name to its id in `Scene.tissue` (uint8); 0 is air. Read from simdata/tissues.csv."""
    with (files("simdata") / "tissues.csv").open(encoding="utf-8", newline="") as lines:
        return MappingProxyType({row["name"]: int(row["id"]) for row in csv.DictReader(lines)})
