"""One muscle as a solid, and the ways to shape it: a bundle along a line, a sheet on the wall of the trunk."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from phantoms.anatomy.blade import prism
from phantoms.anatomy.trunk import BOTTOM_MM, HALF_DEG, HEIGHTS_MM, STEP_MM, Trunk
from phantoms.solids import Lattice, Polar, Solid, Tube, tube

FRONT_VIEW = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
"""Axes for an outline in x and z."""
SIDE_VIEW = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
"""Axes for an outline in y and z."""
RAY_MM = np.arange(0.0, 62.0, 1.0)


@dataclass(frozen=True, eq=False)
class Muscle:
    """name: structure without its side. shape: of the right side. room: what it may fill, the same on both sides.

    seam: width of the fat around it, as a share of the usual. sinews: tendinous parts of it, right side.
    """

    name: str
    shape: Solid
    room: Solid
    seam: float = 1.0
    sinews: tuple[Solid, ...] = ()


def bundle(knots, flat=(0.0, 0.0, 0.0)) -> Tube:
    """A belly along knots of (x, y, z, radius), mm; thinner along `flat` by its length."""
    table = np.array([knot[:4] for knot in knots], float)
    return tube(table[:, :3], table[:, 3], 9.0, flat)


def seen_from_front(corners) -> Lattice:
    """All between front and back within an outline in x and z, mm."""
    return prism(corners, FRONT_VIEW)


def seen_from_side(corners) -> Lattice:
    """All from side to side within an outline in y and z, mm."""
    return prism(corners, SIDE_VIEW)


def level(bones, z_mm: float) -> np.ndarray:
    """Middle of the vertebral body (or disc) at a height, mm."""
    order = sorted((bone.centre_mm for bone in bones.values()), key=lambda centre: centre[2])
    heights = [centre[2] for centre in order]
    line = PchipInterpolator(heights, np.array(order))(np.clip(z_mm, heights[0], heights[-1]))
    return np.array([line[0], line[1], z_mm])


def beside(bones, right_mm: float, front_mm: float, z_mm: float) -> np.ndarray:
    """A point right and in front of the middle of the vertebral bodies at a height, mm."""
    return level(bones, z_mm) + np.array([right_mm, front_mm, 0.0])


def within_wall(trunk: Trunk, shares) -> list[Polar]:
    """Outlines between the cavity (share 0) and the outside of the muscles (1)."""
    angles, heights = np.meshgrid(np.concatenate([-HALF_DEG[:0:-1], HALF_DEG]), HEIGHTS_MM)
    inner = trunk.wall.radii
    turn = np.radians(angles)
    centre = trunk.wall.axis[:, 1][:, None]
    thick = np.zeros_like(inner)
    for step in RAY_MM:
        rho = inner + step
        points = np.stack([rho * np.sin(turn), centre + rho * np.cos(turn), heights], axis=-1)
        thick = np.where(trunk.muscle.depth(points) > 0, step, thick)
    return [Polar(inner + share * thick, trunk.wall.axis, BOTTOM_MM, STEP_MM) for share in shares]
