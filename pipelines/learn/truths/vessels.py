"""Vessels of some kinds from some width on, as a person outlines them who looks at the picture."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import UInt8
from numpy import ndarray

from pipelines.flat import is_flat
from pipelines.learn.kinds import Truth
from pipelines.learn.values import check_values
from simdata.grid import Grid
from simdata.image import Image
from simdata.sample import Sample
from simdata.vessels import CAPILLARY, Vessels, kind_index
from simdata.voxelise import voxelise
from vascular.angiogenesis import regress

SLICE_MM = 1e-3
"""Vessels of a picture are pressed into a slice as thin as this."""
FULL = 255
LINKS = ("links", "link_flow_mm3_s", "link_haematocrit")


@dataclass(frozen=True, kw_only=True)
class VesselTruth(Truth):
    """kinds: of vessel, for each class. least_radius_mm: thinner ones belong to the rest.

    least_branch_mm: so do side branches that end before. margin_mm: by which the outline runs outside the vessel.
    filled: share of a pixel that vessels fill, from which on it belongs to them.
    """

    kinds: tuple[tuple[str, ...], ...] = (("artery", "vein"),)
    least_radius_mm: Annotated[float, Ge(0)] = 0.0
    least_branch_mm: Annotated[float, Ge(0)] = 0.0
    margin_mm: Annotated[float, Ge(0)] = 0.0
    filled: Annotated[float, Gt(0), Le(1)] = 0.5

    def __call__(self, sample: Sample, image: Image) -> UInt8[ndarray, "x y z"]:
        beds = image.vessels or sample.scene.vessels
        shares = np.stack([self._share(beds.values(), of_class, image) for of_class in self.kinds])
        label = (shares.argmax(axis=0) + 1).astype(np.uint8)
        return np.where(shares.max(axis=0) >= self.filled * FULL, label, np.uint8(0))

    def check(self, classes: int) -> None:
        check_values(self.kinds, classes, "truth.kinds")
        for name in (name for of_class in self.kinds for name in of_class):
            kind_index(name)

    def _share(self, beds: Iterable[Vessels], names: tuple[str, ...], image: Image) -> UInt8[ndarray, "x y z"]:
        """Of each pixel that vessels of a class fill, in 1/255."""
        kinds = [kind_index(name) for name in names]
        share = np.zeros(image.grid.shape, np.uint8)
        grid = _slice(image.grid) if is_flat(image) else image.grid
        for vessels in beds:
            wide = vessels.take(np.isin(vessels.kind, kinds) & (vessels.radius_mm >= self.least_radius_mm))
            long = regress(wide, self.least_branch_mm)
            drawn = replace(long, radius_mm=long.radius_mm + np.float32(self.margin_mm))
            shown = (
                drawn if CAPILLARY in kinds else replace(drawn, **{name: getattr(drawn, name)[:0] for name in LINKS})
            )
            pressed = _pressed(shown, image.grid) if is_flat(image) else shown
            share = np.maximum(share, voxelise(pressed, grid).share)
        return share


def _slice(grid: Grid) -> Grid:
    """A picture's grid, as thin as vessels that are pressed flat."""
    affine = grid.affine.copy()
    affine[:3, 2] *= SLICE_MM / np.linalg.norm(affine[:3, 2])
    return Grid(grid.shape, affine)


def _pressed(vessels: Vessels, grid: Grid) -> Vessels:
    """The vessels in the plane of a picture."""
    index = grid.index(vessels.points_mm)
    index[:, 2] = 0
    return replace(vessels, points_mm=grid.world_mm(index).astype(np.float32))
