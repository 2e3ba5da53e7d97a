"""Cross sections of what is turned, bored or milled: discs, rectangles, outlines, and the share of each pixel in them.

A section tells of every point how deep it lies inside, mm, negative outside: its distance to the edge or less, so that
a pixel deeper than half its own diagonal is full, and only the others are looked at point by point.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

Plane = tuple[float, float]
POINTS, FINE_POINTS = (987, 610), (10946, 6765)
"""Fibonacci numbers that make a lattice of points in a pixel; the fine one for what is thinner than a pixel."""
AT_ONCE = 200_000
"""Points looked at together, which bounds the memory."""


class Section(ABC):
    """A region of a plane (u, v), mm."""

    @abstractmethod
    def depth_mm(self, u_mm: Float64[ndarray, "*n"], v_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        """How deep points lie inside, negative outside; at most as far from zero as from the edge."""

    @property
    @abstractmethod
    def bounds_mm(self) -> tuple[Plane, Plane]:
        """Lowest and highest (u, v)."""

    @property
    @abstractmethod
    def area_mm2(self) -> float: ...

    @property
    @abstractmethod
    def thinnest_mm(self) -> float:
        """Its smallest measure."""

    def shares(
        self, u_mm: Float64[ndarray, " u"], v_mm: Float64[ndarray, " v"], pixel_mm: Plane
    ) -> Float64[ndarray, "u v"]:
        """The share of each pixel around (u, v) that lies inside, 0 to 1, counted on a lattice of points."""
        u, v = np.meshgrid(u_mm, v_mm, indexing="ij")
        depth_mm = self.depth_mm(u, v)
        share = (depth_mm > 0).astype(float)
        edge = np.nonzero(np.abs(depth_mm) < np.hypot(*pixel_mm) / 2)
        points, step = POINTS if self.thinnest_mm > max(pixel_mm) else FINE_POINTS
        within = (np.arange(points) + 0.5) / points
        lattice = np.column_stack([within, (within * step) % 1]) - 0.5
        count = np.zeros(len(edge[0]), int)
        at_once = max(1, AT_ONCE // max(len(count), 1))
        for first in range(0, points, at_once):
            du, dv = (lattice[first : first + at_once] * pixel_mm).T[:, :, None]
            count += (self.depth_mm(u[edge] + du, v[edge] + dv) > 0).sum(axis=0)
        share[edge] = count / points
        return share


@dataclass(frozen=True)
class Disc(Section):
    """All within radius_mm of a point."""

    centre_mm: Plane
    radius_mm: float

    def depth_mm(self, u_mm: Float64[ndarray, "*n"], v_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        return self.radius_mm - np.hypot(u_mm - self.centre_mm[0], v_mm - self.centre_mm[1])

    @property
    def bounds_mm(self) -> tuple[Plane, Plane]:
        (u, v), r = self.centre_mm, self.radius_mm
        return (u - r, v - r), (u + r, v + r)

    @property
    def area_mm2(self) -> float:
        return float(np.pi * self.radius_mm**2)

    @property
    def thinnest_mm(self) -> float:
        return 2 * self.radius_mm


@dataclass(frozen=True)
class Rectangle(Section):
    """size_mm around a point, turned against the clock by turned_deg; exact where it is not turned."""

    centre_mm: Plane
    size_mm: Plane
    turned_deg: float = 0.0

    def depth_mm(self, u_mm: Float64[ndarray, "*n"], v_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        cos, sin = np.cos(np.radians(self.turned_deg)), np.sin(np.radians(self.turned_deg))
        u, v = u_mm - self.centre_mm[0], v_mm - self.centre_mm[1]
        along, across = np.abs(cos * u + sin * v), np.abs(cos * v - sin * u)
        return np.minimum(self.size_mm[0] / 2 - along, self.size_mm[1] / 2 - across)

    @property
    def bounds_mm(self) -> tuple[Plane, Plane]:
        cos, sin = abs(np.cos(np.radians(self.turned_deg))), abs(np.sin(np.radians(self.turned_deg)))
        (u, v), (wide, high) = self.centre_mm, self.size_mm
        du, dv = float(cos * wide + sin * high) / 2, float(sin * wide + cos * high) / 2
        return (u - du, v - dv), (u + du, v + dv)

    @property
    def area_mm2(self) -> float:
        return self.size_mm[0] * self.size_mm[1]

    @property
    def thinnest_mm(self) -> float:
        return min(self.size_mm)

    def shares(
        self, u_mm: Float64[ndarray, " u"], v_mm: Float64[ndarray, " v"], pixel_mm: Plane
    ) -> Float64[ndarray, "u v"]:
        if self.turned_deg % 90:
            return super().shares(u_mm, v_mm, pixel_mm)
        low, high = self.bounds_mm
        across = slab_shares(u_mm, (low[0], high[0]), pixel_mm[0])
        return across[:, None] * slab_shares(v_mm, (low[1], high[1]), pixel_mm[1])


@dataclass(frozen=True)
class Polygon(Section):
    """A convex polygon, its corners against the clock."""

    corners_mm: tuple[Plane, ...]

    def depth_mm(self, u_mm: Float64[ndarray, "*n"], v_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        depths_mm = []
        for (u0, v0), (u1, v1) in self._edges:
            along = np.hypot(u1 - u0, v1 - v0)
            depths_mm.append(((u1 - u0) * (v_mm - v0) - (v1 - v0) * (u_mm - u0)) / along)
        return np.min(depths_mm, axis=0)

    @property
    def bounds_mm(self) -> tuple[Plane, Plane]:
        (u0, v0), (u1, v1) = np.min(self.corners_mm, axis=0).tolist(), np.max(self.corners_mm, axis=0).tolist()
        return (u0, v0), (u1, v1)

    @property
    def area_mm2(self) -> float:
        return sum(u0 * v1 - u1 * v0 for (u0, v0), (u1, v1) in self._edges) / 2

    @property
    def thinnest_mm(self) -> float:
        """Twice its area over its longest edge: the height over it of a triangle."""
        return 2 * self.area_mm2 / max(float(np.hypot(u1 - u0, v1 - v0)) for (u0, v0), (u1, v1) in self._edges)

    @property
    def _edges(self) -> Sequence[tuple[Plane, Plane]]:
        return list(zip(self.corners_mm, (*self.corners_mm[1:], self.corners_mm[0]), strict=True))


@dataclass(frozen=True)
class Joined(Section):
    """Several sections as one. area: what they cover together, which only the maker knows, mm2."""

    parts: tuple[Section, ...]
    area: float

    def depth_mm(self, u_mm: Float64[ndarray, "*n"], v_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        return np.max([part.depth_mm(u_mm, v_mm) for part in self.parts], axis=0)

    @property
    def bounds_mm(self) -> tuple[Plane, Plane]:
        low, high = (np.array(ends) for ends in zip(*(part.bounds_mm for part in self.parts), strict=True))
        (u0, v0), (u1, v1) = low.min(axis=0).tolist(), high.max(axis=0).tolist()
        return (u0, v0), (u1, v1)

    @property
    def area_mm2(self) -> float:
        return self.area

    @property
    def thinnest_mm(self) -> float:
        return min(part.thinnest_mm for part in self.parts)


@dataclass(frozen=True)
class Bored(Section):
    """A section with holes in it, which lie inside it and do not overlap."""

    whole: Section
    holes: tuple[Section, ...]

    def depth_mm(self, u_mm: Float64[ndarray, "*n"], v_mm: Float64[ndarray, "*n"]) -> Float64[ndarray, "*n"]:
        return np.min([self.whole.depth_mm(u_mm, v_mm), *(-hole.depth_mm(u_mm, v_mm) for hole in self.holes)], axis=0)

    @property
    def bounds_mm(self) -> tuple[Plane, Plane]:
        return self.whole.bounds_mm

    @property
    def area_mm2(self) -> float:
        return self.whole.area_mm2 - sum(hole.area_mm2 for hole in self.holes)

    @property
    def thinnest_mm(self) -> float:
        return min(part.thinnest_mm for part in (self.whole, *self.holes))

    def shares(
        self, u_mm: Float64[ndarray, " u"], v_mm: Float64[ndarray, " v"], pixel_mm: Plane
    ) -> Float64[ndarray, "u v"]:
        share = self.whole.shares(u_mm, v_mm, pixel_mm)
        for hole in self.holes:
            (u0, v0), (u1, v1) = hole.bounds_mm
            near = np.ix_(
                np.abs(u_mm - (u0 + u1) / 2) < (u1 - u0) / 2 + pixel_mm[0],
                np.abs(v_mm - (v0 + v1) / 2) < (v1 - v0) / 2 + pixel_mm[1],
            )
            if share[near].size:
                share[near] -= hole.shares(u_mm[near[0].ravel()], v_mm[near[1].ravel()], pixel_mm)
        return np.clip(share, 0, 1)


def slab_shares(at_mm: Float64[ndarray, " n"], ends_mm: Plane, wide_mm: float) -> Float64[ndarray, " n"]:
    """Share of each cell, wide_mm around at_mm, that lies between two ends; exact."""
    low, high = (np.clip(end, at_mm - wide_mm / 2, at_mm + wide_mm / 2) for end in ends_mm)
    return np.maximum(high - low, 0) / wide_mm
