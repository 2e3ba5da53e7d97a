"""How the wall of an eye lies in an OCT's picture: as a bowl that may lean, with the foveal pit in its inner surface.

A patient's wall is laid flat along its inner surface. The beams of an OCT turn about a point in the pupil, and each is
one column of the picture: a wall that is a sphere round that point looks flat. It is curved more than that, and comes
nearer beside the axis, by r^2 / 2 (1 / radius - 1 / pivot).
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float
from numpy import ndarray

from simdata import Part

Map = Float[ndarray, "x y"]


@dataclass(frozen=True, kw_only=True)
class Bowl(Part):
    """radius_mm: of the back of the eye; pivot_mm: from there to where the beams turn (Gullstrand's eye, from memory).

    tilt_deg: how steeply the wall falls along (x, y), because the beam enters beside the middle of the pupil.
    top_mm: of vitreous above the nearest place of the retina.
    """

    radius_mm: Annotated[float, Gt(0)] = 12.0
    pivot_mm: Annotated[float, Gt(0)] = 17.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    top_mm: Annotated[float, Ge(0)] = 0.25

    def outer_mm(self, x_mm: Map, y_mm: Map) -> Map:
        """Depth of the retina's outer surface below where it lies on the axis."""
        fall = np.tan(np.radians(self.tilt_deg))
        return fall[0] * x_mm + fall[1] * y_mm - (x_mm**2 + y_mm**2) / 2 * (1 / self.radius_mm - 1 / self.pivot_mm)
