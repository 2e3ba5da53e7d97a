"""Where vessels may grow: the voxels of an organ, how much room there is, and how much blood each of them asks for."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int32, Shaped
from numpy import ndarray
from scipy.ndimage import distance_transform_edt, label

from simdata import Grid, SceneError, Vessels
from vascular.straight import walk_all

SKEW = 1e-3


@dataclass(frozen=True, eq=False)
class Domain:
    """An organ to grow in, convex or not.

    room_mm: (x, y, z) how far each voxel's centre lies inside, mm; 0 outside. demand: (x, y, z) how densely its ends
    should lie, relative to each other; what is not inside asks for nothing.
    Raises SceneError if it is empty or in pieces, on another grid, or if its demand is negative, not finite or nothing.
    """

    grid: Grid
    room_mm: Float32[ndarray, "x y z"]
    demand: Float32[ndarray, "x y z"]

    def __post_init__(self) -> None:
        for name, array in (("mask", self.room_mm), ("demand", self.demand)):
            if array.shape != self.grid.shape:
                raise SceneError(
                    f"Domain: its {name} has shape {array.shape} on a grid of {self.grid.shape}, not the same"
                )
        axes = self.grid.affine[:3, :3] / self.grid.spacing_mm
        if np.abs(axes.T @ axes - np.eye(3)).max() > SKEW:
            raise SceneError(
                "Domain: the axes of its grid are skew, so distances cannot be told; right angles would do"
            )
        inside = self.room_mm > 0
        if not inside.any():
            raise SceneError("Domain: it has no voxel; an organ that lies in the grid would do")
        pieces = int(_pieces(inside).max())
        if pieces > 1:
            raise SceneError(
                f"Domain: it falls into {pieces} pieces, and no vessel crosses the gaps; one of them would do "
                "(vascular.domain.largest_part)"
            )
        if not np.isfinite(self.demand).all() or (self.demand < 0).any():
            raise SceneError("Domain: its demand is negative or not finite somewhere; numbers of 0 and more would do")
        if not (self.demand[inside] > 0).any():
            raise SceneError("Domain: nothing inside it has a demand, so no end has a place; a demand above 0 would do")

    @classmethod
    def of_mask(
        cls, mask: Bool[ndarray, "x y z"], grid: Grid, demand: Shaped[ndarray, "x y z"] | None = None
    ) -> "Domain":
        """The voxels where `mask` is true, cut out of the grid; demand: 1 everywhere unless it is given."""
        if mask.dtype != bool:
            raise SceneError(f"Domain: its mask holds {mask.dtype}; true and false would do (mask == 1, mask > 0.5)")
        if mask.shape != grid.shape:
            raise SceneError(f"Domain: its mask has shape {mask.shape} on a grid of {grid.shape}, not the same")
        low, high = bounds(mask)
        block = between(low, high)
        return cls.of_distance(
            depth_mm(mask[block], grid) - min(grid.spacing_mm) / 2,
            grid.crop(tuple(low.tolist()), tuple((high - low).tolist())),
            _cut(demand, mask, block),
        )

    @classmethod
    def of_distance(
        cls, distance_mm: Shaped[ndarray, "x y z"], grid: Grid, demand: Shaped[ndarray, "x y z"] | None = None
    ) -> "Domain":
        """The inside of a surface: distance_mm is the distance of each voxel's centre to it, positive inside."""
        if not np.isfinite(distance_mm).all():
            raise SceneError("Domain: the distance to its surface is not finite somewhere; millimetres would do")
        room = np.maximum(np.asarray(distance_mm, np.float32), 0)
        wish = np.ones(room.shape, np.float32) if demand is None else np.asarray(demand, np.float32)
        return cls(grid, room, wish)

    @cached_property
    def volume_mm3(self) -> float:
        """Volume of all voxels inside, mm3."""
        return float(np.count_nonzero(self.room_mm)) * self.grid.voxel_mm3

    @cached_property
    def wanting_mm3(self) -> float:
        """Volume of all voxels inside that have a demand, mm3."""
        return float(np.count_nonzero((self.room_mm > 0) & (self.demand > 0))) * self.grid.voxel_mm3

    def room_at_mm(self, points_mm: Shaped[ndarray, "n 3"]) -> Float[ndarray, " n"]:
        """How far inside each point lies, mm, as its voxel knows it; 0 outside."""
        return self._at(self.room_mm, points_mm)

    def demand_at(self, points_mm: Shaped[ndarray, "n 3"]) -> Float[ndarray, " n"]:
        """The demand of the voxel that each point lies in; 0 outside the grid."""
        return self._at(self.demand, points_mm)

    def _at(self, values: Float32[ndarray, "x y z"], points_mm: Shaped[ndarray, "n 3"]) -> Float[ndarray, " n"]:
        voxel = np.floor(self.grid.index(points_mm) + 0.5).astype(int)
        known = ((voxel >= 0) & (voxel < self.grid.shape)).all(axis=1)
        found = np.zeros(len(voxel))
        found[known] = values[tuple(voxel[known].T)]
        return found

    def holds(self, vessels: Vessels) -> Bool[ndarray, " n"]:
        """True for every segment all of whose voxels lie inside: Amanatides and Woo's walk from face to face."""
        index = self.grid.index(vessels.points_mm.astype(float))
        return walk_all(self.room_mm, np.zeros(len(vessels)), index[vessels.above], index)

    def spread(self, wanted: Shaped[ndarray, "x y z"]) -> "Domain":
        """The same place with another demand."""
        return Domain(self.grid, self.room_mm, np.asarray(wanted, np.float32))


