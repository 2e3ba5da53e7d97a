"""How a measure changes with age: monotone curves through table rows, smooth from birth to 90 years."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from phantoms.people.tables import rows_of

GESTATION_Y = 0.75
"""Age is counted from conception, so that its logarithm is finite at birth."""

ADULT_Y = 20.0
REFERENCE_Y = 40.0


def childhood(curve: str, sex: str, age_y: float) -> float:
    """The row `curve` of growth.csv at that age, in the row's unit; constant from 20 years on."""
    return _curves("growth", sex).at(age_y)[curve]


def grown(curve: str, sex: str, age_y: float) -> float:
    """The share of the adult measure that is there at that age."""
    return childhood(curve, sex, age_y) / childhood(curve, sex, ADULT_Y)


def aged(curve: str, sex: str, age_y: float) -> float:
    """What age does to an adult's measure, 1 at 40 years; constant below 20 years."""
    return _curves("ageing", sex).at(age_y)[curve]


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves through the same ages. values: (ages, curves), positive."""

    names: tuple[str, ...]
    ages_y: ndarray
    values: ndarray

    @lru_cache(maxsize=64)  # noqa: B019  there are four of these, kept for good
    def at(self, age_y: float) -> Mapping[str, float]:
        """Every curve at that age: monotone cubic of log value over log age since conception, flat beyond the ends."""
        if age_y <= self.ages_y[0] or age_y >= self.ages_y[-1]:
            return dict(zip(self.names, self.values[0 if age_y <= self.ages_y[0] else -1].tolist(), strict=True))
        cubic = PchipInterpolator(np.log(self.ages_y + GESTATION_Y), np.log(self.values))
        return dict(zip(self.names, np.exp(cubic(np.log(age_y + GESTATION_Y))).tolist(), strict=True))


@cache
def _curves(table: str, sex: str) -> Curves:
    """The rows of growth.csv or ageing.csv, whose columns y0, y1, ... are ages."""
    rows = rows_of(table, sex)
    columns = [name for name in rows[0] if name[:1] == "y" and name[1:].isdigit()]
    return Curves(
        names=tuple(row["curve"] for row in rows),
        ages_y=np.array([float(column[1:]) for column in columns]),
        values=np.array([[float(row[column]) for row in rows] for column in columns]),
    )
