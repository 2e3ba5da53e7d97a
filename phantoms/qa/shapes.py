"""Solids of a phantom: rods, plates and discs along an axis, and ellipsoids, each by the share of voxels it fills."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float, Float32, Float64
from numpy import ndarray
from scipy.spatial.transform import Rotation

from phantoms.qa.sections import Section, slab_shares
from phantoms.strokes import Block, block_of
from simdata import Grid

Millimetres = tuple[float, float, float]
POINTS = 8
"""Points along the edge of a voxel at which an ellipsoid is looked at."""
POINTS_IN_SMALL = 32
"""Points along the axes of an ellipsoid that is smaller than a voxel."""


class Shape(ABC):
    """A solid in RAS+ mm; grids run along its axes."""

    @property
    @abstractmethod
    def bounds_mm(self) -> tuple[Millimetres, Millimetres]:
        """Lowest and highest (x, y, z)."""

    @property
    @abstractmethod
    def volume_mm3(self) -> float: ...

    @abstractmethod
    def _shares(
        self,
        at_mm: tuple[Float64[ndarray, " x"], Float64[ndarray, " y"], Float64[ndarray, " z"]],
        voxel_mm: Millimetres,
    ) -> Float64[ndarray, "x y z"]:
        """The share of each voxel around those places."""

    @property
    def centre_mm(self) -> Millimetres:
        x, y, z = np.mean(self.bounds_mm, axis=0).tolist()
        return x, y, z

    @property
    def extent_mm(self) -> Millimetres:
        x, y, z = np.diff(self.bounds_mm, axis=0)[0].tolist()
        return x, y, z

    def filled(self, grid: Grid) -> tuple[Block, Float32[ndarray, "x y z"]]:
        """The block of voxels that it may touch, and the share of each that it fills, 0 to 1."""
        low, high = (grid.index(np.array(end)) for end in self.bounds_mm)
        block = block_of(grid, low - 0.5, high + 0.5)
        first = grid.affine[:3, 3]
        x, y, z = (first[a] + grid.spacing_mm[a] * np.arange(block[a].start, block[a].stop) for a in range(3))
        if not x.size or not y.size or not z.size:
            return block, np.zeros((x.size, y.size, z.size), np.float32)
        return block, self._shares((x, y, z), grid.spacing_mm).astype(np.float32)


@dataclass(frozen=True)
class Along(Shape):
    """A section drawn out along an axis of the patient, 0 to 2, from one height to another: exact along it.

    The section lies in the other two axes, in their order: (y, z) of a solid along x.
    """

    section: Section
    ends_mm: tuple[float, float]
    axis: int = 2

    @property
    def bounds_mm(self) -> tuple[Millimetres, Millimetres]:
        ends = [list(end) for end in self.section.bounds_mm]
        for end, along in zip(ends, self.ends_mm, strict=True):
            end.insert(self.axis, along)
        (x0, y0, z0), (x1, y1, z1) = ends
        return (x0, y0, z0), (x1, y1, z1)

    @property
    def volume_mm3(self) -> float:
        return self.section.area_mm2 * (self.ends_mm[1] - self.ends_mm[0])

    def _shares(
        self,
        at_mm: tuple[Float64[ndarray, " x"], Float64[ndarray, " y"], Float64[ndarray, " z"]],
        voxel_mm: Millimetres,
    ) -> Float64[ndarray, "x y z"]:
        u, v = (axis for axis in range(3) if axis != self.axis)
        across = self.section.shares(at_mm[u], at_mm[v], (voxel_mm[u], voxel_mm[v]))
        along = slab_shares(at_mm[self.axis], self.ends_mm, voxel_mm[self.axis])
        return np.moveaxis(across[..., None] * along, -1, self.axis)


@dataclass(frozen=True)
class Ball(Shape):
    """An ellipsoid: half axes along x, y, z, then turned. turned_deg: about z, the new x, and the new z."""

    at_mm: Millimetres
    half_axes_mm: Millimetres
    turned_deg: Millimetres = (0.0, 0.0, 0.0)

    @property
    def bounds_mm(self) -> tuple[Millimetres, Millimetres]:
        reach = np.linalg.norm(self.turn * self.half_axes_mm, axis=1)
        (x0, y0, z0), (x1, y1, z1) = (self.at_mm - reach).tolist(), (self.at_mm + reach).tolist()
        return (x0, y0, z0), (x1, y1, z1)

    @property
    def volume_mm3(self) -> float:
        return float(4 / 3 * np.pi * np.prod(self.half_axes_mm))

    @property
    def turn(self) -> Float64[ndarray, "3 3"]:
        """From its own axes to the patient's."""
        return Rotation.from_euler("ZXZ", self.turned_deg, degrees=True).as_matrix()

    def depth_mm(self, points_mm: Float[ndarray, "*n 3"]) -> Float64[ndarray, "*n"]:
        """How deep points lie inside, at most: (1 - |unit|) times the shortest half axis."""
        unit = (np.asarray(points_mm, float) - self.at_mm) @ self.turn / self.half_axes_mm
        return (1 - np.sqrt(np.einsum("...i,...i->...", unit, unit))) * min(self.half_axes_mm)

    def _shares(
        self,
        at_mm: tuple[Float64[ndarray, " x"], Float64[ndarray, " y"], Float64[ndarray, " z"]],
        voxel_mm: Millimetres,
    ) -> Float64[ndarray, "x y z"]:
        if min(self.half_axes_mm) < max(voxel_mm):
            return self._strewn(at_mm, voxel_mm)
        points_mm = np.stack(np.meshgrid(*at_mm, indexing="ij"), axis=-1)
        depth_mm = self.depth_mm(points_mm)
        share = (depth_mm > 0).astype(float)
        edge = np.abs(depth_mm) < np.linalg.norm(voxel_mm) / 2
        within = (np.arange(POINTS) + 0.5) / POINTS - 0.5
        unit = (points_mm[edge] - self.at_mm) @ self.turn / self.half_axes_mm
        steps = (self.turn / self.half_axes_mm) * np.array(voxel_mm)[:, None]
        count = np.zeros(len(unit))
        for at in product(within, within, within):
            x, y, z = (unit + np.array(at) @ steps).T
            count += x * x + y * y + z * z < 1
        share[edge] = count / POINTS**3
        return share

    def _strewn(
        self,
        at_mm: tuple[Float64[ndarray, " x"], Float64[ndarray, " y"], Float64[ndarray, " z"]],
        voxel_mm: Millimetres,
    ) -> Float64[ndarray, "x y z"]:
        """Of a small or thin one: a lattice of points in it, each with its part of the volume, dropped into voxels."""
        dense = int(POINTS_IN_SMALL * np.clip(max(self.half_axes_mm) / max(voxel_mm), 1, 4))
        within = 2 * (np.arange(dense) + 0.5) / dense - 1
        unit = np.stack(np.meshgrid(within, within, within, indexing="ij"), axis=-1).reshape(-1, 3)
        inside = unit[(unit**2).sum(axis=1) < 1]
        points_mm = self.at_mm + (inside * self.half_axes_mm) @ self.turn.T
        first, shape = np.array([at[0] for at in at_mm]), np.array([len(at) for at in at_mm])
        index = np.rint((points_mm - first) / voxel_mm).astype(int)
        index = index[((index >= 0) & (index < shape)).all(axis=1)]
        count = np.bincount(np.ravel_multi_index(tuple(index.T), shape), minlength=int(shape.prod()))
        each = self.volume_mm3 / len(inside) / np.prod(voxel_mm)
        return np.minimum(count.reshape(shape) * each, 1)


def sphere(at_mm: Millimetres, diameter_mm: float) -> Ball:
    """A ball that is round."""
    radius_mm = diameter_mm / 2
    return Ball(at_mm, (radius_mm, radius_mm, radius_mm))
