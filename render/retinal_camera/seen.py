"""The truth of a fundus photograph: what each pixel shows, and all of what lies behind it."""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Bool, Float32, Int, UInt16
from numpy import ndarray

from render.retinal_camera.vessels import NAMES, blood
from simdata import Grid, Scene, Vessels
from simdata.eye_wall import laterality
from simdata.shadow import Shadow
from simdata.structures import structure
from simdata.voxelise import voxelise

PLACES = ("optic_disc", "optic_cup", "macula", "fovea")
HALF = 128


def labels(
    scene: Scene, at: tuple[Int[ndarray, " x"], Int[ndarray, " y"]], beds: Mapping[str, Vessels], grid: Grid
) -> UInt16[ndarray, "x y 1"]:
    """What every pixel, which lies `at` a voxel, shows: vessels that fill half of it, then lesions, then places."""
    shown = scene.labels[:, :, 0][np.ix_(*at)][..., None]
    filled = np.zeros(grid.shape, np.uint8)
    for bed in beds.values():
        maps = voxelise(bed, grid)
        wins = (maps.share >= HALF) & (maps.share > filled)
        filled[wins] = maps.share[wins]
        for kind, name in NAMES.items():
            shown[wins & (maps.kind == kind + 1)] = structure(f"{name}_{laterality(scene)}").id
    return shown


def shadows(
    scene: Scene,
    at: tuple[Int[ndarray, " x"], Int[ndarray, " y"]],
    beds: Mapping[str, Vessels],
    grid: Grid,
    stop: Bool[ndarray, "x y 1"],
) -> dict[str, Shadow]:
    """mm of way through places and vessels, whole: one may lie in front of another."""
    ways = {name: Shadow.of(way * stop) for name, way in _ways(scene, at, beds, grid)}
    return {name: shadow for name, shadow in ways.items() if shadow.path_mm.size}


def _ways(
    scene: Scene, at: tuple[Int[ndarray, " x"], Int[ndarray, " y"]], beds: Mapping[str, Vessels], grid: Grid
) -> Iterator[tuple[str, Float32[ndarray, "x y 1"]]]:
    side, depth_mm = laterality(scene), np.float32(scene.grid.spacing_mm[2])
    for place in PLACES:
        yield f"{place}_{side}", depth_mm * scene.mask(f"{place}_{side}")[:, :, 0][np.ix_(*at)][..., None]
    chord_mm = blood(tuple(beds.values()), grid).chord_mm
    for kind, name in NAMES.items():
        yield f"{name}_{side}", chord_mm[kind][..., None]
