"""The way of the vertebral arteries through the neck, and the canals that the vertebrae leave them."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.vertebra import Vertebra
from phantoms.anatomy.vertebral_arch import joined
from phantoms.solids import Tube, tube


def vertebral_artery_mm(bones: Mapping[str, Vertebra], side: int) -> Float[ndarray, "n 3"]:
    """The way of a vertebral artery (side 1 right, -1 left) from below C7 through the foramina of C6 to C1, mm."""
    path = [bones["C7"].place(side * 17, bones["C7"].back_mm + 9, 0)]
    path += [bones[f"C{n}"].place(side * 14.8, bones[f"C{n}"].back_mm + 3.5, 0) for n in (6, 5, 4, 3)]
    return np.array(
        [
            *path,
            bones["C2"].place(side * 19, -5, -2),
            bones["C1"].place(side * 26.5, -0.5, 0),
            bones["C1"].place(side * 26, -4, 11),
        ]
    )


def artery_canals(bones: dict[str, Vertebra]) -> Tube:
    """The canals of both sides through the transverse processes of C6 to C1."""
    sides = []
    for side in (1, -1):
        path = [bones[f"C{n}"].place(side * 14.8, bones[f"C{n}"].back_mm + 3.5, 0) for n in (6, 5, 4, 3)]
        path = [
            path[0] - 14 * bones["C6"].up,
            *path,
            bones["C2"].place(side * 19, -5, -2),
            bones["C1"].place(side * 26.5, -0.5, 0),
        ]
        sides.append(tube([*path, path[-1] + 10 * bones["C1"].up], 2.9, 8.0))
    return joined(sides)
