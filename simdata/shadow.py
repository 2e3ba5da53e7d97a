"""What one structure casts on a projection image: the way of the rays through it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

from simdata.errors import SceneError


@dataclass(frozen=True, eq=False)
class Shadow:
    """mm of way through a structure, in the block of pixels that it touches; elsewhere there is none.

    path_mm: (x, y, z) along the axes of the image. start: the pixel of the image where the block begins.
    Raises SceneError if the block begins before the image.
    """

    path_mm: Float32[ndarray, "x y z"]
    start: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        if min(self.start) < 0:
            raise SceneError(f"Shadow: its block begins at pixel {self.start}; one inside the image would do")

    @classmethod
    def of(cls, path_mm: Float32[ndarray, "x y z"]) -> "Shadow":
        """The block of the whole image's `path_mm` that is not 0."""
        touched = np.nonzero(path_mm)
        if not touched[0].size:
            return cls(path_mm[:0, :0, :0].copy())
        x, y, z = (int(index.min()) for index in touched)
        block = tuple(slice(int(index.min()), int(index.max()) + 1) for index in touched)
        return cls(path_mm[block].copy(), (x, y, z))

    def over(self, shape: tuple[int, int, int]) -> Float32[ndarray, "x y z"]:
        """mm of way at every pixel of an image of that shape; its mask is where this is more than 0."""
        whole = np.zeros(shape, np.float32)
        whole[self.block] = self.path_mm
        return whole

    @property
    def block(self) -> tuple[slice, ...]:
        """The pixels that it touches."""
        return tuple(slice(start, start + n) for start, n in zip(self.start, self.path_mm.shape, strict=True))
