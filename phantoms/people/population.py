"""Somebody from a population: what is not known of the person is drawn, as it goes together in that population.

Height is normal, body-mass index lognormal, both by sex and age, with the table's correlation (populations.csv); ages
follow the population's pyramid (ages.csv). Weight is then BMI times height squared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from numpy import ndarray
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

from phantoms.people.curves import GESTATION_Y
from phantoms.people.tables import SEXES, rows
from simdata import RecipeError, Subject
from simdata.errors import did_you_mean
from simdata.subject import OLDEST_Y, Sex, limits

UNUSUAL = 2.8
"""Heights and body-mass indices are drawn within so many standard deviations."""

CANDIDATES = 1024
"""So many people are asked for their sex and age when a height or weight is asked for."""


@dataclass(frozen=True)
class Person:
    """Somebody on request: a population, and as much of the person as is known; the rest is drawn.

    population: a name in phantoms/people/tables/populations.csv.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    population: str = "world"
    sex: Sex | None = None
    age_y: Annotated[float, Ge(0), Le(OLDEST_Y)] | None = None
    height_cm: Annotated[float, Ge(30), Le(230)] | None = None
    weight_kg: Annotated[float, Ge(0.8), Le(350)] | None = None

    def __post_init__(self):
        _check(self)

    def __call__(self, rng: Generator) -> Subject:
        """The whole person. Raises RecipeError where nobody of that population is like this."""
        sex, age_y = _sex_and_age(self, rng)
        size = _Size.of(self.population, sex, age_y)
        return _with_size(self, sex, age_y, size, rng)


def draw_subject(
    population: str,
    rng: Generator,
    sex: Sex | None = None,
    age_y: float | None = None,
    height_cm: float | None = None,
    weight_kg: float | None = None,
) -> Subject:
    """Somebody from the population; what is given stays as it is. Raises RecipeError for what is impossible there."""
    return Person(population, sex, age_y, height_cm, weight_kg)(rng)


def populations() -> Mapping[str, tuple[float, float]]:
    """Name of every population to its youngest and oldest age, years."""
    return {name: _age_range(name) for name in dict.fromkeys(row["population"] for row in rows("ages"))}


@dataclass(frozen=True)
class _Size:
    """Mean and standard deviation of height, cm, and of log BMI, and their correlation, at one age or at many."""

    height: ndarray
    height_sd: ndarray
    log_bmi: ndarray
    log_bmi_sd: ndarray
    r: ndarray

    @staticmethod
    def of(population: str, sex: str, age_y) -> "_Size":
        return _Size(*_size_curves(population, sex)(np.log(np.asarray(age_y) + GESTATION_Y)).T)

    def log_likelihood(self, height_cm: float | None, weight_kg: float | None) -> ndarray:
        """Of what is known, at every age."""
        if weight_kg is None:
            return (
                np.zeros_like(self.height) if height_cm is None else _log_normal(height_cm, self.height, self.height_sd)
            )
        if height_cm is None:
            mean, sd = self.log_weight()
            return _log_normal(np.log(weight_kg), mean, sd)
        bmi = np.log(weight_kg / (height_cm / 100) ** 2)
        mean, sd = self.log_bmi_at(height_cm)
        return _log_normal(height_cm, self.height, self.height_sd) + _log_normal(bmi, mean, sd)

    def log_bmi_at(self, height_cm):
        """Mean and standard deviation of log BMI among people of that height."""
        z = (height_cm - self.height) / self.height_sd
        return self.log_bmi + self.r * self.log_bmi_sd * z, self.log_bmi_sd * np.sqrt(1 - self.r**2)

    def log_weight(self):
        """Mean and standard deviation of log weight; height is nearly lognormal, its spread being 4 %."""
        share = 2 * self.height_sd / self.height
        variance = share**2 + self.log_bmi_sd**2 + 2 * self.r * share * self.log_bmi_sd
        return 2 * np.log(self.height / 100) + self.log_bmi, np.sqrt(variance)

    def height_at(self, weight_kg: float):
        """Mean and standard deviation of height among people of that weight."""
        mean, sd = self.log_weight()
        share = 2 * self.height_sd / self.height
        r = (share + self.r * self.log_bmi_sd) / sd
        z = (np.log(weight_kg) - mean) / sd
        return self.height + r * self.height_sd * z, self.height_sd * np.sqrt(1 - r**2)


