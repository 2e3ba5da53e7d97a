"""Places for several lesions of one structure, none of which touches another."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.lesions.room import rooms
from simdata.errors import SceneError
from simdata.grid import Grid


def scattered(
    host: Bool[ndarray, "x y z"], grid: Grid, diameters_mm: Sequence[float], rng: Generator, lesion: str, structure: str
) -> list[Float[ndarray, " 3"]]:
    """A random place for each ball, in their order, two voxels apart at least. Raises SceneError if one finds none."""
    corner, step, room_mm = rooms(host, grid)
    voxels = np.argwhere(room_mm >= min(diameters_mm) / 2)
    places_mm = grid.world_mm(step * voxels + corner)
    room = room_mm[tuple(voxels.T)]
    found: list[Float[ndarray, " 3"]] = []
    for diameter_mm in diameters_mm:
        fits = np.flatnonzero(room >= diameter_mm / 2)
        if not fits.size:
            raise SceneError(
                f"{lesion}: found room for {len(found)} of {len(diameters_mm)} in '{structure}', not for one more of "
                f"{diameter_mm:g} mm; fewer or smaller ones would do"
            )
        found.append(places_mm[rng.choice(fits)])
        gap_mm = diameter_mm / 2 + 2 * max(grid.spacing_mm)
        room = np.minimum(room, np.linalg.norm(places_mm - found[-1], axis=1) - gap_mm)
    return found
