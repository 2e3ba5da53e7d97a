"""How a bladder that grows pushes: along every ray from its middle, volume for volume, until bone or distance ends it.

A point at r along a ray goes to r', and stays on its ray:

    within the bladder    r'^3 = r^3 (1 + g / R^3)                         R: where urine ends at rest
    beyond                E^3 - r'^3 = (E^3 - r^3) (1 - g / (E^3 - R^3))   E: before bone, or so far from it

so that urine takes g / 3 more per steradian, and all that lies around, bowel with its gas above all, gives way by the
same few per cent. The change of volume is dr'^3 / dr^3: nothing folds, and the way back is as simple.
"""

import numpy as np
from jaxtyping import Bool, Float64
from numba import njit, prange
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d, minimum_filter1d

from simdata import Scene
from simdata.grid import Grid
from simdata.tissues import tissues

TILTS, TURNS = 25, 48
"""Directions at which the rays are told: from straight up to straight down, both poles among them, and around."""
REACH_MM, BEFORE_BONE_MM, STEP_MM = 110.0, 2.0, 1.0
ROOM_MM = 10.0, 70.0
"""With less room than the first behind it urine stays where it is along a ray, with more than the second it is free."""
FLOOR = -0.5, 0.1
"""Cosines to the way up: the floor of the pelvis holds what lies below the first, and not what lies over the second."""
SMOOTH = 1.5
BONES = ("cortical_bone", "spongy_bone")


def rays(scene: Scene, urine: Bool[ndarray, "x y z"], centre_mm: ndarray) -> Float64[ndarray, "3 tilts turns"]:
    """Along each ray: R and E, mm, and how freely urine spreads there, 0 to 1."""
    r = STEP_MM * (np.arange(int(2.5 * REACH_MM / STEP_MM)) + 0.5)
    places = np.rint(scene.grid.index(centre_mm + directions()[..., None, :] * r[:, None])).astype(int)
    within = ((places >= 0) & (places < scene.grid.shape)).all(axis=-1)
    x, y, z = np.moveaxis(np.clip(places, 0, np.array(scene.grid.shape) - 1), -1, 0)
    wet = urine[x, y, z] & within
    bone = np.isin(scene.tissue[x, y, z], [tissues()[name] for name in BONES]) & within

    radius = _even(np.cbrt(3 * STEP_MM * (wet * r**2).sum(axis=-1)))
    volume = (urine.sum() * scene.grid.voxel_mm3 / (radius**3 / 3 * solid_angles()).sum()) ** (1 / 3)
    radius = radius * volume
    before = np.where(bone.any(axis=-1), bone.argmax(axis=-1), len(r)) * STEP_MM - BEFORE_BONE_MM
    ends = np.maximum(_even(_narrowest(np.minimum(before, radius + REACH_MM))), radius + 2.0)
    room = np.clip((ends - radius - ROOM_MM[0]) / (ROOM_MM[1] - ROOM_MM[0]), 0, 1)
    up = np.clip((directions()[..., 2] - FLOOR[0]) / (FLOOR[1] - FLOOR[0]), 0, 1)
    return np.stack([radius, ends, room**2 * up**2 * (3 - 2 * up)])


def directions() -> Float64[ndarray, "tilts turns 3"]:
    """The ways of the rays, of length 1."""
    tilt, turn = np.meshgrid(np.linspace(0, np.pi, TILTS), 2 * np.pi / TURNS * np.arange(TURNS), indexing="ij")
    return np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)


def solid_angles() -> Float64[ndarray, "tilts turns"]:
    """The share of the sphere that each ray stands for, steradian."""
    edges = np.clip((np.arange(TILTS + 1) - 0.5) / (TILTS - 1), 0, 1) * np.pi
    return np.repeat(-np.diff(np.cos(edges))[:, None] * 2 * np.pi / TURNS, TURNS, axis=1)


def reach(grid: Grid, centre_mm: ndarray, most_mm: float) -> tuple[slice, slice, slice]:
    """The voxels within `most_mm` of the middle."""
    signs = np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1
    index = grid.index(centre_mm + most_mm * signs)
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, grid.shape).tolist()
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, 0, grid.shape).tolist()
    x, y, z = (slice(a, b) for a, b in zip(low, high, strict=True))
    return x, y, z


def _even(table: Float64[ndarray, "tilts turns"]) -> Float64[ndarray, "tilts turns"]:
    """Smoothed, and the same along all rays that are one: those of a pole."""
    table = gaussian_filter1d(gaussian_filter1d(table, SMOOTH, axis=0, mode="nearest"), SMOOTH, axis=1, mode="wrap")
    table[[0, -1]] = table[[0, -1]].mean(axis=1, keepdims=True)
    return table


def _narrowest(table: Float64[ndarray, "tilts turns"]) -> Float64[ndarray, "tilts turns"]:
    return minimum_filter1d(minimum_filter1d(table, 3, axis=0, mode="nearest"), 5, axis=1, mode="wrap")


@njit(cache=True, parallel=True)
def pushed(points, centre, table, strength, back):
    """Where points go when g = strength R^3 times how free a ray is, or whence they came (`back`)."""
    moved = points.copy()
    tilts, turns = table.shape[1], table.shape[2]
    for n in prange(len(points)):
        x, y, z = points[n, 0] - centre[0], points[n, 1] - centre[1], points[n, 2] - centre[2]
        r = np.sqrt(x * x + y * y + z * z)
        if r < 1e-9:
            continue
        a = np.arccos(min(max(z / r, -1.0), 1.0)) / np.pi * (tilts - 1)
        b = (np.arctan2(y, x) / (2 * np.pi) * turns) % turns
        i, j = min(int(a), tilts - 2), int(b) % turns
        k, f, g = (j + 1) % turns, a - min(int(a), tilts - 2), b - int(b)
        at = (table[:, i, j] * (1 - g) + table[:, i, k] * g) * (1 - f) + (
            table[:, i + 1, j] * (1 - g) + table[:, i + 1, k] * g
        ) * f
        radius, end = at[0], at[1]
        gain = strength * at[2] * radius**3
        if r >= end or gain == 0.0:
            continue
        urine, around = 1 + gain / radius**3, 1 - gain / (end**3 - radius**3)
        if not back:
            cubed = r**3 * urine if r < radius else end**3 - (end**3 - r**3) * around
        else:
            cubed = r**3 / urine if r**3 < radius**3 * urine else end**3 - (end**3 - r**3) / around
        now = cubed ** (1 / 3)
        moved[n, 0] = centre[0] + x * now / r
        moved[n, 1] = centre[1] + y * now / r
        moved[n, 2] = centre[2] + z * now / r
    return moved
