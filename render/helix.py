"""A volume from a helix: weighted filtered back-projection, Stierstorfer et al. 2004, Phys Med Biol 49:2209.

The fans are sorted into parallel views, filtered row by row, and put back so that all views of a half turn's angle
share each voxel. Every row of the detector is used at any pitch at which half a turn does not outrun it.
"""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.filters import Kernel, filtered, ramp_samples
from render.kernels.spiral import rebin, spiral
from render.views import Arc, Orbit, check_belongs
from simdata import Grid, RecipeError

PLATEAU = 0.6
"""Share of the detector's rows that weigh 1 (Stierstorfer's Q); beyond, weights fall smoothly to 0."""

AT_ONCE = 64
"""Views filtered together, which bounds the memory."""


def wfbp(
    rays: Float32[ndarray, "views columns rows"], orbit: Orbit, grid: Grid, kernel: Kernel = "ram-lak"
) -> Float32[ndarray, "x y z"]:
    """What cast the line integrals `rays`, per mm, on a grid along the axes of the patient; 0 beside the fan.

    Raises RecipeError if the views are not in even steps of angle and height, do not divide a half turn, or do not
    reach all slices of the grid; SceneError if the rays are not those of the orbit or the grid is turned.
    """
    step_rad, climb_mm = _check(rays, orbit, grid)
    x_step, y_step, z_step = (float(s) for s in np.diag(grid.affine)[:3])
    x, y, z_first = (
        grid.affine[a, 3] + s * np.arange(n) for a, s, n in zip(range(3), (x_step, y_step, 0), grid.shape, strict=True)
    )

    fan, offset, pitch, column = _elements(orbit)
    margin = int(np.ceil(np.abs(fan).max() / abs(step_rad))) + 1
    views = len(orbit.view_rad) - 2 * margin
    half = round(np.pi / abs(step_rad))
    _reaches(views >= half, orbit, grid)
    angle = orbit.view_rad[0] + step_rad * (np.arange(views) + margin)

    parallel = np.empty((views, len(fan), orbit.detector.rows), np.float32)
    rebin(np.ascontiguousarray(rays), margin - fan / step_rad, column, parallel)
    parallel *= _obliquity(orbit, fan)
    for first in range(0, views, AT_ONCE):
        batch = slice(first, first + AT_ONCE)
        parallel[batch] = filtered(parallel[batch], pitch * ramp_samples(len(fan), pitch), kernel, pitch)

    height = (orbit.heights_mm[0] + climb_mm * (np.arange(views) + margin) - z_first[0]) / z_step
    foot = orbit.source_to_isocentre_mm * np.cos(fan), _stretch(orbit, fan)
    image, missing = np.empty(grid.shape, np.float32), np.zeros((grid.shape[0], grid.shape[2]), np.int64)
    spiral(
        image,
        parallel,
        (np.cos(angle), np.sin(angle), height),
        half,
        x,
        y,
        (offset[0], pitch, fan, foot),
        climb_mm / step_rad / z_step,
        orbit.source_to_detector_mm * z_step / orbit.detector.row_mm,
        PLATEAU,
        missing,
    )
    _reaches(not missing.any(), orbit, grid)
    return image * np.float32(abs(step_rad))


def _elements(
    orbit: Orbit,
) -> tuple[Float64[ndarray, " n"], Float64[ndarray, " n"], float, Float64[ndarray, " n"]]:
    """Of the elements of parallel views: angle in the fan, offset mm, step mm, and the column that each comes from.

    As many in parity as columns are, so that those of the middle fall on columns and keep their sharpness.
    """
    detector, focus, far = orbit.detector, orbit.source_to_isocentre_mm, orbit.source_to_detector_mm
    pitch = detector.column_mm * focus / far
    middle = (detector.columns - 1) / 2
    widest = detector.column_mm * (middle - 1) / far
    widest = widest if isinstance(detector, Arc) else np.arctan(widest)
    half = focus * np.sin(widest) / pitch
    count = 2 * int(half) + 1 if detector.columns % 2 else 2 * int(half + 0.5)
    offset = pitch * (np.arange(count) - (count - 1) / 2)
    fan = np.arcsin(offset / focus)
    column = far * (fan if isinstance(detector, Arc) else np.tan(fan)) / detector.column_mm + middle
    return fan, offset, pitch, column


def _obliquity(orbit: Orbit, fan: Float64[ndarray, " n"]) -> Float32[ndarray, "n rows"]:
    """Cosine of each ray to the middle plane."""
    rows = orbit.detector.rows
    up = orbit.detector.row_mm * (np.arange(rows) - (rows - 1) / 2)
    far = orbit.source_to_detector_mm * _stretch(orbit, fan)[:, None]
    return (far / np.hypot(far, up)).astype(np.float32)


def _stretch(orbit: Orbit, fan: Float64[ndarray, " n"]) -> Float64[ndarray, " n"]:
    """How much farther than in the middle the detector is along each ray."""
    return np.ones_like(fan) if isinstance(orbit.detector, Arc) else 1 / np.cos(fan)


def _reaches(enough: bool, orbit: Orbit, grid: Grid) -> None:
    if not enough:
        low, high = np.sort(orbit.heights_mm[[0, -1]])
        z = np.sort(grid.affine[2, 3] + grid.affine[2, 2] * np.array([0, grid.shape[2] - 1]))
        raise RecipeError(
            f"wfbp: the helix runs from z {low:.1f} to {high:.1f} mm and does not show all of the slices from "
            f"{z[0]:.1f} to {z[1]:.1f} mm from every side; more turns, a lower pitch or fewer slices would do"
        )


def _check(rays: Float32[ndarray, "v c r"], orbit: Orbit, grid: Grid) -> tuple[float, float]:
    """Step of angle, rad, and of height, mm, from view to view."""
    check_belongs(rays, orbit, grid, "wfbp")
    views = len(orbit.view_rad)
    if views < 2:
        raise RecipeError(f"wfbp: found {views} view; half a turn and the fan, twice, would do")
    steps, climbs = np.diff(orbit.view_rad), np.diff(orbit.heights_mm)
    half = np.pi / abs(steps[0])
    if (
        not (np.allclose(steps, steps[0]) and np.allclose(climbs, climbs[0], atol=1e-6))
        or abs(half - round(half)) > 1e-6
    ):
        raise RecipeError(
            f"wfbp: found {2 * half:.2f} views in a turn; an even number, in even steps of angle and height, would do"
        )
    return float(steps[0]), float(climbs[0])
