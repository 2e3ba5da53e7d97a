"""Grown vessels become tissue: what flows in them fills the voxels they run through, and every scanner sees it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

from phantoms.strokes import Block, block_of, mix
from simdata import Grid, Growth, Scene, Vessels
from simdata.errors import SceneError, did_you_mean
from simdata.scene import DENSITY, WHOLE
from simdata.tissues import tissues
from simdata.vessels import AIRWAY, ARTERY, CAPILLARY, DUCT, VEIN
from simdata.voxelise import voxelise

HOLDS = MappingProxyType({ARTERY: "blood", VEIN: "blood", CAPILLARY: "blood", DUCT: "bile", AIRWAY: "air"})
WALL = 0.56
"""Wall of an airway over the radius of its lumen: 0.18 of its outer diameter. Niimi 2000, Am J Respir Crit Care Med
162:1518 (memory)."""
WALL_TISSUE = "connective"


@dataclass(frozen=True, kw_only=True)
class FilledVessels(Growth):
    """Fills the vessels of `beds` (all that have grown, if none is named): blood, bile, and airways with air and wall.

    A voxel on a vessel's border holds both tissues by their shares; what is thinner than a voxel fills its share of it.
    Labels stay: vessels of the liver belong to the liver, and as vessels they stay in the scene. Where there is air
    already, as in the trachea, nothing is filled. Raises SceneError if a bed has not grown.
    """

    beds: tuple[str, ...] = ()

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        grown = [_bed(scene, bed) for bed in self.beds or sorted(scene.vessels)]
        pure = np.zeros(scene.grid.shape, np.uint8)
        second, share = (array.copy() for array in ((scene.second, scene.share) if scene.mixed else (pure, pure)))
        mixture = scene.tissue.copy(), second, share
        fields = {name: field.copy() if name == DENSITY else field for name, field in scene.fields.items()}
        hollow = (scene.tissue == tissues()["air"]) & (share == 0)
        for tissue, vessels in _layers(grown):
            block, filled = _filled(vessels, scene.grid)
            filled[hollow[block]] = 0
            mix(mixture, block, filled, tissue)
            if DENSITY in fields:
                fields[DENSITY][block] += filled * (1 - fields[DENSITY][block])
        tissue, second, share = mixture
        return replace(scene, tissue=tissue, second=second, share=share, fields=MappingProxyType(fields))


def _bed(scene: Scene, bed: str) -> Vessels:
    if bed not in scene.vessels:
        raise SceneError(f"FilledVessels.beds: no bed is called '{bed}'; {did_you_mean(bed, scene.vessels)}")
    return scene.vessels[bed]


def _layers(beds: Iterable[Vessels]) -> Iterator[tuple[str, Vessels]]:
    """Tissue and vessels in the order they are put down: the walls of airways, what is in them, bile, then blood."""
    kept = [(kind, bed.take(bed.kind == kind)) for kind in (AIRWAY, DUCT, CAPILLARY, VEIN, ARTERY) for bed in beds]
    some = [(kind, vessels) for kind, vessels in kept if len(vessels)]
    for kind, vessels in some:
        if kind == AIRWAY:
            yield WALL_TISSUE, replace(vessels, radius_mm=vessels.radius_mm * np.float32(1 + WALL))
    for kind, vessels in some:
        yield HOLDS[kind], vessels


def _filled(vessels: Vessels, grid: Grid) -> tuple[Block, Float32[ndarray, "x y z"]]:
    """The block of voxels around the vessels, and the share of each that they fill."""
    index = grid.index(vessels.points_mm)
    reach = float(vessels.radius_mm.max()) / min(grid.spacing_mm) + 1
    block = block_of(grid, index.min(axis=0) - reach, index.max(axis=0) + reach)
    start, shape = [int(side.start) for side in block], [int(side.stop - side.start) for side in block]
    if 0 in shape:
        return block, np.zeros(shape, np.float32)
    part = grid.crop((start[0], start[1], start[2]), (shape[0], shape[1], shape[2]))
    return block, voxelise(vessels, part).share / np.float32(WHOLE)
