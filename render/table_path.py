"""How the table carries the patient through a CT gantry: on a helix, or in steps between whole turns."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from jaxtyping import Float32, Float64
from numpy import ndarray

from render.fdk import fdk
from render.filters import Kernel
from render.gantry import Gantry
from render.helix import wfbp
from render.views import Orbit
from simdata import Grid, Part

OVERSCAN_TURNS = 0.5
"""Before the first slice and after the last, besides the fan: every slice is seen from every side."""


@dataclass(frozen=True, kw_only=True)
class TablePath(Part, ABC):
    """Where the focus is in every view, and how these views become slices. The isocentre is the origin."""

    @abstractmethod
    def orbit(self, gantry: Gantry, grid: Grid, radius_mm: float) -> Orbit:
        """All views of a scan that shows the circle of that radius in all slices of `grid`."""

    @abstractmethod
    def slices(
        self, rays: Float32[ndarray, "views columns rows"], orbit: Orbit, gantry: Gantry, grid: Grid, kernel: Kernel
    ) -> Float32[ndarray, "x y z"]:
        """What cast the line integrals `rays`, per mm, on the slices of `grid`."""


@dataclass(frozen=True, kw_only=True)
class Helix(TablePath):
    """The table moves evenly while the gantry turns. pitch: feed of a turn by the height of the beam at the isocentre.

    Reconstructed by weighted filtered back-projection, Stierstorfer et al. 2004.
    """

    pitch: Annotated[float, Gt(0), Le(1.5)] = 1.0

    def orbit(self, gantry: Gantry, grid: Grid, radius_mm: float) -> Orbit:
        feed_mm = self.pitch * gantry.beam_mm
        turns = _height_mm(grid) / feed_mm + 2 * (OVERSCAN_TURNS + gantry.fan_rad(radius_mm) / (2 * np.pi))
        count = int(np.ceil(turns * gantry.views))
        turn = (np.arange(count) - (count - 1) / 2) / gantry.views
        return gantry.orbit(turn, feed_mm * turn, radius_mm)

    def slices(
        self, rays: Float32[ndarray, "views columns rows"], orbit: Orbit, gantry: Gantry, grid: Grid, kernel: Kernel
    ) -> Float32[ndarray, "x y z"]:
        return wfbp(rays, orbit, grid, kernel)


@dataclass(frozen=True, kw_only=True)
class Axial(TablePath):
    """Step and shoot: whole turns with the table still, as many as the grid is high.

    Reconstructed turn by turn, Feldkamp et al. 1984; slices at the ends of a turn show what a cone beam misses.
    """

    def orbit(self, gantry: Gantry, grid: Grid, radius_mm: float) -> Orbit:
        heights_mm = np.repeat(_steps_mm(gantry, grid), gantry.views)
        turn = np.tile(np.arange(gantry.views) / gantry.views, len(heights_mm) // gantry.views)
        return gantry.orbit(turn, heights_mm, radius_mm)

    def slices(
        self, rays: Float32[ndarray, "views columns rows"], orbit: Orbit, gantry: Gantry, grid: Grid, kernel: Kernel
    ) -> Float32[ndarray, "x y z"]:
        heights_mm = orbit.heights_mm[:: gantry.views]
        z_mm = grid.affine[2, 3] + grid.affine[2, 2] * np.arange(grid.shape[2])
        nearest = np.abs(z_mm[:, None] - heights_mm).argmin(axis=1)
        out = np.empty(grid.shape, np.float32)
        for turn, height_mm in enumerate(heights_mm):
            mine = np.flatnonzero(nearest == turn)
            if not mine.size:
                continue
            slab = grid.crop((0, 0, int(mine[0])), (*grid.shape[:2], len(mine)))
            views = slice(turn * gantry.views, (turn + 1) * gantry.views)
            circle = Orbit(
                orbit.view_rad[views],
                orbit.detector,
                orbit.source_to_isocentre_mm,
                orbit.source_to_detector_mm,
                float(height_mm),
            )
            out[..., mine] = fdk(rays[views], circle, slab, kernel)
        return out


def _height_mm(grid: Grid) -> float:
    return float(grid.shape[2] * grid.spacing_mm[2])


def _steps_mm(gantry: Gantry, grid: Grid) -> Float64[ndarray, " turns"]:
    """Heights of the focus, evenly about the middle, so that their beams cover all slices."""
    turns = int(np.ceil(_height_mm(grid) / gantry.beam_mm - 1e-9))
    return gantry.beam_mm * (np.arange(turns) - (turns - 1) / 2)
