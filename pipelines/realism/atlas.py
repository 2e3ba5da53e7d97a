"""Where every structure of one patient lies, turned to right, front and up; found once, asked often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, UInt16
from numpy import ndarray

from pipelines.realism import voxels
from pipelines.realism.figures import rows
from pipelines.sheet import to_ras, to_ras_axes
from simdata.scene import Scene
from simdata.structures import Structure, structures

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Piece:
    """Part of a patient as a mask: inside (x, y, z), at `first_mm` (x, y, z) of the middle of its first voxel."""

    inside: Bool[ndarray, "x y z"]
    spacing_mm: Float[ndarray, " 3"]
    first_mm: Float[ndarray, " 3"]

    def points_mm(self, where: Bool[ndarray, "x y z"]) -> Float[ndarray, "n 3"]:
        """The middles of the voxels `where` holds, mm."""
        return self.first_mm + np.argwhere(where) * self.spacing_mm

    @property
    def centre_mm(self) -> Float[ndarray, " 3"]:
        """Its middle."""
        return self.points_mm(self.inside).mean(axis=0)


@dataclass(frozen=True, eq=False)
class Atlas:
    """labels: (x, y, z) uint16, right, front, up. first_mm: RAS mm of the middle of the first voxel.

    A name is that of a structure, with all its parts, or one of tables/names.csv.
    """

    labels: UInt16[ndarray, "x y z"]
    spacing_mm: Float[ndarray, " 3"]
    first_mm: Float[ndarray, " 3"]
    structures: Mapping[int, Structure]

    @classmethod
    def of(cls, scene: Scene) -> "Atlas":
        """The atlas of a patient."""
        labels = np.ascontiguousarray(to_ras(scene.labels, scene.grid))
        corners = scene.grid.world_mm(np.array([(0, 0, 0), np.array(scene.grid.shape) - 1]))
        spacing = np.array(to_ras_axes(scene.grid.spacing_mm, scene.grid))
        return cls(labels, spacing, corners.min(axis=0), scene.structures)

    @cached_property
    def boxes(self) -> Mapping[int, Box]:
        """Label to the block that holds it."""
        return voxels.boxes(self.labels)

    @cached_property
    def voxels(self) -> ndarray:
        """Label to its number of voxels."""
        return np.bincount(self.labels.ravel(), minlength=1 << 16)

    def ids(self, name: str) -> list[int]:
        """Labels that occur and belong to `name`."""
        for row in rows("names"):
            if row["name"] == name:
                without = {id for word in row["without"].split() for id in self._parts(word)}
                return [id for word in row["structures"].split() for id in self._parts(word) if id not in without]
        return self._parts(name)

    def has(self, *names: str) -> bool:
        """True if all of them occur."""
        return all(self.ids(name) for name in names)

    def volume_ml(self, name: str) -> float:
        """Of all that belongs to `name`."""
        return float(self.voxels[self.ids(name)].sum() * self.spacing_mm.prod() / 1000)

    def cut(self, name: str, axis: int | None = None, side: int | None = None) -> bool:
        """True if `name` reaches the border of the grid (of one axis, on side 0 or 1, if they are given)."""
        axes = range(3) if axis is None else (axis,)
        boxes = [self.boxes[id] for id in self.ids(name)]
        low = any(box[n].start == 0 for box in boxes for n in axes)
        high = any(box[n].stop == self.labels.shape[n] for box in boxes for n in axes)
        return (low, high)[side] if side is not None else low or high

    def whole(self, *names: str) -> bool:
        """True if all of them occur and none reaches the border of the grid."""
        return self.has(*names) and not any(self.cut(name) for name in names)

    def bottom(self, *names: str) -> int:
        """The lowest slice of those structures, which is 0 where they reach the border or do not occur."""
        return min((self.boxes[id][2].start for name in names for id in self.ids(name)), default=0)

    def piece(self, name: str, margin_mm: float = 0.0) -> Piece:
        """The mask of `name`, which must occur, with some room around it."""
        box = self._box(self.ids(name), margin_mm)
        first = self.first_mm + np.array([cut.start for cut in box]) * self.spacing_mm
        return Piece(self._table(self.ids(name))[self.labels[box]], self.spacing_mm, first)

    def _parts(self, name: str) -> list[int]:
        return self._lineages.get(name, [])

    @cached_property
    def _lineages(self) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for id in self.boxes:
            above = id
            while above:
                found.setdefault(self.structures[above].name, []).append(id)
                above = (self.structures.get(above) or structures()[above]).parent
        return found

    def _table(self, ids: Iterable[int]) -> Bool[ndarray, " n"]:
        table = np.zeros(1 << 16, bool)
        table[list(ids)] = True
        return table

    def _box(self, ids: Iterable[int], margin_mm: float) -> Box:
        boxes = [self.boxes[id] for id in ids]
        more = np.ceil(margin_mm / self.spacing_mm).astype(int)
        starts = [max(min(box[n].start for box in boxes) - more[n], 0) for n in range(3)]
        stops = [min(max(box[n].stop for box in boxes) + more[n], self.labels.shape[n]) for n in range(3)]
        x, y, z = (slice(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True))
        return x, y, z
