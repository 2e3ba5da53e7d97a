"""The sulci that every brain has, with their places and depths: phantoms/tables/sulci.csv."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from phantoms.anatomy.stereotaxy import at

STEP_MM = 1.0


@dataclass(frozen=True, eq=False)
class Sulcus:
    """A sulcus of the right hemisphere.

    line_mm: (n, 3) from its beginning to its end, reference mm. depth_mm: how far it reaches down. side_sign: whether
    the ridge on its left, as one goes along it seen from outside, counts as 1 or -1; neighbours that face each other
    agree.
    """

    name: str
    line_mm: Float[ndarray, "n 3"]
    depth_mm: float
    side_sign: int


@cache
def sulci() -> tuple[Sulcus, ...]:
    """Every sulcus of the table."""
    text = (files("phantoms") / "tables" / "sulci.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(
        Sulcus(row["sulcus"], at(*_line(row["points_mm"])), float(row["depth_mm"]), int(row["side_sign"]))
        for row in rows
    )


def _line(points: str) -> Float[ndarray, "n 3"]:
    """A smooth line through points that are written as "x y z; x y z"."""
    places = np.array([[float(number) for number in place.split()] for place in points.split(";")])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))])
    return PchipInterpolator(along, places)(np.arange(0, along[-1] + STEP_MM, STEP_MM))
