"""Where voxels lie in the patient: a shape and an affine from voxel index to RAS+ millimetres."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Num
from numpy import ndarray

from simdata.errors import SceneError

SINGULAR_MM3 = 1e-9
MOST_VOXELS = 2**33
"""2048 along every axis: 26 GB of labels and tissues, before anything is scanned."""
SLAB = 8
"""Planes of a block that are computed at a time."""
Block = tuple[slice, slice, slice]
"""The voxels from `start` to before `stop` along each axis."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid of voxels in the patient.

    shape: (nx, ny, nz) voxels.
    affine: (4, 4) float64, voxel index (i, j, k, 1) to RAS+ mm, at voxel centres, as in nibabel.
    Raises SceneError if the shape is empty or of more than 2^33 voxels, or the affine is not finite or cannot be
    inverted.
    """

    shape: tuple[int, int, int]
    affine: Float[ndarray, "4 4"]

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != 3 or min(shape) < 1:
            raise SceneError(f"Grid: found shape {shape}; three counts of at least 1 would do")
        if math.prod(shape) > MOST_VOXELS:
            raise SceneError(
                f"Grid: found shape {shape}, {math.prod(shape):.2g} voxels; at most {MOST_VOXELS:.2g} would do"
            )
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise SceneError("Grid: the affine must be a 4x4 matrix of finite numbers")
        if not np.allclose(affine[3], (0, 0, 0, 1)):
            raise SceneError(f"Grid: the affine's last row is {affine[3].tolist()}; [0, 0, 0, 1] would do")
        if abs(np.linalg.det(affine[:3, :3])) < SINGULAR_MM3:
            raise SceneError(
                "Grid: the affine is singular (its voxels have no volume), so no position can be told from it"
            )
        affine.setflags(write=False)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", affine)

    @classmethod
    def regular(
        cls,
        shape: tuple[int, int, int],
        voxel_mm: float | tuple[float, float, float] = 1.0,
        centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> "Grid":
        """A grid along the patient's own axes (x to the right, y forward, z up) around `centre_mm`."""
        affine = np.diag((*np.broadcast_to(voxel_mm, 3), 1.0))
        affine[:3, 3] = np.asarray(centre_mm) - affine[:3, :3] @ ((np.asarray(shape) - 1) / 2)
        return cls(shape, affine)

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel edge lengths along the three array axes, mm."""
        x, y, z = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(x), float(y), float(z)

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel, mm3."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    def world_mm(self, index: Num[ndarray, "*n 3"]) -> Float[ndarray, "*n 3"]:
        """Voxel indices (..., 3) to RAS+ mm."""
        return np.asarray(index, float) @ self.affine[:3, :3].T + self.affine[:3, 3]

    def index(self, world_mm: Num[ndarray, "*n 3"]) -> Float[ndarray, "*n 3"]:
        """RAS+ mm (..., 3) to fractional voxel indices."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(world_mm, float) @ inverse[:3, :3].T + inverse[:3, 3]

    @property
    def block(self) -> Block:
        """All voxels."""
        x, y, z = (slice(0, count) for count in self.shape)
        return x, y, z

    def points_mm(self, block: Block | None = None) -> Float[ndarray, "x y z 3"]:
        """RAS+ mm of the centre of every voxel, or of every one in `block`."""
        steps = zip(self.affine[:3, :3].T, block or self.block, strict=True)
        x, y, z = (np.arange(part.start, part.stop)[:, None] * step_mm for step_mm, part in steps)
        return x[:, None, None] + y[None, :, None] + (z + self.affine[:3, 3])

    def crop(self, start: tuple[int, int, int], shape: tuple[int, int, int]) -> "Grid":
        """The grid of the block of `shape` voxels that begins at voxel `start`."""
        affine = self.affine.copy()
        affine[:3, 3] = self.world_mm(np.asarray(start, float))
        return Grid(shape, affine)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.shape == other.shape and np.array_equal(self.affine, other.affine)

    def __hash__(self) -> int:
        return hash((self.shape, self.affine.tobytes()))


def slabs(block: Block) -> Iterator[Block]:
    """A block in slices of some planes, so that what is computed of each fits into a processor's cache."""
    x, y, z = block
    for start in range(x.start, x.stop, SLAB):
        yield slice(start, min(start + SLAB, x.stop)), y, z
