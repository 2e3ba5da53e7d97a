"""One detector in strips of neighbouring columns that see the same focus, so that every core has work."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from render.projection import cast
from render.views import Views
from simdata import Grid

WIDE = 32
"""Columns of a strip: few enough for many cores, many enough to share their way."""


def cast_in_strips(
    sums: Float32[ndarray, "x y z_and_two m"], grid: Grid, view: Views
) -> Float32[ndarray, "columns rows m"]:
    """What `render.projection.cast` makes of a single view."""
    wide = min(WIDE, view.columns)
    starts = np.minimum(np.arange(0, view.columns, wide), view.columns - wide)
    strips = Views(
        focus=np.repeat(view.focus, len(starts), axis=0),
        borders=view.borders[0, starts[:, None] + np.arange(wide + 1)],
        upward=np.repeat(view.upward, len(starts), axis=0),
        rows=view.rows,
    )
    out = np.empty((view.columns, view.rows, sums.shape[3]), np.float32)
    for start, strip in zip(starts, cast(sums, grid, strips), strict=True):
        out[start : start + wide] = strip
    return out
