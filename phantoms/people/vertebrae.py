"""How large the vertebrae of a person are, C1 to S1."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy.random import Generator

from phantoms.people.traits import draw, means
from simdata import Subject

LEVELS = (*(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 13)), *(f"L{n}" for n in range(1, 6)), "S1")


@dataclass(frozen=True)
class Vertebra:
    """One vertebra, mm. disc_height_mm: the disc below it; 0 where there is none, as is the body of C1."""

    body_width_mm: float = 0.0
    body_depth_mm: float = 0.0
    height_anterior_mm: float = 0.0
    height_posterior_mm: float = 0.0
    disc_height_mm: float = 0.0
    canal_width_mm: float = 0.0
    canal_depth_mm: float = 0.0


def mean_vertebrae(subject: Subject) -> Mapping[str, Vertebra]:
    """ "C1" to "S1" of the average person of that sex, age and size."""
    return _by_level(means("vertebrae", subject))


def draw_vertebrae(subject: Subject, rng: Generator) -> Mapping[str, Vertebra]:
    """ "C1" to "S1" of one person: correlated lognormals around `mean_vertebrae`."""
    return _by_level(draw("vertebrae", subject, rng))


def _by_level(measures: Mapping[str, float]) -> dict[str, Vertebra]:
    fields: dict[str, dict[str, float]] = {level: {} for level in LEVELS}
    for name, value in measures.items():
        level, _, field = name.partition("_")
        fields[level][field] = value
    return {level: Vertebra(**values) for level, values in fields.items()}
