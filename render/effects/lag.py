"""Lag of an X-ray detector: light and charge that come late, and show as a ghost in the views that follow."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float64
from numba import njit, prange
from numpy import float32, ndarray
from numpy.random import Generator

from render.photons import Photons, photons
from simdata import Effect, Raw, RecipeError

Share = Annotated[float, Ge(0)]
Seconds = Annotated[float, Gt(0)]


@dataclass(frozen=True)
class Lag(Effect):
    """The response to a photon is (1 - sum a_n) delta(t) + sum a_n exp(-t / tau_n) / tau_n, read out view by view.

    shares: a_n. times_s: tau_n. flooded_s: so long the bare beam fell on the detector just before the first view, whose
    afterglow lies over the scan. A view lasts until the next begins, the last as long as the one before. Hsieh,
    Gurmen and King 2000, IEEE Trans Med Imaging 19:930.
    The defaults are those of an amorphous-silicon panel, from b_n exp(-a_n frame) with b 2.911e-3, 0.4454e-3,
    0.0748e-3, 0.0042e-3 and a 0.7055, 0.1141, 0.0212, 0.0033 (RTK, rtklagcorrection; the model of Starman et al. 2012,
    Med Phys 39:6035, at 15 frames/s).
    Raises RecipeError if the measurement is not an X-ray scanner's, or has a single view.
    """

    shares: tuple[Share, ...] = (5.75e-3, 4.13e-3, 3.57e-3, 1.27e-3)
    times_s: tuple[Seconds, ...] = (0.0945, 0.584, 3.14, 20.2)
    flooded_s: Annotated[float, Ge(0)] = 0.0

    def __post_init__(self) -> None:
        if len(self.shares) != len(self.times_s) or not self.shares or sum(self.shares) > 1:
            raise RecipeError(
                f"Lag: found shares that add up to {sum(self.shares):g}, and {len(self.times_s)} times_s for "
                f"{len(self.shares)} of them; a time for each, and at most 1 together, would do"
            )

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "Lag")
        lasts_s = _lasting_s(measured.view_s)
        shares, times_s = np.array(self.shares), np.array(self.times_s)
        ends = -np.expm1(-lasts_s[:, None] / times_s)
        late = shares * times_s / lasts_s[:, None] * ends

        data = np.ascontiguousarray(measured.data, np.float32)
        out = np.empty_like(data)
        flood = shares * times_s / lasts_s[0] * -np.expm1(-self.flooded_s / times_s)
        air = measured.air(slice(0, 1))[:, 0]
        for channel, views, shown in zip(np.broadcast_to(air, data[:, 0].shape), data, out, strict=True):
            stored = np.multiply.outer(channel, flood)
            read(views, late.astype(np.float32), ends.astype(np.float32), stored.astype(np.float32), shown)
        return replace(measured, data=out)


def _lasting_s(view_s: Float64[ndarray, " views"]) -> Float64[ndarray, " views"]:
    """How long each view lasts."""
    steps = np.diff(view_s)
    if not steps.size or not (steps > 0).all():
        raise RecipeError(f"Lag: found {len(view_s)} views, not one after the other in time; two or more would do")
    return np.append(steps, steps[-1])


@njit(parallel=True, cache=True)
def read(views, late, ends, stored, out):
    """What is read out in each view of what came in it and before.

    views, out: (views, columns, rows). late: (views, n) share of a view's photons that is left when it ends. ends:
    (views, n) share of what was left that comes in a view. stored: (columns, rows, n) what is left before the first.
    """
    count, columns, rows = views.shape
    for i in prange(columns):
        left = stored[i]
        for v in range(count):
            for j in range(rows):
                came = views[v, i, j]
                shown = came
                for n in range(late.shape[1]):
                    glow = left[j, n] * ends[v, n]
                    keep = came * late[v, n]
                    shown += glow - keep
                    left[j, n] += keep - glow
                out[v, i, j] = float32(shown)
