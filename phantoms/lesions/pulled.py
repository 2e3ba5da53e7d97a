"""A block of a patient that has moved: every voxel takes what lay elsewhere at rest, and what stands still stays."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float, Float32
from numpy import ndarray
from scipy.ndimage import map_coordinates

from phantoms.strokes import Block
from simdata.grid import Grid
from simdata.motion_pull import rest_voxels, taken, taken_between
from simdata.scene import Scene

ROUNDS = 12
"""Of the fixed point that finds where a place has gone: it gains a digit every few rounds."""


def pulled(
    scene: Scene, block: Block, displacement: Float32[ndarray, "3 x y z"], still: Bool[ndarray, "x y z"]
) -> Scene:
    """The voxels of `block` with what lay at `displacement` (mm, from now to rest) from them.

    still: voxels that keep what they have, and of which nothing moves. Vessels and findings stay: see `gone_to_mm`.
    """
    near = cropped(scene.grid, block)
    rest = rest_voxels(displacement, near)
    moves = ~still
    moves &= taken(moves, rest)

    def moved(array: ndarray, between: bool) -> ndarray:
        here = array[block]
        now = taken_between(here, displacement, near) if between else taken(here, rest)
        whole = array.copy()
        whole[block] = np.where(moves, now, here)
        return whole

    return replace(
        scene,
        labels=moved(scene.labels, False),
        tissue=moved(scene.tissue, False),
        second=moved(scene.second, False) if scene.mixed else scene.second,
        share=moved(scene.share, False) if scene.mixed else scene.share,
        fields=MappingProxyType({name: moved(array, True) for name, array in scene.fields.items()}),
    )


def carried(scene: Scene, block: Block, displacement: Float32[ndarray, "3 x y z"]) -> Scene:
    """`scene` whose vessels and findings have gone along with what was pulled."""
    near = cropped(scene.grid, block)
    vessels = {
        bed: replace(one, points_mm=gone_to_mm(one.points_mm.astype(float), near, displacement).astype(np.float32))
        for bed, one in scene.vessels.items()
    }
    findings = []
    for one in scene.findings:
        x, y, z = gone_to_mm(np.array([one.centre_mm]), near, displacement)[0].tolist()
        findings.append(replace(one, centre_mm=(x, y, z)))
    return replace(scene, vessels=MappingProxyType(vessels), findings=tuple(findings))


def gone_to_mm(
    points_mm: Float[ndarray, "n 3"], grid: Grid, displacement: Float32[ndarray, "3 x y z"]
) -> Float[ndarray, "n 3"]:
    """Where what lay there lies now: q with q + d(q) = p, by a fixed point; beyond the block nothing moves."""
    now = points_mm.copy()
    for _ in range(ROUNDS):
        index = grid.index(now).T
        now = points_mm - np.stack([map_coordinates(d, index, order=1, cval=0.0) for d in displacement], axis=1)
    return now


def cropped(grid: Grid, block: Block) -> Grid:
    """The grid of a block alone."""
    x, y, z = block
    return grid.crop((x.start, y.start, z.start), (x.stop - x.start, y.stop - y.start, z.stop - z.start))
