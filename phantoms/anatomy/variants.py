"""Anatomical variants: which there are, how often each occurs, and which exclude each other."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from numpy.random import Generator

from simdata import RecipeError
from simdata.errors import did_you_mean


@dataclass(frozen=True)
class Variant:
    """frequency: share of people who have it. excludes: names of variants that cannot occur with it."""

    name: str
    frequency: float
    excludes: tuple[str, ...]
    meaning: str


@cache
def variants() -> Mapping[str, Variant]:
    """Every variant by name, from phantoms/tables/variants.csv."""
    lines = (files("phantoms") / "tables" / "variants.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        Variant(row["name"], float(row["frequency"]), tuple(row["excludes"].split()), row["meaning"])
        for row in csv.DictReader(lines)
    ]
    return MappingProxyType({row.name: row for row in rows})


def draw_variants(rng: Generator) -> frozenset[str]:
    """The variants of one person, each as often as it occurs; of two that exclude each other, the rarer stays."""
    chosen: set[str] = set()
    for row in sorted(variants().values(), key=lambda row: row.frequency):
        if rng.uniform() < row.frequency and not chosen & set(row.excludes):
            chosen.add(row.name)
    return frozenset(chosen)


def check_variants(names: Iterable[str]) -> frozenset[str]:
    """The same names as a set. Raises RecipeError for one that is unknown, or two that exclude each other."""
    chosen = frozenset(names)
    for name in sorted(chosen):
        if name not in variants():
            raise RecipeError(f"variants: nothing is called '{name}'; {did_you_mean(name, variants())}")
        if against := sorted(chosen & set(variants()[name].excludes)):
            raise RecipeError(f"variants: found '{name}' and '{against[0]}', which exclude each other; one would do")
    return chosen
