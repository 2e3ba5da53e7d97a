"""Volumes by iteration: from few views, from part of a turn, from a low dose, on any path of the focus.

Each compares what a volume would cast with what was measured, and spreads the difference back over the voxels, with
the projector that measures and its exact adjoint. The grid holds all that casts rays: beyond it is nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Lt
from jaxtyping import Float32
from numpy import ndarray

from render.kernels.variation import smooth
from render.projection import project, spread
from render.views import Views
from simdata import Grid, Part, RecipeError, SceneError

GOLDEN = (5**0.5 - 1) / 2
"""Subsets follow each other so far apart in a turn: none like the one before it."""

UNSEEN = 0.01
"""Share of the mean weight that a voxel has at least, however few rays meet it."""

SMOOTHINGS = 5
"""Steps towards the least variation after each subset; the next go on from where they ended."""


def ignore(done: int, iterations: int) -> None:
    """What happens after each iteration if nobody waits for it."""


@dataclass(frozen=True, kw_only=True)
class Iterative(Part, ABC):
    """iterations: how often all rays are gone through."""

    iterations: Annotated[int, Ge(1)] = 10

    def __call__(
        self,
        rays: Float32[ndarray, "views columns rows"],
        views: Views,
        grid: Grid,
        weights: Float32[ndarray, "views columns rows"] | None = None,
        start: Float32[ndarray, "x y z"] | None = None,
        progress: Callable[[int, int], None] = ignore,
    ) -> Float32[ndarray, "x y z"]:
        """What cast the line integrals `rays`, per mm.

        weights: how much each ray is to be trusted: 1 / variance, for which the photons counted stand (Sauer and Bouman
        1993, IEEE Trans Signal Process 41:534); each part says what it takes without. start: a volume to begin from,
        such as one by `fdk`. progress: called with the number of iterations done, and of all.
        Raises SceneError if rays, weights or start do not belong to views and grid, or weights are negative or not
        finite; and what `project` and `spread` raise.
        """
        given = {"rays": rays, "weights": weights, "start": start}
        for name, found in given.items():
            shape = grid.shape if name == "start" else (len(views), views.columns, views.rows)
            if found is not None and found.shape != shape:
                raise SceneError(f"{type(self).__name__}: found {name} of shape {found.shape}; {shape} would do")
        if weights is not None and not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
            raise SceneError(
                f"{type(self).__name__}: found weights that are negative, not finite or all 0; photons would do"
            )
        volume = np.zeros(grid.shape, np.float32) if start is None else start.astype(np.float32)
        self._improve(volume, rays, views, grid, weights, progress)
        return volume

    @abstractmethod
    def _improve(
        self,
        volume: Float32[ndarray, "x y z"],
        rays: Float32[ndarray, "views columns rows"],
        views: Views,
        grid: Grid,
        weights: Float32[ndarray, "views columns rows"] | None,
        progress: Callable[[int, int], None],
    ) -> None:
        """`volume`, in place."""


@dataclass(frozen=True, kw_only=True)
class OrderedSubsets(Iterative):
    """SIRT with one subset of the views, OS-SART with some, SART with as many as views: the more, the faster at first.

    volume += relaxation A'W(rays - A volume) / A'WA1, not below `least`, subset by subset. Without weights a ray counts
    by 1 / its length (Andersen and Kak 1984, Ultrason Imaging 6:81); with weights this is penalised least squares
    without a penalty (Erdogan and Fessler 1999, Phys Med Biol 44:2835).
    """

    subsets: Annotated[int, Ge(1)] = 10
    relaxation: Annotated[float, Gt(0), Lt(2)] = 1.0
    least: float = 0.0

    def _improve(self, volume, rays, views, grid, weights, progress) -> None:
        scan = _Weighted(rays, views, grid, weights, self.subsets, type(self).__name__)
        np.maximum(volume, self.least, out=volume)
        for done in range(self.iterations):
            for subset in scan.subsets:
                step = scan.uphill(volume, subset)
                step *= np.float32(self.relaxation * len(scan.subsets))
                step /= scan.firmness
                volume += step
                np.maximum(volume, self.least, out=volume)
            progress(done + 1, self.iterations)


@dataclass(frozen=True, kw_only=True)
class TotalVariation(Iterative):
    """Sharp edges and flat tissue from few views or photons: `OrderedSubsets` that smooths small differences away.

    Least of |rays - A volume|^2 / 2, weighted, plus variation: Sidky and Pan 2008, Phys Med Biol 53:4777. After each
    subset the volume goes to the one of least variation nearby (`render.kernels.variation`). With one subset each
    iteration is nearer to the least of both (proximal gradients); with more it comes near it in fewer iterations.
    strength: of the smoothing after a subset, as the difference of neighbours that it takes away, in units of the
    volume, at a voxel of mean weight; where rays tell little of fine detail it adds up. For water as 1, about 1e-4 to
    3e-4 where there are few views and little noise, 1e-3 to 4e-3 where the dose is low.
    """

    subsets: Annotated[int, Ge(1)] = 10
    strength: Annotated[float, Gt(0)] = 0.0003
    least: float = 0.0

    def _improve(self, volume, rays, views, grid, weights, progress) -> None:
        scan = _Weighted(rays, views, grid, weights, self.subsets, type(self).__name__)
        per_axis = tuple(min(grid.spacing_mm) / mm for mm in grid.spacing_mm)
        typical = float(scan.firmness.mean(dtype=np.float64))
        firmness = scan.firmness / np.float32(typical)
        dual = np.zeros((3, *grid.shape), np.float32)
        for done in range(self.iterations):
            for subset in scan.subsets:
                step = scan.uphill(volume, subset)
                step *= np.float32(len(scan.subsets))
                step /= scan.firmness
                step += volume
                smooth(step, firmness, dual, per_axis, self.strength, self.least, SMOOTHINGS, volume)
            progress(done + 1, self.iterations)


@dataclass(frozen=True, kw_only=True)
class ConjugateGradients(Iterative):
    """Least squares |rays - A volume|^2, weighted, by conjugate gradients: fewest iterations; values may fall below 0.

    It begins to fit the noise when it goes on for long. Without weights all rays count the same. Hestenes and Stiefel
    1952, J Res Natl Bur Stand 49:409 (CGLS).
    """

    def _improve(self, volume, rays, views, grid, weights, progress) -> None:
        weight = np.ones((), np.float32) if weights is None else weights
        left = rays - _cast(volume, grid, views)
        slope = _spread(weight * left, grid, views)
        way, steepness = slope.copy(), _dot(slope, slope)
        for done in range(self.iterations):
            if steepness == 0:
                break
            shadow = _cast(way, grid, views)
            length = np.float32(steepness / _dot(weight * shadow, shadow))
            volume += length * way
            left -= length * shadow
            slope = _spread(weight * left, grid, views)
            before, steepness = steepness, _dot(slope, slope)
            way *= np.float32(steepness / before)
            way += slope
            progress(done + 1, self.iterations)


class _Weighted:
    """A measurement with the weight of each ray, in subsets of its views. firmness: A'WA1, voxel by voxel."""

    def __init__(self, rays, views, grid, weights, subsets, part) -> None:
        if subsets > len(views):
            raise RecipeError(f"{part}: found {subsets} subsets of {len(views)} views; as many at most would do")
        self.rays, self.views, self.grid = rays, views, grid
        length = _cast(np.ones(grid.shape, np.float32), grid, views)
        if weights is None:
            weights = np.divide(1, length, out=np.zeros_like(length), where=length > UNSEEN * length.max())
        self.weights = weights
        length *= weights
        self.firmness = _spread(length, grid, views)
        np.maximum(self.firmness, UNSEEN * self.firmness.mean(dtype=np.float64), out=self.firmness)
        order = np.argsort(np.arange(subsets) * GOLDEN % 1, kind="stable")
        self.subsets = [slice(int(first), None, subsets) for first in order]

    def uphill(self, volume: Float32[ndarray, "x y z"], subset: slice) -> Float32[ndarray, "x y z"]:
        """A'W(rays - A volume) of a subset of the views: the way to what fits them better."""
        views = self.views[subset]
        left = _cast(volume, self.grid, views)
        np.subtract(self.rays[subset], left, out=left)
        left *= self.weights[subset]
        return _spread(left, self.grid, views)


def _cast(volume: Float32[ndarray, "x y z"], grid: Grid, views: Views) -> Float32[ndarray, "views columns rows"]:
    return project(volume[..., None], grid, views)[..., 0]


def _spread(rays: Float32[ndarray, "views columns rows"], grid: Grid, views: Views) -> Float32[ndarray, "x y z"]:
    return spread(rays[..., None], grid, views)[..., 0]


def _dot(one: Float32[ndarray, "*n"], other: Float32[ndarray, "*n"]) -> float:
    return float(sum(np.vdot(a.astype(np.float64), b) for a, b in zip(one, other, strict=True)))
