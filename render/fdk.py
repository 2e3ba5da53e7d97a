"""A volume from cone-beam views of a circle: Feldkamp, Davis and Kress 1984, J Opt Soc Am A 1:612.

A full turn, more than one, or a short one of a half turn and the fan. Kak and Slaney 1988, sec. 3.4 and 3.6.
"""

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.filters import Kernel, filtered, ramp_samples
from render.kernels.cone import backproject_cone
from render.views import Arc, Orbit, check_belongs
from simdata import Grid, RecipeError

AT_ONCE = 16
"""Views filtered and back-projected together, which bounds the memory."""

CLOSED = 1e-6
"""Turns by which a scan may miss whole turns and still be taken for closed."""


def fdk(
    rays: Float32[ndarray, "views columns rows"], orbit: Orbit, grid: Grid, kernel: Kernel = "ram-lak"
) -> Float32[ndarray, "x y z"]:
    """What cast the line integrals `rays`, per mm, on a grid along the axes of the patient.

    Raises RecipeError if the orbit is no circle in even steps or shorter than a half turn and the fan, SceneError if
    the rays are not those of the orbit or the grid is turned.
    """
    _check(rays, orbit, grid)
    x, y, z = (
        step * np.arange(n) + first for step, n, first in zip(_steps(grid), grid.shape, grid.affine[:3, 3], strict=True)
    )
    step_rad = abs(orbit.view_rad[1] - orbit.view_rad[0])
    before = (redundancy(orbit) * step_rad).astype(np.float32)[..., None] * _obliquity(orbit)
    ramp = _ramp(orbit)
    step_mm = orbit.detector.column_mm * orbit.source_to_isocentre_mm / orbit.source_to_detector_mm
    height = (orbit.heights_mm - z[0]) / _steps(grid)[2]

    density = np.zeros(grid.shape, np.float32)
    for first in range(0, len(orbit.view_rad), AT_ONCE):
        batch = slice(first, first + AT_ONCE)
        shadows = [_shadow(orbit, angle, x[:, None], y[None, :], _steps(grid)[2]) for angle in orbit.view_rad[batch]]
        column, weight, rise = (np.stack(maps).astype(np.float32) for maps in zip(*shadows, strict=True))
        backproject_cone(
            density, filtered(rays[batch] * before[batch], ramp, kernel, step_mm), column, weight, rise, height[batch]
        )
    return density


def redundancy(orbit: Orbit) -> Float64[ndarray, "views columns"]:
    """Weight of each column of each view such that all measurements of one ray of the middle plane weigh 1 together.

    Of a scan that does not close, the views fade in and out as sin^2, as in Parker 1982, Med Phys 9:254.
    """
    angle = np.abs(orbit.view_rad - orbit.view_rad[0])
    angle, arc = angle + angle[1] / 2, angle[-1] + angle[1]
    fan = _fan_rad(orbit) * np.sign(orbit.view_rad[1] - orbit.view_rad[0])
    own = np.broadcast_to(angle[:, None], (len(angle), len(fan)))
    turns = 2 * np.pi * np.arange(-np.ceil(arc / (2 * np.pi)) - 1, np.ceil(arc / (2 * np.pi)) + 2)
    all_of_them = sum(_fade(own + turn, arc) + _fade(own + np.pi + 2 * fan + turn, arc) for turn in turns)
    return np.divide(_fade(own, arc), all_of_them, out=np.zeros(own.shape), where=all_of_them > 0)


def _fade(angle: Float64[ndarray, "views columns"], arc: float) -> Float64[ndarray, "views columns"]:
    """0 outside a scan over `arc`, 1 inside, with soft ends if it does not close."""
    turns = arc / (2 * np.pi)
    if abs(turns - round(turns)) < CLOSED:
        return ((angle > -CLOSED) & (angle < arc - CLOSED)).astype(float)
    return np.sin(np.pi / 2 * np.clip(np.minimum(angle, arc - angle) / (arc - np.pi), 0, 1)) ** 2


