"""One muscle as a solid, and the ways to shape it: a bundle along a line, a sheet on the wall of the trunk."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator
from scipy.interpolate import PchipInterpolator

from phantoms.anatomy.blade import prism
from phantoms.anatomy.trunk import BOTTOM_MM, HALF_DEG, HEIGHTS_MM, STEP_MM, Trunk
from phantoms.solids import Lattice, Polar, Solid, Tube, Waves, depths, tube

FRONT_VIEW = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
"""Axes for an outline in x and z."""
SIDE_VIEW = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
"""Axes for an outline in y and z."""
THICKEST_MM, HALVINGS = 64.0, 8


@dataclass(frozen=True, eq=False)
class Muscle:
    """name: structure without its side. shape: of the right side. room: what it may fill, the same on both sides.

    seam: width of the fat around it, as a share of the usual. sinews: tendinous parts of it, right side. streaks: a
    field whose crests are fat between its fascicles.
    """

    name: str
    shape: Solid
    room: Solid
    seam: float = 1.0
    sinews: tuple[Solid, ...] = ()
    streaks: Waves | None = None


def bundle(knots, flat=(0.0, 0.0, 0.0)) -> Tube:
    """A belly along knots of (x, y, z, radius), mm; thinner along `flat` by its length."""
    table = np.array([knot[:4] for knot in knots], float)
    return tube(table[:, :3], table[:, 3], 9.0, flat)


@cache
def seen_from_front(corners) -> Lattice:
    """All between front and back within an outline in x and z, mm."""
    return prism(corners, FRONT_VIEW)


@cache
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
    angles, heights = np.meshgrid(np.radians(HALF_DEG), HEIGHTS_MM)
    inner, centre = trunk.wall.radii[:, len(HALF_DEG) - 1 :], trunk.wall.axis[:, 1][:, None]
    low, high = np.zeros_like(inner), np.full_like(inner, THICKEST_MM)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rho = inner + middle
        points = np.stack([rho * np.sin(angles), centre + rho * np.cos(angles), heights], axis=-1)
        within = depths(trunk.muscle, points) > 0
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    thick = np.concatenate([low[:, :0:-1], low], axis=1)
    return [Polar(trunk.wall.radii + share * thick, trunk.wall.axis, BOTTOM_MM, STEP_MM) for share in shares]


def fascicles(normal, apart_mm: float, rng: Generator) -> Waves:
    """A field with crests `apart_mm` from each other along `normal`, crossed by weaker ones; gradient about 1."""
    across = np.asarray(normal, float) / np.linalg.norm(normal)
    others = across + 0.9 * rng.standard_normal((4, 3))
    k = 2 * np.pi / apart_mm * np.concatenate([across[None], others * rng.uniform(0.3, 0.7, (4, 1))])
    amplitude = apart_mm / (2 * np.pi) * np.array([1.0, 0.22, 0.22, 0.22, 0.22])
    return Waves(k, rng.uniform(0, 2 * np.pi, 5), amplitude)