def _sex_and_age(person: Person, rng: Generator) -> tuple[Sex, float]:
    """Drawn from the population, in proportion to how well the known height and weight go with them."""
    sexes = SEXES if person.sex is None else (person.sex,)
    sex = np.asarray(sexes)[rng.integers(len(sexes), size=CANDIDATES)]
    age_y = _ages(person.population, rng) if person.age_y is None else np.full(CANDIDATES, float(person.age_y))
    fit = np.empty(CANDIDATES)
    for one in sexes:
        here = sex == one
        fit[here] = _Size.of(person.population, one, age_y[here]).log_likelihood(person.height_cm, person.weight_kg)
    chosen = int(rng.choice(CANDIDATES, p=np.exp(fit - fit.max()) / np.exp(fit - fit.max()).sum()))
    return ("female" if sex[chosen] == "female" else "male"), float(age_y[chosen])


def _with_size(person: Person, sex: Sex, age_y: float, size: _Size, rng: Generator) -> Subject:
    """Height first, from the people of the known weight if there is one; then BMI from the people of that height."""
    possible = limits(sex, age_y)
    first, second = _usual(rng), _usual(rng)
    height_cm, weight_kg = person.height_cm, person.weight_kg
    if height_cm is None:
        mean, sd = (size.height, size.height_sd) if weight_kg is None else size.height_at(weight_kg)
        height_cm = float(mean + first * sd)
        if weight_kg is not None:
            leanest, stoutest = (100 * (weight_kg / bmi) ** 0.5 for bmi in possible.bmi)
            height_cm = min(max(height_cm, stoutest), leanest)
        height_cm = min(max(height_cm, possible.height_cm[0]), possible.height_cm[1])
    if weight_kg is None:
        mean, sd = size.log_bmi_at(height_cm)
        bmi = min(max(float(np.exp(mean + second * sd)), possible.bmi[0]), possible.bmi[1])
        weight_kg = bmi * (height_cm / 100) ** 2
    return Subject(sex=sex, age_y=age_y, height_cm=float(height_cm), weight_kg=float(weight_kg))


def _usual(rng: Generator) -> float:
    """A standard normal deviate within the usual."""
    return float(np.clip(rng.standard_normal(), -UNUSUAL, UNUSUAL))


def _ages(population: str, rng: Generator) -> ndarray:
    """Ages of the population: its bands in their shares, evenly within a band."""
    bands = [row for row in rows("ages") if row["population"] == population]
    share = np.array([float(row["share"]) for row in bands])
    edges = np.array([[float(row["from_y"]), float(row["to_y"])] for row in bands])
    band = edges[rng.choice(len(bands), size=CANDIDATES, p=share / share.sum())]
    return rng.uniform(band[:, 0], band[:, 1])


@cache
def _size_curves(population: str, sex: str) -> PchipInterpolator:
    chosen = [row for row in rows("populations") if row["population"] == population and row["sex"] == sex]
    ages = np.log([float(row["age_y"]) + GESTATION_Y for row in chosen])
    values = [
        [
            float(row["height_cm"]),
            float(row["height_sd_cm"]),
            np.log(float(row["bmi"])),
            float(row["log_bmi_sd"]),
            float(row["r"]),
        ]
        for row in chosen
    ]
    return PchipInterpolator(ages, np.array(values), axis=0)


def _age_range(population: str) -> tuple[float, float]:
    bands = [row for row in rows("ages") if row["population"] == population]
    return min(float(row["from_y"]) for row in bands), max(float(row["to_y"]) for row in bands)


def _check(person: Person) -> None:
    known = populations()
    if person.population not in known:
        raise RecipeError(
            f"Person population is '{person.population}'; {did_you_mean(person.population, known)} "
            f"(one of {', '.join(known)})"
        )
    low, high = known[person.population]
    if person.age_y is not None and not low <= person.age_y <= high:
        raise RecipeError(
            f"Person age_y is {person.age_y:g}; {person.population} has people of {low:g} to {high:g} years"
        )


def _log_normal(value, mean, sd):
    return -0.5 * ((value - mean) / sd) ** 2 - np.log(sd)
