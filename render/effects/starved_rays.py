"""What a CT scanner does about rays that are starved of photons: they borrow from their neighbours before the log."""

from dataclasses import dataclass, replace
from math import asinh, sinh, sqrt
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, ndarray
from numpy.random import Generator

from render.photons import Photons, photons
from simdata import Effect, Raw

AROUND = (1, 2, 1)
"""Views, columns and rows to either side over which it is found how many photons a ray has."""

SUSPECT = 4.0
"""Times the photons of a starved ray, up to which one is looked at: noise lifts none of those that have less above."""

SIZES = 64
"""Steps in which a neighbourhood grows."""

AT_ONCE = 64
"""Views treated together, which bounds the memory."""


@dataclass(frozen=True)
class StarvedRays(Effect):
    """A ray whose line integral has an SD of more than `deviation` becomes the mean of itself and its neighbours.

    n photons and an amplifier that adds `electronic` of SD give -log(n) an SD of sqrt(n + electronic^2) / n. The
    neighbourhood grows until the mean has no more than `deviation`, up to `reach` views, columns and rows to either
    side; only starved rays are in it, and all others stay as they are. The mean is of asinh(n deviation^2): of photons
    where there are few, so that those which read less than nothing are not lost, and of line integrals where there are
    many, so that what passes beside metal does not shine into its shadow. Its bias is no more than 2 % of the photons.

    Adaptive smoothing along views, columns and rows: Kachelriess et al. 2001, Med Phys 28:475; by the variance of the
    line integral: Hsieh 1998, Med Phys 25:2139. To be put after the noise; 3.4 photons are those of `ElectronicNoise`.
    Raises RecipeError if the measurement is not an X-ray scanner's.
    """

    deviation: Annotated[float, Gt(0)] = 0.1
    electronic: Annotated[float, Ge(0)] = 3.4
    reach: tuple[Annotated[int, Ge(0)], Annotated[int, Ge(0)], Annotated[int, Ge(0)]] = (5, 8, 2)

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "StarvedRays")
        data = np.array(measured.data, np.float32)
        for views, out in zip(measured.data, data, strict=True):
            faint = views.min(axis=(1, 2)) < self.enough
            for first in range(0, len(views), AT_ONCE):
                if faint[first : first + AT_ONCE].any():
                    self._fed(views, slice(first, min(first + AT_ONCE, len(views))), out)
        return replace(measured, data=data)

    @property
    def enough(self) -> float:
        """Photons from which on a ray is not starved: of them, -log has an SD of `deviation`."""
        return (1 + sqrt(1 + (2 * self.deviation * self.electronic) ** 2)) / (2 * self.deviation**2)

    def _fed(self, views: Float32[ndarray, "v c r"], batch: slice, out: Float32[ndarray, "v c r"]) -> None:
        """Into `out`: the views of `batch`."""
        first = max(batch.start - self.reach[0] - AROUND[0], 0)
        near = np.ascontiguousarray(views[first : batch.stop + self.reach[0] + AROUND[0]], np.float32)
        knee = 1 / self.deviation**2
        stretched, there = np.empty_like(near), np.empty_like(near)
        stretch(near, knee, stretched)
        expect(near, stretched, knee, SUSPECT * self.enough, AROUND, there)
        sizes, members = self._sizes()
        needed = self.deviation**2, self.electronic**2
        for_batch = batch.start - first, batch.stop - first
        share(near, stretched, there, knee, self.enough, needed, sizes, members, for_batch, out[batch])

    def _sizes(self) -> tuple[Float64[ndarray, "sizes 3"], Float64[ndarray, " sizes"]]:
        """Half widths of ever larger neighbourhoods, and how many rays are in them."""
        half = np.linspace(0, 1, SIZES)[:, None] * self.reach
        return half, (2 * half + 1).prod(axis=1)


@njit(parallel=True, cache=True)
def stretch(counted, knee, out):
    """asinh of photons (v, c, r) in units of `knee`, into `out`."""
    views, columns, rows = counted.shape
    for v in prange(views):
        for c in range(columns):
            for r in range(rows):
                out[v, c, r] = float32(asinh(counted[v, c, r] / knee))


@njit(parallel=True, cache=True)
def expect(counted, stretched, knee, suspect, around, out):
    """Into `out` (v, c, r): photons that a ray which counted few has by itself and neighbours that did so, too."""
    views, columns, rows = counted.shape
    for v in prange(views):
        for c in range(columns):
            for r in range(rows):
                if counted[v, c, r] > suspect:
                    out[v, c, r] = counted[v, c, r]
                    continue
                total, count = 0.0, 0
                for i in range(max(v - around[0], 0), min(v + around[0] + 1, views)):
                    for j in range(max(c - around[1], 0), min(c + around[1] + 1, columns)):
                        for k in range(max(r - around[2], 0), min(r + around[2] + 1, rows)):
                            if counted[i, j, k] <= suspect:
                                total += stretched[i, j, k]
                                count += 1
                out[v, c, r] = float32(knee * sinh(total / count))


@njit(parallel=True, cache=True)
def share(counted, stretched, there, knee, enough, needed, sizes, members, batch, out):
    """Into `out`, the views of `batch`: starved rays as the mean of their neighbourhood, all others as counted.

    there: photons that a ray is expected to have. needed: squares of the SD that is accepted and of the amplifier's.
    """
    views, columns, rows = counted.shape
    for v in prange(batch[0], batch[1]):
        for c in range(columns):
            for r in range(rows):
                few = there[v, c, r]
                if few >= enough:
                    out[v - batch[0], c, r] = counted[v, c, r]
                    continue
                size = len(sizes) - 1
                if few > 0:
                    size = min(np.searchsorted(members, (few + needed[1]) / (needed[0] * few * few)), size)
                half = sizes[size]
                total, weight = 0.0, 0.0
                for i in range(max(v - int(half[0] + 1), 0), min(v + int(half[0] + 1) + 1, views)):
                    by_view = part(half[0], v - i)
                    for j in range(max(c - int(half[1] + 1), 0), min(c + int(half[1] + 1) + 1, columns)):
                        by_column = by_view * part(half[1], c - j)
                        for k in range(max(r - int(half[2] + 1), 0), min(r + int(half[2] + 1) + 1, rows)):
                            if there[i, j, k] < enough:
                                own = by_column * part(half[2], r - k)
                                total += own * stretched[i, j, k]
                                weight += own
                out[v - batch[0], c, r] = float32(knee * sinh(total / weight))


@njit(inline="always")
def part(half, away):
    """Of a ray so far away: its share in a neighbourhood of `half` rays to either side."""
    return min(max(half + 1 - abs(away), 0.0), 1.0)
