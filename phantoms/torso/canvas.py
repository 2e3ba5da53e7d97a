"""A block of voxels to paint on: where each voxel lies in the reference body, and what it has become so far."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8, UInt16
from numpy import ndarray

from phantoms.torso.shapes import box, tube_depth
from simdata import structure
from simdata.tissues import tissues


@dataclass(frozen=True, eq=False)
class Canvas:
    """x, y, z: (nx, ny, nz) float32, each voxel's place in the reference body, mm.

    axes: the same places before the patient's deformation, one coordinate per array axis; margin_mm: (3,) the largest
    deformation. body, muscle, cavity: depth below skin, muscle and cavity outline, mm. angle_deg: about the axis of the
    trunk, 0 in front, 180 behind, the same left and right. labels, tissue and density (of lung, relative to its own)
    are painted in place; a `window` shares them.
    """

    axes: tuple[ndarray, ndarray, ndarray]
    margin_mm: Float[ndarray, "3"]
    x: Float32[ndarray, "x y z"]
    y: Float32[ndarray, "x y z"]
    z: Float32[ndarray, "x y z"]
    body: Float32[ndarray, "x y z"]
    muscle: Float32[ndarray, "x y z"]
    cavity: Float32[ndarray, "x y z"]
    angle_deg: Float32[ndarray, "x y z"]
    labels: UInt16[ndarray, "x y z"]
    tissue: UInt8[ndarray, "x y z"]
    density: Float32[ndarray, "x y z"]

    @property
    def points(self) -> tuple[ndarray, ndarray, ndarray]:
        """x, y and z."""
        return self.x, self.y, self.z

    def window(self, low_mm, high_mm) -> "Canvas":
        """The part of this canvas that can hold anything between two corners of the reference body."""
        return self.block(self.cut(low_mm, high_mm))

    def trimmed(self) -> "Canvas":
        """The block around everything inside the skin."""
        spans = [np.flatnonzero((self.body > 0).any(axis=other)) for other in ((1, 2), (0, 2), (0, 1))]
        x, y, z = (slice(int(span[0]), int(span[-1]) + 1) if len(span) else slice(0, 0) for span in spans)
        return self.block((x, y, z))

    def block(self, cut: tuple[slice, slice, slice]) -> "Canvas":
        """The voxels `cut` of this canvas; painting there paints here."""
        arrays = (*self.points, self.body, self.muscle, self.cavity, self.angle_deg)
        arrays += (self.labels, self.tissue, self.density)
        axes = tuple(axis[c] for axis, c in zip(self.axes, cut, strict=True))
        return Canvas(axes, self.margin_mm, *(array[cut] for array in arrays))  # pyright: ignore[reportArgumentType]

    def cut(self, low_mm, high_mm) -> tuple[slice, slice, slice]:
        """The voxels of that window."""
        first, last = self._range(np.asarray(low_mm)[None], np.asarray(high_mm)[None])
        x, y, z = (slice(int(a), max(int(a), int(b))) for a, b in zip(first[0], last[0], strict=True))
        return x, y, z

    def tubes(self, cones: Float[ndarray, "n 8"], reach_mm: float = 0.0):
        """Depth in the deepest of `cones` and its row number; -1000 mm farther than `reach_mm` from all of them."""
        low, high = box(cones, reach_mm)
        first, last = self._range(low, high)
        ranges = np.stack([first, last], axis=-1).reshape(-1, 6).astype(np.int32)
        return tube_depth(self.x, self.y, self.z, cones, ranges)

    def paint(self, where: Bool[ndarray, "x y z"], name: str, tissue: str | None = None) -> None:
        """Make the voxels `where` structure `name`, of its own tissue unless another is named."""
        part = structure(name)
        self.labels[where] = part.id
        self.tissue[where] = tissues()[tissue or part.tissue]

    def paint_bone(self, depth_mm, where, name: str, cortex_mm: float) -> None:
        """Paint a bone with a cortical shell `cortex_mm` thick and spongy bone inside."""
        self.paint(where & (depth_mm < cortex_mm), name, "cortical_bone")
        self.paint(where & (depth_mm >= cortex_mm), name, "spongy_bone")

    def has(self, *names: str) -> Bool[ndarray, "x y z"]:
        """Where any of the structures `names` has been painted."""
        return np.isin(self.labels, np.array([structure(name).id for name in names], np.uint16))

    def _range(self, low, high):
        low, high = low - self.margin_mm, high + self.margin_mm
        first = [np.searchsorted(axis, low[:, n], "left") for n, axis in enumerate(self.axes)]
        last = [np.searchsorted(axis, high[:, n], "right") for n, axis in enumerate(self.axes)]
        return np.stack(first, axis=-1), np.stack(last, axis=-1)
