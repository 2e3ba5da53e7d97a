"""A lump: a ball whose surface bulges and dents, of exactly the volume that is asked for, and its shells."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.optimize import root_scalar

from phantoms.filling import Filling
from phantoms.strokes import Block
from simdata.grid import Grid

WAVES = 24
FAR = 4.0
"""Deviations of ln(radius) that the farthest bulge stays below."""
ROOM = 1.5
"""Of the radius, at least: so far a lump may be scaled without being cut off."""


@dataclass(frozen=True)
class Surface:
    """How a lump looks from outside. roughness: standard deviation of ln(radius) over the surface.

    fewest, most: wave numbers of its bulges, rad per radius: about as many go around it.
    """

    roughness: float = 0.08
    fewest: float = 2.5
    most: float = 7.0


@dataclass(frozen=True, eq=False)
class Lump:
    """distance_mm: of every voxel of a block from the middle. radius_mm: of the surface in its direction.
    edge_mm: how far a voxel reaches in that direction."""

    block: Block
    distance_mm: Float32[ndarray, "a b c"]
    radius_mm: Float32[ndarray, "a b c"]
    edge_mm: Float32[ndarray, "a b c"]

    def filled(self, grown_mm: float = 0.0, scale: float = 1.0) -> Filling:
        """What the lump fills of every voxel, its surface moved outwards by grown_mm after scaling."""
        surface_mm = self.radius_mm * np.float32(scale) + np.float32(grown_mm)
        return self.block, _filled(self.distance_mm, surface_mm, self.edge_mm)


def lump(
    grid: Grid,
    centre_mm: Float[ndarray, " 3"],
    diameter_mm: float,
    rng: Generator,
    surface: Surface = Surface(),
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Lump:
    """A lump with the volume of a sphere of that diameter: r(d) = r0 exp(s g(d)) in direction d, g a smooth noise of
    mean 0 and variance 1.

    stretch: along x, y, z before the volume is met. What lies beyond the grid is cut off.
    """
    shape = np.array(stretch, np.float32) / float(np.prod(stretch)) ** (1 / 3)
    reach_mm = diameter_mm / 2 * float(shape.max() * max(np.exp(FAR * surface.roughness), ROOM))
    low, high = _box(grid, centre_mm, reach_mm)
    distance, direction = _polar(grid, centre_mm, low, high)
    along = np.abs(direction @ (grid.affine[:3, :3] / grid.spacing_mm).astype(np.float32))
    edge_mm = np.maximum(along @ np.array(grid.spacing_mm, np.float32), np.float32(min(grid.spacing_mm)))
    bulge = _bulges(direction, surface, rng) / np.linalg.norm(direction / shape, axis=-1)

    def excess_mm3(radius_mm: float) -> float:
        filled = _filled(distance, bulge * np.float32(radius_mm), edge_mm)
        return float(filled.sum(dtype=float)) * grid.voxel_mm3 - np.pi / 6 * diameter_mm**3

    most_mm = diameter_mm + float(edge_mm.max())
    radius_mm = root_scalar(excess_mm3, bracket=(-most_mm, most_mm), xtol=1e-3).root

    first, last = (np.clip(end, 0, grid.shape).tolist() for end in (low, high))
    kept = tuple(slice(a - s, b - s) for a, b, s in zip(first, last, low.tolist(), strict=True))
    block = slice(first[0], last[0]), slice(first[1], last[1]), slice(first[2], last[2])
    return Lump(block, distance[kept], bulge[kept] * np.float32(radius_mm), edge_mm[kept])


def _box(grid: Grid, centre_mm: Float[ndarray, " 3"], reach_mm: float) -> tuple[Int[ndarray, " 3"], Int[ndarray, " 3"]]:
    """First voxel of a box that holds all within reach, and the one after its last; it may go beyond the grid."""
    middle = grid.index(centre_mm)
    half = np.ceil(reach_mm * np.abs(np.linalg.inv(grid.affine[:3, :3])).sum(axis=1)) + 1
    return np.floor(middle - half).astype(int), np.ceil(middle + half).astype(int) + 1


def _polar(
    grid: Grid, centre_mm: Float[ndarray, " 3"], low: Int[ndarray, " 3"], high: Int[ndarray, " 3"]
) -> tuple[Float32[ndarray, "a b c"], Float32[ndarray, "a b c 3"]]:
    """How far the voxels of a box lie from the middle, mm, and in which direction; at the middle itself any will do."""
    index = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1)
    offset = (grid.world_mm(index) - centre_mm).astype(np.float32)
    distance = np.linalg.norm(offset, axis=-1)
    offset[distance == 0] = (1, 0, 0)
    return distance, offset / np.where(distance > 0, distance, np.float32(1))[..., None]


def _filled(
    distance_mm: Float32[ndarray, "a b c"], surface_mm: Float32[ndarray, "a b c"], edge_mm: Float32[ndarray, "a b c"]
) -> Float32[ndarray, "a b c"]:
    return np.clip(0.5 + (surface_mm - distance_mm) / edge_mm, 0, 1).astype(np.float32)


def _bulges(direction: Float32[ndarray, "a b c 3"], surface: Surface, rng: Generator) -> Float32[ndarray, "a b c"]:
    """Plane waves of random direction, length and phase, read on the unit sphere: exp of a noise of variance s^2."""
    heading = rng.standard_normal((WAVES, 3))
    heading /= np.linalg.norm(heading, axis=1, keepdims=True)
    lobes = rng.uniform(surface.fewest, surface.most, (WAVES, 1))
    phase = rng.uniform(0, 2 * np.pi, WAVES).astype(np.float32)
    total = np.zeros(direction.shape[:3], np.float32)
    for wave, shift in zip((lobes * heading).astype(np.float32), phase, strict=True):
        total += np.cos(direction @ wave + shift)
    return np.exp(total * np.float32(surface.roughness * np.sqrt(2 / WAVES)))
