"""What the voxels of a lesion measure: middle, extent, volume, and the two diameters that RECIST asks for."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from simdata.finding import Attribute, Finding
from simdata.grid import Grid

SIDES = np.array([[0.5, 0.0], [-0.5, 0.0], [0.0, 0.5], [0.0, -0.5]])
"""From the middle of a pixel to the middles of its sides: of pixels that share a disc out they span its diameter."""


def measured(
    voxels: Int[ndarray, "n 3"],
    grid: Grid,
    kind: str,
    label: int,
    structure: str,
    text: str,
    volume_mm3: float | None = None,
    attributes: Mapping[str, Attribute] | None = None,
) -> Finding:
    """The finding of a lesion that has these voxels. volume_mm3: None counts them."""
    voxels_mm = grid.world_mm(voxels)
    voxel_mm = np.abs(grid.affine[:3, :3]).sum(axis=1)
    x, y, z = voxels_mm.mean(axis=0).tolist()
    dx, dy, dz = (np.ptp(voxels_mm, axis=0) + voxel_mm).tolist()
    volume = len(voxels) * grid.voxel_mm3 if volume_mm3 is None else volume_mm3
    axial_mm = axial_diameters_mm(voxels, grid)
    return Finding(kind, structure, label, (x, y, z), (dx, dy, dz), volume, text, axial_mm, dict(attributes or {}))


def axial_diameters_mm(voxels: Int[ndarray, "n 3"], grid: Grid) -> tuple[float, float]:
    """The longest diameter of a lesion's outline in any slice along z, and the longest across it in that slice, mm.

    Of the convex outline: a bay in it does not shorten a diameter, as it does not for a ruler.
    """
    plane = grid.affine[:3, :2]
    u, v = plane[:, 0] / np.linalg.norm(plane[:, 0]), plane[:, 1]
    flat = np.array([[u @ plane[:, 0], u @ v], [0.0, np.linalg.norm(v - (u @ v) * u)]])
    order = np.argsort(voxels[:, 2], kind="stable")
    slices = np.split(voxels[order, :2], np.flatnonzero(np.diff(voxels[order, 2])) + 1)
    outlines = [_outline(pixels) @ flat.T for pixels in slices]
    return max((_diameters(outline) for outline in outlines), default=(0.0, 0.0))


def _outline(pixels: Int[ndarray, "n 2"]) -> Float[ndarray, "m 2"]:
    """Corners of the convex hull of the sides of pixels, around."""
    from scipy.spatial import ConvexHull

    rows = pixels[np.lexsort((pixels[:, 1], pixels[:, 0]))]
    starts = np.flatnonzero(np.diff(rows[:, 0], prepend=rows[0, 0] - 1))
    ends = np.append(starts[1:] - 1, len(rows) - 1)
    rim = (rows[np.concatenate([starts, ends])][:, None] + SIDES).reshape(-1, 2)
    return rim[ConvexHull(rim).vertices]


def _diameters(outline: Float[ndarray, "m 2"]) -> tuple[float, float]:
    """Longest diameter of a convex outline, and its longest chord across that."""
    apart = outline[:, None] - outline
    length = np.linalg.norm(apart, axis=-1)
    a, b = np.unravel_index(length.argmax(), length.shape)
    along = apart[a, b] / length[a, b]
    s, t = outline @ along, outline @ np.array([-along[1], along[0]])
    above = t >= t[a]
    upper, lower = (_side(s[side], t[side], s, float(t[a])) for side in (above, ~above))
    return float(length[a, b]), float((upper - lower).max())


def _side(
    s: Float[ndarray, " n"], t: Float[ndarray, " n"], at: Float[ndarray, " m"], chord: float
) -> Float[ndarray, " m"]:
    """Where the corners on one side of the longest diameter, and its ends, reach at each place along it."""
    s, t = np.append(s, [at.min(), at.max()]), np.append(t, [chord, chord])
    order = np.argsort(s, kind="stable")
    return np.interp(at, s[order], t[order])
