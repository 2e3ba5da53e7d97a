"""One image to learn from, with the class of every pixel or voxel where it is known."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray

from simdata.errors import DatasetError

REST, UNKNOWN = 0, 255
"""Labels of what is none of the classes, and of what nobody has labelled: there a prediction costs nothing."""


@dataclass(frozen=True, eq=False)
class Example:
    """image: (channel, row, column), or (channel, x, y, z) in RAS+. name: its file, or its place in a dataset.

    label: the same without the channel: 0 the rest, 1.. the classes in their order, 255 unknown; None if unlabelled.
    Raises DatasetError if the two differ in shape.
    """

    name: str
    image: Float32[ndarray, "..."]
    label: UInt8[ndarray, "..."] | None = None

    def __post_init__(self) -> None:
        if self.label is not None and self.label.shape != self.image.shape[1:]:
            found = f"an image of {self.image.shape[1:]} with a label of {self.label.shape}"
            raise DatasetError(f"{self.name}: {found}; equal sizes would do")

    @property
    def shape(self) -> tuple[int, ...]:
        """Pixels or voxels along each axis."""
        return self.image.shape[1:]

    def known(self) -> ndarray:
        """The label. Raises DatasetError if there is none."""
        if self.label is None:
            raise DatasetError(f"{self.name}: it has no label; a source with labels would do")
        return np.asarray(self.label)
