"""The names of the body: stable label ids, what each is made of, and its SNOMED-CT code.

Ids 1-117 are those of TotalSegmentator v2 ("total"); our finer structures start at 1000 and each has a parent, so every
label maps down to a TotalSegmentator class (0, its background, for what that list does not name, such as fat and skin).
Ids from 30001 name single findings (lesions) of one patient; they live in that patient's Scene, not in the table.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from simdata.errors import SceneError, did_you_mean

LAST_TOTALSEGMENTATOR_ID = 117
FIRST_FINDING_ID = 30001


@dataclass(frozen=True)
class Structure:
    """One named part of the body.

    parent: id of the structure it is a part of, 0 for none. tissue: a name in simdata/tissues.csv.
    laterality: "left", "right" or "". snomed: SNOMED-CT concept id. colour: red, green, blue, 0-255.
    """

    id: int
    name: str
    parent: int
    tissue: str
    laterality: str
    snomed: str
    meaning: str
    colour: tuple[int, int, int]


@cache
def structures() -> Mapping[int, Structure]:
    """The whole table, by id."""
    table = (files("simdata") / "structures.csv").read_text(encoding="utf-8")
    rows = [_structure(row) for row in csv.DictReader(table.splitlines())]
    return MappingProxyType({row.id: row for row in rows})


@cache
def _ids() -> Mapping[str, int]:
    return MappingProxyType({structure.name: structure.id for structure in structures().values()})


def structure(name: str) -> Structure:
    """The structure of that name; SceneError with the nearest name if there is none."""
    if name not in _ids():
        raise SceneError(f"structures: no structure is called '{name}'; {did_you_mean(name, _ids())}")
    return structures()[_ids()[name]]


def totalsegmentator_id(id: int, table: Mapping[int, Structure]) -> int:
    """The TotalSegmentator v2 class (0-117) that holds structure `id`."""
    while id > LAST_TOTALSEGMENTATOR_ID:
        id = table[id].parent
    return id


def _structure(row: dict[str, str]) -> Structure:
    red, green, blue = (int(value) for value in row["colour"].split())
    return Structure(
        id=int(row["id"]),
        name=row["name"],
        parent=int(row["parent"]),
        tissue=row["tissue"],
        laterality=row["laterality"],
        snomed=row["snomed"],
        meaning=row["meaning"],
        colour=(red, green, blue),
    )
