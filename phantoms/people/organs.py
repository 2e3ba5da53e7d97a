"""What the organs of a person should measure on CT, mL."""

from collections.abc import Mapping

from numpy.random import Generator

from phantoms.people.curves import ADULT_Y, REFERENCE_Y, childhood
from phantoms.people.lungs import gas_ml
from phantoms.people.tables import rows_of
from phantoms.people.traits import means, spread_out
from simdata import Subject
from simdata.subject import Sex


def mean_organs(subject: Subject) -> Mapping[str, float]:
    """Volumes of the average person of that sex, age and size, mL, blood included.

    The ICRP 145 reference adults have the volumes of ICRP 145 (within 1 %).
    """
    return _completed(_means(subject), subject.sex)


def draw_organs(subject: Subject, rng: Generator) -> Mapping[str, float]:
    """Volumes of one person, mL: correlated lognormals around `mean_organs`."""
    return _completed(spread_out("organs", subject, _means(subject), rng), subject.sex)


def reference_adult(sex: Sex) -> Subject:
    """The ICRP 89 reference person of 40 years."""
    height_cm, weight_kg = (childhood(curve, sex, ADULT_Y) for curve in ("height", "weight"))
    return Subject(sex=sex, age_y=REFERENCE_Y, height_cm=height_cm, weight_kg=weight_kg)


def _means(subject: Subject) -> dict[str, float]:
    """The rows of organs.csv; the gas of the lungs follows the functional residual capacity of GLI-2021."""
    volumes = means("organs", subject)
    volumes["lung_gas"] *= _frc_ml(subject) / _frc_ml(reference_adult(subject.sex))
    return volumes


def _frc_ml(subject: Subject) -> float:
    return gas_ml("FRC", subject.sex, subject.age_y, subject.height_cm)


def _completed(volumes: dict[str, float], sex: str) -> dict[str, float]:
    """With the lungs as a whole, and the parts of the organs by the shares of organ_parts.csv."""
    volumes["lungs"] = volumes["lung_tissue"] + volumes["lung_gas"]
    parts = {row["part"]: volumes[row["whole"]] * float(row["share"]) for row in rows_of("organ_parts", sex)}
    return volumes | parts
