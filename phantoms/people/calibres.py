"""How wide the tubes of a person are: arteries and veins by level, airways, ducts and bowel, outer diameter in mm."""

from collections.abc import Mapping

from numpy.random import Generator

from phantoms.people.traits import draw, means
from simdata import Subject


def mean_calibres(subject: Subject) -> Mapping[str, float]:
    """Diameters of the average person of that sex, age and size, mm."""
    return means("calibres", subject)


def draw_calibres(subject: Subject, rng: Generator) -> Mapping[str, float]:
    """Diameters of one person, mm: correlated lognormals around `mean_calibres`."""
    return draw("calibres", subject, rng)
