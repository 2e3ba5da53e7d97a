"""The phantom of a physicist: an upright cylinder with rods, wires, discs and beads in it, as Catphan and ACR are."""

from dataclasses import dataclass
from itertools import product
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, Float64
from numpy import ndarray
from numpy.random import Generator

from phantoms.strokes import Block, blended
from simdata import Grid, Part, Phantom, RecipeError, Scene, Structure
from simdata.errors import did_you_mean
from simdata.structures import FIRST_FINDING_ID
from simdata.tissues import tissues

Voxels = Annotated[int, Ge(1), Le(2048)]
FINE, FINEST = 8, 64
"""Points along the edge of a voxel, and along the radius of an insert, by which its share is counted; and the most."""
GREY = (160, 160, 160)


@dataclass(frozen=True, kw_only=True)
class Insert(Part):
    """An upright cylinder of `tissue`. height_mm: left out, from the lowest to the highest slice.

    A small radius makes a wire, a small height a disc. centre_mm: RAS+.
    """

    tissue: str = "water"
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius_mm: Annotated[float, Gt(0)] = 6.0
    height_mm: Annotated[float, Gt(0)] | None = None

    def __post_init__(self) -> None:
        if self.tissue not in tissues():
            raise RecipeError(f"Insert: no tissue is called '{self.tissue}'; {did_you_mean(self.tissue, tissues())}")


@dataclass(frozen=True, kw_only=True)
class Cylinder(Phantom):
    """`body` in air with `inserts`, later ones on top: structures "cylinder", "insert_1", "insert_2" ...

    body: an insert as well, 20 cm of water unless another is given. Voxels on a boundary hold a share of each side.
    Raises RecipeError for a tissue that is not known.
    """

    body: Insert = Insert(tissue="water", radius_mm=100.0)
    inserts: tuple[Insert, ...] = ()
    voxel_mm: tuple[Annotated[float, Gt(0)], Annotated[float, Gt(0)], Annotated[float, Gt(0)]] = (1.0, 1.0, 1.0)
    shape: tuple[Voxels, Voxels, Voxels] = (224, 224, 32)

    def __call__(self, rng: Generator) -> Scene:
        grid = Grid.regular(self.shape, self.voxel_mm)
        scene = Scene(grid, np.zeros(grid.shape, np.uint16), np.zeros(grid.shape, np.uint8))
        for number, insert in enumerate((self.body, *self.inserts)):
            scene = blended(scene, [_filled(grid, insert)], _structure(insert, number))
        return scene


def _structure(insert: Insert, number: int) -> Structure:
    name = f"insert_{number}" if number else "cylinder"
    return Structure(FIRST_FINDING_ID + number, name, 0, insert.tissue, "", "", f"{name} of {insert.tissue}", GREY)


def _filled(grid: Grid, insert: Insert) -> tuple[Block, Float32[ndarray, "x y z"]]:
    """The share of every voxel."""
    x, y, z = (grid.affine[axis, 3] + grid.spacing_mm[axis] * np.arange(n) for axis, n in enumerate(grid.shape))
    across = _disc(x - insert.centre_mm[0], y - insert.centre_mm[1], insert.radius_mm, grid.spacing_mm[:2])
    along = _slab(z - insert.centre_mm[2], insert.height_mm, grid.spacing_mm[2])
    return (slice(None), slice(None), slice(None)), (across[..., None] * along).astype(np.float32)


def _disc(
    x_mm: Float64[ndarray, " x"], y_mm: Float64[ndarray, " y"], radius_mm: float, pixel_mm: tuple[float, ...]
) -> Float64[ndarray, "x y"]:
    """Share of each pixel within a circle around the origin, counted on points in those that may touch it."""
    points = int(np.clip(np.ceil(FINE * max(pixel_mm) / radius_mm), FINE, FINEST))
    within = (np.arange(points) + 0.5) / points - 0.5
    near = tuple(np.flatnonzero(np.abs(at) < radius_mm + mm) for at, mm in zip((x_mm, y_mm), pixel_mm, strict=True))
    x, y = x_mm[near[0]], y_mm[near[1]]
    share = np.zeros((len(x_mm), len(y_mm)))
    for dx, dy in product(within * pixel_mm[0], within * pixel_mm[1]):
        share[np.ix_(*near)] += np.hypot(x[:, None] + dx, y + dy) < radius_mm
    return share / points**2


def _slab(z_mm: Float64[ndarray, " z"], height_mm: float | None, slice_mm: float) -> Float64[ndarray, " z"]:
    """Share of each slice within a slab around the origin; all of it where there is no height."""
    if height_mm is None:
        return np.ones(len(z_mm))
    common = (height_mm + slice_mm) / 2 - np.abs(z_mm)
    return np.clip(common, 0, min(height_mm, slice_mm)) / slice_mm
