"""The smooth surface of a hemisphere, as points, with what a field on it needs: diffusion along it, and a way inwards.

The sphere of neighbours of a point, weighted by a Gaussian and freed of how densely points lie, is one step of
diffusion (Coifman and Lafon, Appl Comput Harmon Anal 2006;21:5). A lattice around the surface takes what lies at the
nearest points, so that a field is carried along normals.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_matrix, diags
from scipy.spatial import KDTree

from phantoms.solids import Lattice, Solid, depths

LATTICE_MM, SURFACE_MM = 3.0, 2.4
LOW, HIGH = (-3.0, -108.0, 336.0), (75.0, 81.0, 483.0)
"""Around the right hemisphere of the reference body."""
NEAR, NEAREST, SMOOTH_MM = 14, 6, 2.4
FACING = 0.2
"""Cosine between normals from which on points belong to the same side of a fold of the surface."""
INWARDS_MM = 32.0
"""How far inwards the middle of a lobe is looked for."""


@dataclass(frozen=True, eq=False)
class Surface:
    """The surface of a right hemisphere without sulci, as points.

    points, normals (outwards): (n, 3). room_mm: (n,), how deep one can get on the way straight inwards. spread: (n, n),
    one step of diffusion. step_mm2: variance of that step along the surface. carry: (lattice, n), from the surface to a
    lattice around it, along normals.
    """

    points: Float[ndarray, "n 3"]
    normals: Float[ndarray, "n 3"]
    room_mm: Float[ndarray, " n"]
    spread: csr_matrix
    step_mm2: float
    carry: csr_matrix


def surface_of(hemisphere: Solid) -> Surface:
    """Points on a solid, the diffusion along it, and how a field on it is carried to the lattice around it."""
    points, normals = _on(hemisphere)
    away, near = (np.asarray(found) for found in KDTree(points).query(points, NEAR))
    same_side = (normals[near] * normals[:, None]).sum(-1) > FACING
    weight = np.exp(-0.5 * (away / SMOOTH_MM) ** 2) * same_side
    spread = _matrix(weight, near, len(points))
    crowded = diags(1 / np.asarray(spread.sum(axis=1)).ravel())
    spread = crowded @ spread @ crowded
    spread = csr_matrix(diags(1 / np.asarray(spread.sum(axis=1)).ravel()) @ spread)
    moved = np.asarray(spread.multiply(_matrix(away**2, near, len(points))).sum(axis=1)).ravel()

    away, near = (np.asarray(found) for found in KDTree(points).query(_lattice_points(), NEAREST))
    weight = np.exp(-0.5 * (away**2 - away[:, :1] ** 2) / SMOOTH_MM**2)
    carry = _matrix(weight / weight.sum(axis=1, keepdims=True), near, len(points))
    return Surface(points, normals, _room(hemisphere, points, normals), spread, float(moved.mean()) / 2, carry)


@cache
def _lattice_points() -> Float[ndarray, "m 3"]:
    return np.stack(np.meshgrid(*_axes(), indexing="ij"), axis=-1).reshape(-1, 3)


def _axes() -> list[Float[ndarray, " n"]]:
    return [np.arange(a, b + LATTICE_MM, LATTICE_MM) for a, b in zip(LOW, HIGH, strict=True)]


def lattice(values: Float[ndarray, "..."]) -> Lattice:
    """Values at the lattice around the surface, mm, as a field."""
    return Lattice(values.reshape([len(axis) for axis in _axes()]), LOW, LATTICE_MM)


def _matrix(weight: Float[ndarray, "n k"], column: Int[ndarray, "n k"], columns: int) -> csr_matrix:
    rows = np.repeat(np.arange(len(weight)), weight.shape[1])
    return csr_matrix((weight.ravel(), (rows, column.ravel())), shape=(len(weight), columns))


def _on(solid: Solid) -> tuple[Float[ndarray, "n 3"], Float[ndarray, "n 3"]]:
    """Points on a solid, about SURFACE_MM apart, and its normals there."""
    axes = [np.arange(a, b, SURFACE_MM) for a, b in zip(LOW, HIGH, strict=True)]
    depth = depths(solid, np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)).astype(float)
    slope = np.stack([*np.gradient(gaussian_filter(depth, 0.7), SURFACE_MM)], axis=-1)
    steep2 = (slope**2).sum(-1)
    at = np.argwhere((np.abs(depth) < 0.55 * SURFACE_MM) & (steep2 > 0.1))
    cut = tuple(at.T)
    points = np.array(LOW) + SURFACE_MM * at - (depth[cut] / steep2[cut])[:, None] * slope[cut]
    return points, -slope[cut] / np.sqrt(steep2[cut])[:, None]


def _room(solid: Solid, points: Float[ndarray, "n 3"], normals: Float[ndarray, "n 3"]) -> Float[ndarray, " n"]:
    """The greatest depth on the way from each point straight inwards, mm."""
    way_mm = np.arange(0.0, INWARDS_MM, 2.0)
    inside = points[:, None] - way_mm[:, None] * normals[:, None]
    return depths(solid, inside).max(axis=1).astype(float)
