"""Filtered back projection from a swing of the tube: sharp along the paddles, blurred across them."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt
from jaxtyping import Float32
from numpy import ndarray
from scipy.fft import irfft, next_fast_len, rfft

from render.fft import WORKERS
from render.projection import spread
from render.views import Views
from simdata import Grid, Part

UNSEEN = 0.02
"""Share of the mean weight that a voxel has at least, however few rays meet it."""


@dataclass(frozen=True, kw_only=True)
class SwungBackProjection(Part):
    """Each view filtered along the swing, max(|f|, slow_per_mm) under a Hann window, then spread back along its rays.

    A swing measures frequencies f across it from all sides only if they are high: the ramp stands for how densely they
    are sampled, and ends in a floor where they are lost, so that fat and gland keep some of their difference. The
    window ends at fast_per_mm. Mertelmeier et al. 2006, Proc SPIE 6142:61420F.
    """

    slow_per_mm: Annotated[float, Gt(0)] = 0.025
    fast_per_mm: Annotated[float, Gt(0)] = 2.5

    def __call__(
        self, rays: Float32[ndarray, "views columns rows"], views: Views, grid: Grid
    ) -> Float32[ndarray, "x y z"]:
        """What cast the line integrals `rays`, per mm, but for what a swing cannot see."""
        pixel_mm = float(np.linalg.norm(views.borders[0, 1] - views.borders[0, 0]))
        back = spread(self._filtered(rays, pixel_mm)[..., None], grid, views)[..., 0]
        weight = spread(np.ones((*rays.shape, 1), np.float32), grid, views)[..., 0]
        np.maximum(weight, UNSEEN * weight.mean(dtype=np.float64), out=weight)
        back *= np.float32(_arc_rad(views, grid))
        return np.divide(back, weight, out=back)

    def _filtered(
        self, rays: Float32[ndarray, "views columns rows"], pixel_mm: float
    ) -> Float32[ndarray, "views columns rows"]:
        columns = rays.shape[1]
        size = int(next_fast_len(2 * columns, real=True))  # pyright: ignore[reportArgumentType]
        per_mm = np.fft.rfftfreq(size, pixel_mm)
        window = np.where(per_mm < self.fast_per_mm, 0.5 + 0.5 * np.cos(np.pi * per_mm / self.fast_per_mm), 0.0)
        out = np.empty_like(rays)
        for view, line in zip(out, rays, strict=True):
            spectrum: Any = rfft(np.pad(line, ((0, size - columns), (0, 0)), mode="edge"), axis=0, workers=WORKERS)
            spectrum *= (np.maximum(per_mm, self.slow_per_mm) * window).astype(np.float32)[:, None]
            filtered: Any = irfft(spectrum, size, axis=0, workers=WORKERS)
            view[:] = filtered[:columns]
        return out


def _arc_rad(views: Views, grid: Grid) -> float:
    """The angle over which the middle of `grid` is seen, half a step before the first view and after the last."""
    way = views.focus[[0, -1], :3] - grid.world_mm((np.array(grid.shape) - 1) / 2)
    first, last = way / np.linalg.norm(way, axis=1, keepdims=True)
    return float(np.arccos(first @ last)) * len(views) / (len(views) - 1)