def largest_part(mask: Bool[ndarray, "x y z"]) -> Bool[ndarray, "x y z"]:
    """The largest piece of a mask whose voxels hang together by their faces."""
    block = between(*bounds(mask))
    pieces = _pieces(mask[block])
    largest = np.zeros_like(mask)
    largest[block] = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return largest


def _pieces(mask: Bool[ndarray, "x y z"]) -> Int32[ndarray, "x y z"]:
    """The number of the piece that each voxel belongs to, 0 outside."""
    pieces = np.zeros(mask.shape, np.int32)
    label(mask, output=pieces)
    return pieces


def bounds(mask: Bool[ndarray, "x y z"]) -> tuple[Int[ndarray, " 3"], Int[ndarray, " 3"]]:
    """First voxel of the smallest block that holds a mask, and the voxel after its last. Raises SceneError if empty."""
    used = [np.flatnonzero(mask.any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
    if not used[0].size:
        raise SceneError("Domain: it has no voxel; an organ that lies in the grid would do")
    return np.array([at[0] for at in used]), np.array([at[-1] + 1 for at in used])


def between(low: Int[ndarray, " 3"], high: Int[ndarray, " 3"]) -> tuple[slice, slice, slice]:
    """The block of voxels from `low` to before `high`, as an index."""
    x, y, z = (slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return x, y, z


def depth_mm(mask: Bool[ndarray, "x y z"], grid: Grid) -> Float[ndarray, "x y z"]:
    """How far inside a mask each voxel's centre lies, mm, to the nearest centre outside; 0 outside."""
    return np.asarray(distance_transform_edt(np.pad(mask, 1), sampling=grid.spacing_mm))[1:-1, 1:-1, 1:-1]


def away_mm(mask: Bool[ndarray, "x y z"], grid: Grid) -> Float[ndarray, "x y z"]:
    """How far each voxel's centre lies from a mask, mm; 0 in it."""
    return np.asarray(distance_transform_edt(~mask, sampling=grid.spacing_mm))


def _cut(demand: ndarray | None, mask: ndarray, block: tuple[slice, ...]) -> ndarray | None:
    if demand is None:
        return None
    if demand.shape != mask.shape:
        raise SceneError(f"Domain: its demand has shape {demand.shape} on a grid of {mask.shape}, not the same")
    return demand[block]
