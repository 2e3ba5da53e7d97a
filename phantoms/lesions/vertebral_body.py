"""The body of a vertebra: its endplates as smooth surfaces, where its front and its rear wall are."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy.ndimage import distance_transform_edt

from phantoms.lesions.pulled import cropped
from phantoms.lesions.room import box_around, rooms
from phantoms.strokes import Block
from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.scene import Scene

REACH_MM, FADE_MM = 45.0, 6.0
"""How far a body reaches from its middle, and over how many mm what lies beside it follows."""
SLANT_MM, TALL_MM, EDGE_MM = 3.0, 20.0, 3.0
"""A tilted body reaches so far behind its rear wall at its middle height, and is at least so tall; endplates are known
that far from its rim."""


@dataclass(frozen=True, eq=False)
class VertebralBody:
    """A vertebral body in its block. z_mm: heights of its slices. bottom_mm, top_mm: (x, y) its endplates, also beyond
    it. ahead: (x, y) 0 at its rear wall, 1 at its front. weight: (x, y) 1 on it, 0 where nothing moves."""

    block: Block
    z_mm: Float[ndarray, " z"]
    bottom_mm: Float[ndarray, "x y"]
    top_mm: Float[ndarray, "x y"]
    ahead: Float[ndarray, "x y"]
    weight: Float[ndarray, "x y"]


def vertebral_body(scene: Scene, host: Bool[ndarray, "x y z"], structure: str, lesion: str) -> VertebralBody:
    """Around the widest place of the bone: columns through it that lie before the spinal canal.

    Raises SceneError, as `lesion` says it, if the grid cuts it off.
    """
    corner, step, room_mm = rooms(host, scene.grid)
    middle = step * np.array(np.unravel_index(room_mm.argmax(), room_mm.shape)) + corner
    block = box_around(scene.grid, scene.grid.world_mm(middle), REACH_MM)
    near = cropped(scene.grid, block)
    dy, dz = near.spacing_mm[1:]
    bone = host[block].copy()
    i, j, k = (int(m) - side.start for m, side in zip(middle, block, strict=True))
    canal = np.flatnonzero(~bone[i, :j, k])
    rear = max(int(canal.max(initial=-1)) + 1 - round(SLANT_MM / dy), 0)
    bone[:, :rear] = False
    sure, half = bone[..., k], round(TALL_MM / 2 / dz)
    below, above = _ends(bone, k)
    if below[sure].min() <= 0 or above[sure].max() >= bone.shape[2] - 1:
        raise SceneError(
            f"{lesion}: found the body of '{structure}' cut off by the grid; a larger field of view would do"
        )
    heights = np.zeros((bone.shape[2], 3))
    heights[:, 2] = np.arange(bone.shape[2])
    z_mm = near.world_mm(heights)[:, 2]
    within = _away_mm(sure, near) > EDGE_MM
    foot = np.asarray(bone[..., max(k - half, 0) : k + half + 1].any(axis=2))
    lines = np.flatnonzero(foot.any(axis=0))
    ahead = np.broadcast_to((np.arange(foot.shape[1]) - lines[0]) / max(lines[-1] - lines[0], 1), foot.shape)
    weight = np.clip(1 - _away_mm(np.logical_not(foot), near) / FADE_MM, 0, 1)
    return VertebralBody(
        block=block,
        z_mm=z_mm,
        bottom_mm=_plate(z_mm[below] - dz / 2, within),
        top_mm=_plate(z_mm[above] + dz / 2, within),
        ahead=np.clip(ahead, 0, 1),
        weight=weight**2 * (3 - 2 * weight),
    )


def _ends(bone: Bool[ndarray, "x y z"], k: int) -> tuple[Int[ndarray, "x y"], Int[ndarray, "x y"]]:
    """The lowest and the highest slice of the run of bone through slice k, in each column."""
    none = np.zeros_like(bone[..., :1])
    below = k - np.argmin(np.concatenate([bone[..., k::-1], none], axis=2), axis=2) + 1
    above = k + np.argmin(np.concatenate([bone[..., k:], none], axis=2), axis=2) - 1
    return below, above


def _away_mm(mask: Bool[ndarray, "x y"], grid: Grid) -> Float[ndarray, "x y"]:
    """How far each pixel of a mask lies from the others, mm."""
    away = np.zeros([n + 2 for n in mask.shape])
    distance_transform_edt(np.pad(mask, 1, mode="edge"), sampling=list(grid.spacing_mm[:2]), distances=away)
    return away[1:-1, 1:-1]


def _plate(values: Float[ndarray, "x y"], known: Bool[ndarray, "x y"]) -> Float[ndarray, "x y"]:
    """The quadric surface that goes best through what is known."""
    u, v = (np.indices(known.shape) / max(known.shape) - 0.5).reshape(2, *known.shape)
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)
    found = np.linalg.lstsq(terms[known], values[known], rcond=None)[0]
    return terms @ found
