"""Who the patient is: sex, age and body size, and which people are possible."""

import csv
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Le

from simdata.errors import RecipeError

OLDEST_Y = 90.0
Sex = Literal["female", "male"]


@dataclass(frozen=True)
class Subject:
    """A person, newborn to 90 years, in the numbers a radiologist finds on the request form.

    Defaults are the adult reference female of ICRP Publication 89 (2002): 163 cm, 60 kg. Height and body-mass index
    must lie within `limits` of the sex and age: nobody is 40 cm tall at 30 years. Raises RecipeError.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    sex: Sex = "female"
    age_y: Annotated[float, Ge(0), Le(OLDEST_Y)] = 40.0
    height_cm: Annotated[float, Ge(30), Le(230)] = 163.0
    weight_kg: Annotated[float, Ge(0.8), Le(350)] = 60.0

    def __post_init__(self):
        if self.sex not in ("female", "male"):
            raise RecipeError(f"Subject sex is {self.sex!r}; 'female' or 'male' would do")
        _check("age_y", self.age_y, (0.0, OLDEST_Y), "years", "anyone")
        possible, whom = limits(self.sex, self.age_y), f"a {self.sex} of {self.age_y:g} years"
        _check("height_cm", self.height_cm, possible.height_cm, "cm", whom)
        low, high = (bmi * (self.height_cm / 100) ** 2 for bmi in possible.bmi)
        if not low <= self.weight_kg <= high:
            raise RecipeError(
                f"Subject weight_kg is {self.weight_kg:g}, at {self.height_cm:g} cm a body-mass index {self.bmi:.1f}; "
                f"for {whom} {low:.3g} to {high:.3g} kg, an index of {possible.bmi[0]:.1f} to {possible.bmi[1]:.1f}, "
                "would do"
            )

    @property
    def bmi(self) -> float:
        """Body-mass index, kg/m2."""
        return self.weight_kg / (self.height_cm / 100) ** 2

    @property
    def surface_m2(self) -> float:
        """Body surface area, sqrt(height_cm weight_kg / 3600), m2. Mosteller, N Engl J Med 1987;317:1098."""
        return math.sqrt(self.height_cm * self.weight_kg / 3600)


@dataclass(frozen=True)
class Limits:
    """The lowest and the highest height, cm, and body-mass index, kg/m2, that a person of one sex and age may have."""

    height_cm: tuple[float, float]
    bmi: tuple[float, float]


def limits(sex: str, age_y: float) -> Limits:
    """What is possible at that sex and age, between the rows of simdata/subject_limits.csv by straight lines."""
    table = _table(sex)
    low_cm, high_cm, low_bmi, high_bmi = (
        float(np.interp(age_y, table["age_y"], table[name]))
        for name in ("height_low_cm", "height_high_cm", "bmi_low", "bmi_high")
    )
    return Limits((low_cm, high_cm), (low_bmi, high_bmi))


@cache
def _table(sex: str) -> dict[str, np.ndarray]:
    text = (files("simdata") / "subject_limits.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["sex"] == sex]
    numbers = [name for name in rows[0] if name not in ("sex", "source")]
    return {name: np.array([float(row[name]) for row in rows]) for name in numbers}


def _check(name: str, value: float, within: tuple[float, float], unit: str, whom: str) -> None:
    low, high = within
    if not low <= value <= high:
        raise RecipeError(f"Subject {name} is {value:g}; for {whom} {low:.4g} to {high:.4g} {unit} would do")
