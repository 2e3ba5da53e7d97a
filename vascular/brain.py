"""The brain's arteries: pial vessels over its surface and into the sulci, and penetrating ones from there inwards.

The two trees begin at the internal carotids with what is drawn of the circle of Willis and its branches. Ways over the
surface are cheap and ways through tissue dear, so the large branches stay in the fluid around the brain. Flow: 50
mL/min per 100 g (Guyton and Hall 2016, table 17-1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Bool
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata import Grid, Growth, Scene, Vessels
from simdata.vessels import merge
from vascular.cco import grow, seeds
from vascular.centreline import extended
from vascular.organ import BLOCKED, close_up, entered, gate, present, required, spread_mm, stem, tubes

BED = "brain_artery"
SIDES = ("left", "right")
FLUID = ("brain_csf",)
HOLLOW = (
    "lateral_ventricle_left", "lateral_ventricle_right", "inferior_lateral_ventricle_left",
    "inferior_lateral_ventricle_right", "third_ventricle", "fourth_ventricle",
)  # fmt: skip
CALIBRE_MM = (1.4, 2.2)
"""Radii of the internal carotid at its end: half of 2.8 to 4.4 mm (memory)."""
GOALS, SURFACE = 28, 0.25
"""Branches of each side to places all over the surface; share of the ends that lie there."""
PIAL_MM, ML_MIN_100ML, ROOT_MMHG = 2.0, 1000 / 60, 90.0


@dataclass(frozen=True, kw_only=True)
class Brain(Growth):
    """Grows the arteries of the brain with so many `terminals`, on the surface first and then into cortex and below.

    They begin at the internal carotids and follow head_artery. Adds the bed brain_artery: one tree of each side.
    Raises SceneError if the brain or a carotid is not in view.
    """

    terminals: Annotated[int, Ge(200)] = 5000
    blood_ml_min_100ml: Annotated[float, Gt(0)] = 50.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        view = close_up(scene, ["cerebral_cortex_left", "cerebral_cortex_right"], "Brain")
        grid, fluid, tissue = view.grid, present(view, FLUID), view.mask("brain")
        tissue &= ~fluid & ~present(view, HOLLOW)
        drawn, ways = present(view, ["head_artery"]), []
        for side in SIDES:
            carotid = required(view, [f"internal_carotid_artery_{side}"], "Brain")
            one = gate((fluid | drawn) & ~carotid, _upper(carotid), grid, CALIBRE_MM)
            ways.append(stem(one, tissue, grid, "artery"))
        return replace(
            scene,
            vessels=MappingProxyType({**scene.vessels, BED: self.grow(grid, fluid | drawn, tissue, drawn, ways, rng)}),
        )

    def grow(
        self,
        grid: Grid,
        fluid: Bool[ndarray, "x y z"],
        tissue: Bool[ndarray, "x y z"],
        drawn: Bool[ndarray, "x y z"],
        ways: Sequence[Vessels],
        rng: Generator,
    ) -> Vessels:
        """Both trees: fluid is the space around the brain, tissue the brain without its ventricles."""
        near_tissue = np.asarray(distance_transform_edt(~tissue, sampling=grid.spacing_mm))
        near_fluid = np.asarray(distance_transform_edt(~fluid, sampling=grid.spacing_mm))
        reach = max(PIAL_MM, 1.5 * max(grid.spacing_mm))
        pial = (fluid & (near_tissue < reach)) | (tissue & (near_fluid < reach))
        cost = np.where(drawn, 0.3, np.where(fluid & pial, 1.0, np.where(pial, 3.0, BLOCKED)))
        across, starts = grid.points_mm()[..., 0], []
        middle = float(across[tissue].mean())
        for way in ways:
            own = (across > middle) == (way.points_mm[-1, 0] > middle)
            goals = spread_mm(pial & fluid & own, GOALS, way.points_mm[-1], grid)
            starts.append(extended(way, goals, cost, grid))
            taken = np.asarray(distance_transform_edt(~tubes(starts[-1], grid), sampling=grid.spacing_mm)) < 2 * PIAL_MM
            cost = np.where(taken, BLOCKED, cost)

        flow = np.count_nonzero(tissue) * grid.voxel_mm3 / 1e5 * self.blood_ml_min_100ml * ML_MIN_100ML
        start, count = merge(starts), round(SURFACE * self.terminals)
        surface = grow(entered(pial, starts, grid, pial), start, count, flow, rng, least=count // 4)
        whole = entered(fluid | tissue, starts, grid, tissue)
        return grow(whole, surface, self.terminals, flow, rng, least=self.terminals // 2).vessels(ROOT_MMHG)


def _upper(carotid: Bool[ndarray, "x y z"]) -> Bool[ndarray, "x y z"]:
    """The highest tenth of a carotid: where it divides."""
    level = np.cumsum(carotid.sum(axis=(0, 1)))
    return carotid & (np.arange(carotid.shape[2]) >= np.searchsorted(level, 0.9 * level[-1]))


def shape() -> tuple[Grid, Bool[ndarray, "x y z"], Bool[ndarray, "x y z"]]:
    """Two hemispheres from formulas with sulci and a fissure between them: grid, fluid and tissue."""
    grid = Grid.regular((76, 94, 66), 2.0)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    depth = 1 - np.sqrt((x / 66) ** 2 + (y / 84) ** 2 + (np.where(z > -12, z + 12, 1.35 * (z + 12)) / 66) ** 2)
    folds = (
        np.sin(x / 6.5 + 1.4 * np.sin(z / 17))
        + np.sin(y / 7.5 + 1.2 * np.sin(x / 15))
        + np.sin(z / 6.8 + np.sin(y / 19))
    )
    sulci = (np.abs(folds) < 0.3) & (depth < 0.2)
    fissure = (np.abs(x) < 2.5) & ((z > 12) | (np.abs(y) > 38))
    inside = depth > 0
    fluid = inside & ((depth < 0.06) | sulci | fissure)
    return grid, fluid, inside & ~fluid


def example(rng: Generator) -> Vessels:
    """The arteries of a brain without a patient."""
    grid, fluid, tissue = shape()
    base = grid.world_mm(np.argwhere(fluid))
    ways = []
    for side in (-1, 1):
        root = base[int(np.argmin(np.linalg.norm(base - (16 * side, 14, -58), axis=1)))]
        ways.append(seeds([root.tolist()], 1.9, "artery"))
    return Brain().grow(grid, fluid, tissue, np.zeros_like(fluid), ways, rng)
