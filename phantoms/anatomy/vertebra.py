"""One vertebra: its sizes, where it lies and how it is turned.

Sizes of bodies, pedicles, canals and processes are rounded from Panjabi et al. (Spine 1991;16:861 and 888, 1992;17:299)
and Berry et al. (Spine 1987;12:362).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray


class Size(NamedTuple):
    """Body height, disc below it, body width and depth, canal width and depth, pedicle width and height, mm.

    side, side_back, side_up: tip of the transverse process, from the midline, behind and above the middle of the
    back of the body, mm. process: from the arch to the tip of the spinous process, mm; tilt: how far it points down.
    """

    height: float
    disc: float
    width: float
    depth: float
    canal_width: float
    canal_depth: float
    pedicle_width: float
    pedicle_height: float
    side: float
    side_back: float
    side_up: float
    process: float
    tilt: float


TABLE = {
    "C1": Size(14.0, 3.0, 20, 14, 28, 19.0, 8.0, 8, 38, -2, 0, 0, 0),
    "C2": Size(18.0, 5.0, 18, 16, 24, 18.0, 8.0, 9, 27, -1, -3, 22, 15),
    "C3": Size(13.5, 5.0, 19, 15, 23, 15.5, 5.5, 7, 26, 1, -2, 15, 15),
    "C4": Size(13.0, 5.0, 19, 16, 24, 15.2, 5.5, 7, 26, 1, -2, 16, 18),
    "C5": Size(13.0, 5.0, 20, 16, 24, 15.2, 5.7, 7, 27, 1, -2, 19, 20),
    "C6": Size(13.5, 5.0, 22, 16, 25, 15.3, 5.9, 7, 28, 0, -2, 24, 20),
    "C7": Size(15.0, 5.0, 24, 17, 24, 15.3, 6.5, 7.5, 33, -4, 1, 33, 22),
    "T1": Size(17.0, 4.5, 28, 18, 21, 16.0, 8.5, 9, 37, -14, 3, 36, 25),
    "T2": Size(18.0, 4.0, 28, 19, 19, 15.6, 7.0, 10.5, 34, -17, 4, 34, 33),
    "T3": Size(18.0, 4.0, 28, 21, 18, 15.6, 6.0, 11, 32, -20, 4, 35, 40),
    "T4": Size(18.5, 4.0, 27, 23, 17, 15.8, 5.4, 11, 31, -22, 4, 36, 45),
    "T5": Size(19.0, 4.0, 27.5, 24.5, 17, 15.9, 5.4, 11, 31, -23, 4, 37, 50),
    "T6": Size(19.5, 4.0, 28.5, 26, 17, 16.0, 5.6, 11, 31, -24, 4, 38, 52),
    "T7": Size(20.0, 4.5, 30, 27.5, 17, 16.0, 5.8, 11.5, 31, -24, 5, 38, 52),
    "T8": Size(20.5, 4.5, 31.5, 28.5, 17, 16.0, 6.0, 12, 31, -24, 5, 37, 50),
    "T9": Size(21.0, 5.0, 33, 29.5, 18, 15.9, 6.4, 13, 30, -23, 5, 35, 45),
    "T10": Size(22.0, 5.0, 35, 30.5, 18, 15.8, 7.2, 14, 28, -21, 5, 32, 35),
    "T11": Size(23.0, 5.5, 38, 31, 20, 16.3, 8.6, 15.5, 25, -18, 5, 28, 20),
    "T12": Size(25.0, 6.5, 41, 32, 22, 17.6, 8.8, 16, 23, -17, 4, 28, 12),
    "L1": Size(26.0, 8.0, 43, 33, 23, 17.6, 8.6, 15.5, 37, -15, 4, 30, 8),
    "L2": Size(27.0, 9.0, 45, 34, 23, 16.8, 9.0, 15, 41, -15, 4, 31, 8),
    "L3": Size(27.0, 10.0, 47, 34.5, 23, 16.4, 10.5, 14.5, 45, -13, 4, 32, 8),
    "L4": Size(27.0, 11.0, 49, 35, 24, 16.0, 13.0, 14.5, 41, -12, 5, 30, 8),
    "L5": Size(27.0, 11.0, 51, 35.5, 27, 16.0, 16.0, 15, 43, -9, 6, 25, 10),
    "S1": Size(30.0, 0.0, 51, 33, 29, 15.0, 0, 0, 0, 0, 0, 0, 0),
}


@dataclass(frozen=True, eq=False)
class Vertebra:
    """One vertebra of a patient: the middle of its body, and unit vectors to its right, front and up as rows."""

    level: str
    centre_mm: Float[ndarray, "3"]
    axes: Float[ndarray, "3 3"]
    size: Size

    @property
    def right(self) -> Float[ndarray, "3"]:
        """Unit vector to the patient's right."""
        return self.axes[0]

    @property
    def front(self) -> Float[ndarray, "3"]:
        """Unit vector to the front."""
        return self.axes[1]

    @property
    def up(self) -> Float[ndarray, "3"]:
        """Unit vector along the spine, upwards."""
        return self.axes[2]

    @property
    def back_mm(self) -> float:
        """Where the back of the body lies on the axis to the front (negative), mm."""
        return -self.size.depth / 2

    @property
    def canal_mm(self) -> float:
        """Where the middle of the canal lies on the axis to the front (negative), mm."""
        return self.back_mm - self.size.canal_depth / 2 + 1.0

    def place(self, right: float, front: float, up: float) -> Float[ndarray, "3"]:
        """A point `right`, `front` and `up` mm from the middle of the body, in the reference body."""
        return self.centre_mm + np.array([right, front, up]) @ self.axes


def axes_along(up, turn_rad: float = 0.0) -> Float[ndarray, "3 3"]:
    """Rows right, front, up; turned about `up`, the front towards the right."""
    up = np.asarray(up, float) / np.linalg.norm(up)
    front = np.cross(up, (1.0, 0.0, 0.0))
    front /= np.linalg.norm(front)
    right = np.cross(front, up)
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    return np.stack([c * right - s * front, c * front + s * right, up])
