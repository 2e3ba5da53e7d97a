"""The one law that sizes everything in a person: the adult of the sex, times growth, body size and ageing.

    mean = value  grown(age)  (height / height of that age)^p  b^(q + c ln b)  aged(age),  b = BMI / BMI of that age

value: the ICRP 89 reference adult (40 years; 176 cm, 73 kg or 163 cm, 60 kg). grown and aged are curves of growth.csv
and ageing.csv; height and BMI "of that age" are those of the ICRP 89 reference child. One person is the mean times
exp(s z - s^2/2), a lognormal whose expectation is the mean, with z normal and correlated between traits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy import ndarray
from numpy.random import Generator

from phantoms.people.curves import aged, childhood, grown
from phantoms.people.tables import rows, rows_of
from simdata import Subject

UNUSUAL = 2.5
"""Standard normal deviates are kept within plus and minus this: one in eighty traits is pulled in."""


@dataclass(frozen=True)
class Trait:
    """One measure of the body: a row of organs.csv, calibres.csv, vertebrae.csv or shape.csv.

    value: in the reference adult, in the table's unit. height_power, bmi_power, bmi_bend: p, q and c of the law.
    growth, ageing: names of curves. spread: s, the standard deviation of the logarithm. shared: correlation with the
    factor that all measures of the table share.
    """

    name: str
    value: float
    height_power: float
    bmi_power: float
    bmi_bend: float
    growth: str
    ageing: str
    spread: float
    shared: float

    def mean(self, subject: Subject) -> float:
        """What the average person of that sex, age and size has."""
        sex, age_y = subject.sex, subject.age_y
        height, bmi = relative_size(subject)
        size = height**self.height_power * bmi ** (self.bmi_power + self.bmi_bend * math.log(bmi))
        return self.value * grown(self.growth, sex, age_y) * size * aged(self.ageing, sex, age_y)


@cache
def traits(table: str, sex: str) -> tuple[Trait, ...]:
    """The rows of a table for one sex."""
    return tuple(
        Trait(
            name=row["name"],
            value=float(row["value"]),
            height_power=float(row["height_power"]),
            bmi_power=float(row["bmi_power"]),
            bmi_bend=float(row["bmi_bend"]),
            growth=row["growth"],
            ageing=row["ageing"],
            spread=float(row["spread"]),
            shared=float(row["shared"]),
        )
        for row in rows_of(table, sex)
    )


def relative_size(subject: Subject) -> tuple[float, float]:
    """Height and BMI over those of the ICRP 89 reference person of that sex and age."""
    height_cm, weight_kg = (childhood(curve, subject.sex, subject.age_y) for curve in ("height", "weight"))
    return subject.height_cm / height_cm, subject.bmi / (weight_kg / (height_cm / 100) ** 2)


def means(table: str, subject: Subject) -> dict[str, float]:
    """Every trait of the table, as the average person of that sex, age and size has it."""
    return {trait.name: trait.mean(subject) for trait in traits(table, subject.sex)}


def draw(table: str, subject: Subject, rng: Generator) -> dict[str, float]:
    """Every trait of the table for one person."""
    return spread_out(table, subject, means(table, subject), rng)


def spread_out(table: str, subject: Subject, mean: Mapping[str, float], rng: Generator) -> dict[str, float]:
    """One person around these means."""
    chosen = traits(table, subject.sex)
    z = np.clip(_root(table, subject.sex) @ rng.standard_normal(len(chosen)), -UNUSUAL, UNUSUAL)
    return {
        t.name: float(mean[t.name] * np.exp(t.spread * x - t.spread**2 / 2)) for t, x in zip(chosen, z, strict=True)
    }


@cache
def correlation(table: str, sex: str) -> ndarray:
    """(n, n): the products of the shared factor, then the pairs of correlations.csv, made positive definite."""
    chosen = traits(table, sex)
    place = {trait.name: number for number, trait in enumerate(chosen)}
    shared = np.array([trait.shared for trait in chosen])
    matrix = np.outer(shared, shared)
    for (one, other), r in pairs(table).items():
        if one in place and other in place:
            matrix[place[one], place[other]] = matrix[place[other], place[one]] = r
    np.fill_diagonal(matrix, 1.0)
    return _nearest(matrix)


@cache
def pairs(table: str) -> Mapping[tuple[str, str], float]:
    """Pairs of traits with a correlation of their own."""
    return MappingProxyType(
        {(row["one"], row["other"]): float(row["r"]) for row in rows("correlations") if row["table"] == table}
    )


@cache
def _root(table: str, sex: str) -> ndarray:
    return np.linalg.cholesky(correlation(table, sex))


def _nearest(matrix: ndarray) -> ndarray:
    """The matrix with its eigenvalues raised above 1e-6 and ones on its diagonal again."""
    value, vector = np.linalg.eigh(matrix)
    positive = (vector * np.maximum(value, 1e-6)) @ vector.T
    size = np.sqrt(np.diag(positive))
    return positive / np.outer(size, size)
