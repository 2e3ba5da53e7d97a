"""The scanners' tables of tissue properties: one column of a CSV file in render/tables, by its row names."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from jaxtyping import Float64
from numpy import ndarray


@cache
def rows(table: str) -> tuple[Mapping[str, str], ...]:
    """Every row of render/tables/`table`.csv, as text."""
    lines = (files("render.tables") / f"{table}.csv").read_text(encoding="utf-8").splitlines()
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


@cache
def column(table: str, name: str) -> Mapping[str, float]:
    """Tissue name to its value in column `name`, the shape that `Scene.field` takes."""
    return MappingProxyType({row["tissue"]: float(row[name]) for row in rows(table)})


@cache
def curve(table: str, name: str) -> Float64[ndarray, " n"]:
    """Column `name` of a table whose rows are energies, as a read-only array."""
    values = np.array([float(row[name]) for row in rows(table)])
    values.setflags(write=False)
    return values