def _fan_rad(orbit: Orbit) -> Float64[ndarray, " columns"]:
    """Angle of the middle of each column from the middle ray."""
    outline = orbit.detector.outline(orbit.source_to_detector_mm)
    across, along = ((outline[:-1] + outline[1:]) / 2).T
    return np.arctan2(across, along)


def _obliquity(orbit: Orbit) -> Float32[ndarray, "columns rows"]:
    """Cosine of the angle of each ray to the middle one; on an arc times the distance of the focus."""
    fan, far = _fan_rad(orbit)[:, None], orbit.source_to_detector_mm
    up = orbit.detector.row_mm * (np.arange(orbit.detector.rows) - (orbit.detector.rows - 1) / 2)
    if isinstance(orbit.detector, Arc):
        return (orbit.source_to_isocentre_mm * np.cos(fan) * far / np.hypot(far, up)).astype(np.float32)
    return (far / np.sqrt((far / np.cos(fan)) ** 2 + up**2)).astype(np.float32)


def _ramp(orbit: Orbit) -> Float64[ndarray, " columns"]:
    """The ramp filter for 0, 1, ... columns of distance, times the step of integration."""
    columns = orbit.detector.columns
    if isinstance(orbit.detector, Arc):
        step = orbit.detector.column_mm / orbit.source_to_detector_mm
        fan = step * np.arange(columns)
        return step * ramp_samples(columns, step) / np.sinc(fan / np.pi) ** 2
    step = orbit.detector.column_mm * orbit.source_to_isocentre_mm / orbit.source_to_detector_mm
    return step * ramp_samples(columns, step)


def _shadow(
    orbit: Orbit, view_rad: float, x_mm: Float64[ndarray, "x 1"], y_mm: Float64[ndarray, "1 y"], z_step_mm: float
) -> tuple[Float64[ndarray, "x y"], Float64[ndarray, "x y"], Float64[ndarray, "x y"]]:
    """Of each column of voxels: the detector column it falls on, its weight there, and rows per voxel along z."""
    c, s = np.cos(view_rad), np.sin(view_rad)
    across, along = x_mm * c + y_mm * s, orbit.source_to_isocentre_mm + x_mm * s - y_mm * c
    middle = (orbit.detector.columns - 1) / 2
    if isinstance(orbit.detector, Arc):
        away = np.hypot(across, along)
        at = np.arctan2(across, along) * orbit.source_to_detector_mm
        weight = 1 / away**2
    else:
        away = along
        at = across / along * orbit.source_to_detector_mm
        weight = (orbit.source_to_isocentre_mm / along) ** 2
    rise = z_step_mm * orbit.source_to_detector_mm / (away * orbit.detector.row_mm)
    return at / orbit.detector.column_mm + middle, weight, rise


def _steps(grid: Grid) -> tuple[float, float, float]:
    x, y, z = np.diag(grid.affine)[:3]
    return float(x), float(y), float(z)


def _check(rays: Float32[ndarray, "v c r"], orbit: Orbit, grid: Grid) -> None:
    check_belongs(rays, orbit, grid, "fdk")
    views = len(orbit.view_rad)
    steps = np.diff(orbit.view_rad)
    if views < 2 or not np.allclose(steps, steps[0]) or np.ptp(orbit.heights_mm) > 0:
        raise RecipeError("fdk: the orbit is no circle in even steps; views evenly spaced at one height would do")
    needed = np.pi + 2 * np.abs(_fan_rad(orbit)).max()
    if abs(steps[0]) * views < needed - 2 * abs(steps[0]):
        raise RecipeError(
            f"fdk: the orbit spans {np.degrees(abs(steps[0]) * views):.0f} degrees; a half turn and the fan, "
            f"{np.degrees(needed):.0f} degrees, would do"
        )
