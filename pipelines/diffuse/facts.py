"""What a model is told of a whole image: age, machine, kind of lesion; and tables of it beside the images."""

import csv
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, MinLen
from jaxtyping import Float32
from numpy import ndarray

from simdata.errors import DatasetError, RecipeError, did_you_mean
from simdata.parts import Part

Value = float | str
Facts = Mapping[str, Value]
WORD = re.compile(r"[^\W_]+")
SAMPLE = re.compile(r"\[(\d+)\]$")


@dataclass(frozen=True, kw_only=True)
class Fact(Part, ABC):
    """One thing that is told of an image, by the part's name: numbers that are the same in every pixel."""

    @property
    @abstractmethod
    def width(self) -> int:
        """How many numbers it becomes."""

    @abstractmethod
    def numbers(self, value: Value, where: str) -> Float32[ndarray, " width"]:
        """What it becomes; all 0 stands for what is not told. Raises RecipeError for what it cannot be."""


@dataclass(frozen=True, kw_only=True)
class Number(Fact):
    """A number, such as an age: 1, and where it lies between `low`, -1, and `high`, 1. It may lie beyond."""

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise RecipeError(f"{self.label}: low is {self.low:g} and high {self.high:g}; the lower one first would do")

    @property
    def width(self) -> int:
        return 2

    def numbers(self, value: Value, where: str) -> Float32[ndarray, " width"]:
        try:
            number = float(value)
        except ValueError as reason:
            raise RecipeError(f"{where}: {self.label} is '{value}'; a number would do") from reason
        return np.array([1, 2 * (number - self.low) / (self.high - self.low) - 1], np.float32)


@dataclass(frozen=True, kw_only=True)
class Word(Fact):
    """One of some words, such as a machine or the kind of a lesion: 1 for it, 0 for the others."""

    words: Annotated[tuple[str, ...], MinLen(2)] = ("no", "yes")

    @property
    def width(self) -> int:
        return len(self.words)

    def numbers(self, value: Value, where: str) -> Float32[ndarray, " width"]:
        if str(value) not in self.words:
            raise RecipeError(f"{where}: {self.label} is '{value}'; {did_you_mean(str(value), self.words)}")
        return (np.array(self.words) == str(value)).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Text(Fact):
    """A short text, such as the line of a finding: 1, and for each of `places` how many of its words fall there.

    A word falls where its hash does, whatever the order and case (Weinberger et al. 2009, ICML: feature hashing); what
    a place stands for is learnt with the network, whose first layer is the table of it. Two words share one by chance.
    """

    places: Annotated[int, Ge(8), Le(4096)] = 64

    @property
    def width(self) -> int:
        return 1 + self.places

    def numbers(self, value: Value, where: str) -> Float32[ndarray, " width"]:
        counts = np.zeros(self.width, np.float32)
        counts[0] = 1
        for word in WORD.findall(str(value).lower()):
            counts[1 + int.from_bytes(blake2b(word.encode(), digest_size=8).digest()) % self.places] += 1
        return counts


def encoded(facts: Sequence[Fact], told: Facts, where: str) -> Float32[ndarray, " width"]:
    """All of them one after the other; 0 for what is not told. Raises RecipeError for what no fact is called."""
    for name in told:
        if name not in (known := [fact.label for fact in facts]):
            raise RecipeError(f"{where}: the model is told nothing of '{name}'; {did_you_mean(name, known)}")
    parts = [
        fact.numbers(told[fact.label], where) if fact.label in told else np.zeros(fact.width, np.float32)
        for fact in facts
    ]
    return np.concatenate([*parts, np.zeros(0, np.float32)])


def read(file: str, names: Iterable[str]) -> list[Facts]:
    """The row of a table for each example. file: CSV, "name" and the facts; an empty cell is not told.

    name: the stem of an image's file, or the number of a sample. Raises DatasetError for an example without a row.
    """
    try:
        with Path(file).open(newline="", encoding="utf-8") as lines:
            rows = {row.pop("name"): row for row in csv.DictReader(lines)}
    except (OSError, KeyError, ValueError, csv.Error) as reason:
        raise DatasetError(f"{file}: cannot be read: {reason}; a CSV with a column 'name' would do") from reason
    found = []
    for name in names:
        if (key := _key(name)) not in rows:
            raise DatasetError(f"{file}: no row is called '{key}'; {did_you_mean(key, rows)}")
        found.append({fact: value for fact, value in rows[key].items() if value})
    return found


def _key(name: str) -> str:
    sample = SAMPLE.search(name)
    return sample.group(1) if sample else Path(name).name.partition(".")[0]
