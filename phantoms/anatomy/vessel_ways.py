"""Vessels as tubes along their ways, as wide as they are in this patient.

Calibres are those of `phantoms.people.calibres` (Framingham, JKSR 2013;69:105 and others) for the reference man; a
patient's own come with the latents "calibre_NAME_mm" and "vessel_size".
"""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.airways import ridden
from phantoms.anatomy.body import Body
from phantoms.anatomy.vertebra import Vertebra
from phantoms.people.calibres import mean_calibres
from phantoms.people.organs import reference_adult
from phantoms.solids import Solid, tube

Bones = Mapping[str, Vertebra]
STEP_MM = 6.0
PUSHED, BESIDE = ((150.0, 166.0, 204.0, 232.0), (0.0, 1.0, 1.0, 0.0)), ((40.0, 52.0), (1.0, 0.0))
PUSHED_ASIDE, PUSHED_BACK = 0.9, 0.5
"""Over height and distance from the midline, how much of a large thyroid's growth vessels give way; aside and back."""


def radius_mm(body: Body, name: str) -> float:
    """Half the calibre of a vessel in the reference body; name: as in `phantoms.people.calibres`, or with a side."""
    reference, factor = _calibres(body)
    known = name if name in reference else name.removesuffix("_left").removesuffix("_right")
    return 0.5 * reference[known] * factor[known]


@lru_cache(maxsize=4)
def _calibres(body: Body) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Calibres of the reference man, mm, and by what this patient's differ: the usual size, then each one's own."""
    reference = mean_calibres(reference_adult("male"))
    ratio = {name: body.latent(f"calibre_{name}_mm", mm) / mm for name, mm in reference.items()}
    usual = float(np.exp(np.mean(np.log(list(ratio.values())))))
    return reference, {name: body.latent("vessel_size", 1.0) * own / usual for name, own in ratio.items()}


def way_tube(points, radii) -> Solid:
    """A vessel along a smooth line through `points` (n, 3) mm."""
    return tube(points, radii, STEP_MM)


def named(body: Body, table: Mapping[str, tuple]) -> dict[str, Solid]:
    """The vessels of a table of ways, as far as the breath lifts and the thyroid gland pushes them."""
    ways = {name: beside_thyroid(body, ridden(body, way)) for name, way in table.items()}
    return {name: way_tube(way, radius_mm(body, name)) for name, way in ways.items()}


def beside_thyroid(body: Body, way) -> Float[ndarray, "n 3"]:
    """A way along the neck, to the side of a thyroid gland that is larger than usual, and somewhat behind it."""
    points = np.array(way, float)
    near = np.interp(points[:, 2], *PUSHED) * np.interp(np.abs(points[:, 0]), *BESIDE)
    aside = max(body.grown("thyroid_gland"), 0.0) * near
    points[:, 0] += PUSHED_ASIDE * np.sign(points[:, 0]) * aside
    points[:, 1] -= PUSHED_BACK * aside
    return points


def mirrored(way) -> Float[ndarray, "n 3"]:
    """A way on the other side of the body."""
    return np.array(way, float) * (-1, 1, 1)


def both_sides(body: Body, name: str, right, calibre: str = "", thin: float = 1.0) -> dict[str, Solid]:
    """The same vessel on both sides, its end `thin` times as wide as its start."""
    radii = radius_mm(body, calibre or name) * np.linspace(1, thin, len(right))
    return {f"{name}_right": way_tube(right, radii), f"{name}_left": way_tube(mirrored(right), radii)}
