"""How the patient moves: a map from where a voxel is now to where its tissue lay at rest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from simdata.grid import Block, Grid, slabs

Points = Float[ndarray, "*n 3"]
ROUNDS = 40
"""Steps towards where a point has moved to: enough for a motion that squeezes its neighbours to a half."""


class Motion(ABC):
    """A motion is a function of time, t_s in seconds; at rest it displaces nothing.

    smooth: whether its field on a grid costs less than where it takes as many points.
    """

    smooth: ClassVar[bool] = False

    @property
    def period_s(self) -> float:
        """After this time the patient is as he was; 0 if the motion does not repeat."""
        return 0.0

    def block(self, grid: Grid) -> Block:
        """The voxels among which all lies that ever moves; of a grid that ends before, its nearest."""
        return grid.block

    def state(self, t_s: float) -> Mapping[str, float]:
        """What the motion is doing at `t_s`, in its own numbers, such as how far the diaphragm has gone down."""
        return {}

    @abstractmethod
    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        """RAS+ mm to add to each voxel's position at `t_s` to find the position of its tissue at rest (pull-back)."""

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        """Where what lies at `points_mm` (..., 3) at `t_s` lay at rest; between the voxels of `grid`, linearly."""
        return points_mm + _between(self.displacement(grid, t_s), points_mm, grid)

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        """Where what lay at `points_mm` (..., 3) at rest lies at `t_s`: the inverse of the pull-back."""
        displacement = self.displacement(grid, t_s)
        moved = points_mm
        for _ in range(ROUNDS):
            moved = points_mm - _between(displacement, moved, grid)
        return moved

    def forward(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        """RAS+ mm to add to where each voxel lies at rest to find where its tissue lies at `t_s` (push-forward)."""
        points_mm = grid.points_mm()
        return np.moveaxis(self.moved_mm(points_mm, grid, t_s) - points_mm, -1, 0).astype(np.float32)

    def track(self, points_mm: Points, grid: Grid, times_s: Float[ndarray, " t"]) -> Float[ndarray, "t *n 3"]:
        """The way of what lay at `points_mm` (..., 3) at rest: RAS+ mm at each of `times_s`."""
        return np.stack([self.moved_mm(points_mm, grid, float(t_s)) for t_s in times_s])


def _between(displacement: Float32[ndarray, "3 x y z"], points_mm: Points, grid: Grid) -> Points:
    """The displacement at any points: linear between voxels, constant beyond."""
    from scipy.ndimage import map_coordinates

    index = np.moveaxis(grid.index(points_mm), -1, 0)
    return np.stack([map_coordinates(axis, index, order=1, mode="nearest") for axis in displacement], axis=-1)


@dataclass(frozen=True)
class Still(Motion):
    """A patient who holds still."""

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return np.zeros((3, *grid.shape), np.float32)


class Rigid(Motion):
    """A patient who moves as a whole."""

    @abstractmethod
    def pose(self, t_s: float) -> Float[ndarray, "4 4"]:
        """RAS+ mm at rest, (x, y, z, 1), to RAS+ mm at `t_s`."""

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        points_mm = grid.points_mm()
        return np.moveaxis(self.rest_mm(points_mm, grid, t_s) - points_mm, -1, 0).astype(np.float32)

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return _placed(np.linalg.inv(self.pose(t_s)), points_mm)

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        return _placed(self.pose(t_s), points_mm)


def _placed(pose: Float[ndarray, "4 4"], points_mm: Points) -> Points:
    return points_mm @ pose[:3, :3].T + pose[:3, 3]


@dataclass(frozen=True)
class Together(Motion):
    """A patient who moves in several ways at once: each of `motions` moves what those before it have moved."""

    motions: tuple[Motion, ...]

    @property
    def period_s(self) -> float:
        """The longest of all periods: a breath holds some beats, and rarely a whole number of them."""
        return max(motion.period_s for motion in self.motions)

    def state(self, t_s: float) -> Mapping[str, float]:
        return {name: value for motion in self.motions for name, value in motion.state(t_s).items()}

    def displacement(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return _one_after_another(grid, [_back(motion, grid, t_s) for motion in reversed(self.motions)])

    def forward(self, grid: Grid, t_s: float) -> Float32[ndarray, "3 x y z"]:
        return _one_after_another(grid, [_there(motion, grid, t_s) for motion in self.motions])

    def rest_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        for motion in reversed(self.motions):
            points_mm = motion.rest_mm(points_mm, grid, t_s)
        return points_mm

    def moved_mm(self, points_mm: Points, grid: Grid, t_s: float) -> Points:
        for motion in self.motions:
            points_mm = motion.moved_mm(points_mm, grid, t_s)
        return points_mm


@dataclass(frozen=True)
class Way:
    """A motion there or back: the field of it, where it takes points, and beyond which voxels it takes none.

    smooth: whether the field costs less than as many points.
    """

    field: Callable[[], Float32[ndarray, "3 x y z"]]
    of_points: Callable[[Points], Points]
    block: Block
    smooth: bool


def _back(motion: Motion, grid: Grid, t_s: float) -> Way:
    def of_points(points_mm: Points) -> Points:
        return motion.rest_mm(points_mm, grid, t_s)

    return Way(partial(motion.displacement, grid, t_s), of_points, motion.block(grid), motion.smooth)


def _there(motion: Motion, grid: Grid, t_s: float) -> Way:
    def of_points(points_mm: Points) -> Points:
        return motion.moved_mm(points_mm, grid, t_s)

    return Way(partial(motion.forward, grid, t_s), of_points, motion.block(grid), motion.smooth)


def _one_after_another(grid: Grid, ways: Sequence[Way]) -> Float32[ndarray, "3 x y z"]:
    """One way after the other: every voxel is followed; of a smooth one, only what those before it have moved."""
    total = ways[0].field()
    for way in ways[1:]:
        near = _grown(way.block, float(np.abs(total).max(initial=0.0)), grid)
        field = way.field() if way.smooth else None
        for slab in slabs(near):
            so_far = total[:, *slab]
            if field is None:
                so_far += _farther(way, grid.points_mm(slab), so_far)
            else:
                moved = so_far.any(axis=0)
                further = field[:, *slab]
                further[:, moved] = _farther(way, grid.points_mm(slab)[moved], so_far[:, moved])
                so_far += further
    return total


def _farther(way: Way, points_mm: Points, so_far: Float32[ndarray, "3 ..."]) -> Float[ndarray, "3 ..."]:
    """How much farther a way takes what `so_far` has taken from `points_mm`."""
    here_mm = points_mm + np.moveaxis(so_far, 0, -1)
    return np.moveaxis(way.of_points(here_mm) - here_mm, -1, 0)


def _grown(block: Block, by_mm: float, grid: Grid) -> Block:
    """A block with all voxels from which a way of `by_mm` along each axis of the patient may lead into it."""
    voxels = np.ceil(np.abs(np.linalg.inv(grid.affine[:3, :3])).sum(axis=1) * by_mm).astype(int).tolist()
    ends = zip(block, voxels, grid.shape, strict=True)
    x, y, z = (slice(min(max(b.start - n, 0), count), min(b.stop + n, count)) for b, n, count in ends)
    return x, y, z


def keeps_shape(motion: Motion) -> bool:
    """True of a patient who moves as a whole, or not at all."""
    parts = motion.motions if isinstance(motion, Together) else (motion,)
    return all(isinstance(part, Rigid | Still) for part in parts)


def inside(motion: Motion, new: Motion, *, first: bool = False) -> Motion:
    """`motion` with one that was measured in the patient at rest: before what moves him as a whole.

    first: before every other motion too, as a heart beats within the chest that carries it.
    """
    parts = motion.motions if isinstance(motion, Together) else (motion,)
    own = 0 if first else sum(not isinstance(part, Rigid) for part in parts)
    ordered = sorted(parts, key=lambda part: isinstance(part, Rigid))
    return together(*ordered[:own], new, *ordered[own:])


def together(*motions: Motion) -> Motion:
    """All of `motions`, one after the other; those that hold still are left out."""
    parts = [part for motion in motions for part in (motion.motions if isinstance(motion, Together) else (motion,))]
    moving = tuple(part for part in parts if not isinstance(part, Still))
    return Together(moving) if len(moving) > 1 else (*moving, Still())[0]
