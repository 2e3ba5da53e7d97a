"""The heart at end diastole: a prolate left ventricle, the right one wrapped around it, two atria behind.

The long axis points left, forward and down. Sizes at scale 1: left ventricle 48 mm across, wall 9.5 mm (CMR normals of
Kawel-Boehm 2020), right ventricle 35 mm wide in the four-chamber view, left atrium 38 mm deep.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from phantoms.torso.canvas import Canvas
from phantoms.torso.shapes import FAR_MM, ellipsoid, smooth_union

APEX = np.array([-0.66, 0.58, -0.48]) / np.linalg.norm([-0.66, 0.58, -0.48])
TO_RIGHT_VENTRICLE = np.array([0.62, 0.76, 0.07])
HINGE_MM = np.array([10.0, 10.0, 28.0])


@dataclass(frozen=True)
class Heart:
    """scale: size over the reference heart. lift_mm: how far it rides up or down with the diaphragm."""

    scale: float = 1.0
    lift_mm: float = 0.0

    @cached_property
    def axes(self) -> Float[ndarray, "3 3"]:
        """Rows: from left to right ventricle, across both, and to the apex; orthonormal."""
        across = TO_RIGHT_VENTRICLE - APEX * (APEX @ TO_RIGHT_VENTRICLE)
        across /= np.linalg.norm(across)
        return np.stack([across, np.cross(APEX, across), APEX])

    def place(self, x_mm: float, y_mm: float, z_mm: float) -> ndarray:
        """A point of the reference heart where this heart has it, mm."""
        return HINGE_MM + self.scale * (np.array([x_mm, y_mm, z_mm]) - HINGE_MM) + np.array([0, 0, self.lift_mm])

    def _shape(self, points, centre, radii, axes=((1, 0, 0), (0, 1, 0), (0, 0, 1))):
        return ellipsoid(points, self.place(*centre), self.scale * np.asarray(radii, float), axes)

    def _before_base(self, points, base_mm: float):
        """How far a point lies on the apex side of the plane of the valves, mm."""
        origin = self.place(*(LEFT_VENTRICLE + base_mm * APEX))
        return sum((p - np.float32(o)) * np.float32(a) for p, o, a in zip(points, origin, APEX, strict=True))

    def depths(self, points) -> dict[str, Float32[ndarray, "x y z"]]:
        """Depth inside each chamber, inside the ventricular walls and inside the whole heart, mm."""
        left_wall = np.minimum(
            self._shape(points, LEFT_VENTRICLE, (33.5, 33.5, 70), self.axes), self._before_base(points, -36)
        )
        left = np.minimum(
            self._shape(points, LEFT_VENTRICLE, (24, 24, 60.5), self.axes), self._before_base(points, -30)
        )
        centre = LEFT_VENTRICLE + 25 * self.axes[0] + 3 * self.axes[1] - 3 * APEX
        right_wall = self._shape(points, centre, (35.5, 41, 60), self.axes)
        right_wall = np.minimum(right_wall, self._before_base(points, -50))
        right = np.minimum(np.minimum(right_wall - 3.5, self._before_base(points, -45)), -left_wall - 0.3)
        atrium_left = self._shape(points, (-3, -12, 40), (34, 21, 27))
        atrium_right = self._shape(points, (39, 18, 25), (26, 29, 32))
        whole = smooth_union(left_wall, right_wall, 10)
        whole = smooth_union(whole, smooth_union(atrium_left, atrium_right, 8) + np.float32(2), 16)
        return {
            "heart_left_ventricle": left,
            "heart_right_ventricle": right,
            "heart_left_atrium": np.minimum(atrium_left, -left_wall - np.float32(1)),
            "heart_right_atrium": np.minimum(atrium_right, np.minimum(-atrium_left, -right_wall) - np.float32(1.5)),
            "whole": whole,
        }


LEFT_VENTRICLE = np.array([-36.0, 21.0, 12.0])


def heart_depths(canvas: Canvas, heart: Heart, reach_mm: float) -> dict[str, Float32[ndarray, "x y z"]]:
    """`Heart.depths` over the whole canvas; -1000 mm farther than `reach_mm` from the heart."""
    half = 95 * heart.scale + reach_mm
    middle = heart.place(-10, 25, 15)
    cut = canvas.cut(middle - half, middle + half)
    spread = {}
    for part, depth in heart.depths([p[cut] for p in canvas.points]).items():
        spread[part] = np.full(canvas.x.shape, FAR_MM, np.float32)
        spread[part][cut] = depth
    return spread


def paint_heart(canvas: Canvas, depths: dict[str, Float32[ndarray, "x y z"]]) -> None:
    """Myocardium, then the four chambers, inside the mediastinum."""
    inside = (depths["whole"] > 0) & (canvas.cavity > 2)
    canvas.paint(inside, "heart_myocardium")
    for chamber in ("heart_right_ventricle", "heart_right_atrium", "heart_left_atrium", "heart_left_ventricle"):
        canvas.paint(inside & (depths[chamber] > 0) & (canvas.cavity > 4), chamber)
