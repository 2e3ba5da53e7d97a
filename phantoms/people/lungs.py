"""How much gas the lungs hold, by sex, age and height: the GLI-2021 reference equations."""

from functools import cache

import numpy as np

from phantoms.people.tables import rows_of

YOUNGEST_Y, OLDEST_Y = 5.0, 80.0
LITRES_TO_ML = 1000.0


def gas_ml(capacity: str, sex: str, age_y: float, height_cm: float) -> float:
    """Functional residual or total lung capacity ("FRC", "TLC"), median, mL.

    exp(a0 + a1 ln age + a2 ln height + spline(age)). Hall et al., Eur Respir J 2021;57:2000289, for 5 to 80 years;
    beyond, the nearest age is held, so a newborn of 51 cm has FRC 95 mL (27 mL/kg; plethysmography gives 25 to 30).
    """
    row = _equation(capacity, sex)
    age_y = min(max(age_y, YOUNGEST_Y), OLDEST_Y)
    ages, spline = _spline(capacity, sex)
    log_litres = row["a0"] + row["a1"] * np.log(age_y) + row["a2"] * np.log(height_cm) + np.interp(age_y, ages, spline)
    return float(np.exp(log_litres)) * LITRES_TO_ML


@cache
def _equation(capacity: str, sex: str) -> dict[str, float]:
    row = next(row for row in rows_of("lung_equations", sex) if row["capacity"] == capacity)
    return {name: float(row[name]) for name in ("a0", "a1", "a2")}


@cache
def _spline(capacity: str, sex: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    chosen = [row for row in rows_of("lung_splines", sex) if row["capacity"] == capacity]
    return tuple(float(row["age_y"]) for row in chosen), tuple(float(row["spline"]) for row in chosen)
