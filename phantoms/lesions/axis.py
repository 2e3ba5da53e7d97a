"""The middle of a tube that runs up and down, such as the abdominal aorta, and how wide it is at each height."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.ndimage import gaussian_filter1d

from phantoms.lesions.parts import parts, sizes
from simdata.grid import Grid

SMOOTH_MM = 8.0
CRUMBS = 0.1
"""What lies apart in a slice and is smaller than this, by the tube, is no second tube."""


@dataclass(frozen=True, eq=False)
class Axis:
    """From below to above. z_mm: (n,) heights. middle_mm: (n, 2) x and y there. radius_mm: (n,) of equal area."""

    z_mm: Float[ndarray, " n"]
    middle_mm: Float[ndarray, "n 2"]
    radius_mm: Float[ndarray, " n"]

    def at(self, z_mm: Float[ndarray, "*m"]) -> tuple[ndarray, ndarray, ndarray]:
        """x, y and radius at these heights; beyond its ends as at its ends."""
        x, y = (np.interp(z_mm, self.z_mm, one) for one in self.middle_mm.T)
        return x, y, np.interp(z_mm, self.z_mm, self.radius_mm)


def axis_of(tube: Bool[ndarray, "x y z"], grid: Grid) -> Axis:
    """Of the part of a tube that meets every slice but once, from its lowest slice up; empty if there is none.

    The grid's third axis has to run up, as those of our phantoms do.
    """
    found: list[tuple[float, float, float, float]] = []
    mm2 = grid.voxel_mm3 / grid.spacing_mm[2]
    for k in np.flatnonzero(tube.any(axis=(0, 1))):
        found_here = np.sort(sizes(parts(tube[..., k])))
        if found_here[:-1].sum() > CRUMBS * found_here[-1]:
            if found:
                break
            continue
        pixels = np.argwhere(tube[..., k])
        x, y, z = grid.world_mm(np.append(pixels.mean(axis=0), k)).tolist()
        found.append((z, x, y, float(np.sqrt(len(pixels) * mm2 / np.pi))))
    rows = np.array(found).reshape(-1, 4)
    sigma = SMOOTH_MM / grid.spacing_mm[2]
    smooth = gaussian_filter1d(rows[:, 1:], sigma, axis=0, mode="nearest") if len(rows) else rows[:, 1:]
    return Axis(rows[:, 0], smooth[:, :2], smooth[:, 2])
