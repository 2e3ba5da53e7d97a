"""Patches turned and scaled about their middle."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation

from pipelines.learn.augment.geometry import BEYOND
from pipelines.learn.kinds import Augmentation


@dataclass(frozen=True, kw_only=True)
class Affine(Augmentation):
    """A turn by up to `degrees` either way, in a volume about any axis, and a scale, of each axis by itself.

    degrees: 180 is any direction. scale: 0.1 makes things 10 % larger at most, or smaller by as much; of all axes
    alike. stretch: the same, of each axis by itself. One interpolation does it all.
    """

    degrees: Annotated[float, Ge(0), Le(180)] = 180.0
    scale: Annotated[float, Ge(0), Le(1)] = 0.0
    stretch: Annotated[float, Ge(0), Le(1)] = 0.0

    def __call__(
        self, image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], rng: Generator
    ) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
        matrix = _turn(label.ndim, np.radians(self.degrees) * rng.uniform(-1, 1), rng)
        sizes = (1 + self.scale) ** rng.uniform(-1, 1) * (1 + self.stretch) ** rng.uniform(-1, 1, label.ndim)
        middle = (np.array(label.shape) - 1) / 2
        where = {"matrix": matrix / sizes, "offset": middle - matrix / sizes @ middle, "mode": BEYOND}
        moved = np.stack([affine_transform(channel, order=1, **where) for channel in image])
        return moved, affine_transform(label, order=0, **where)


def _turn(dimensions: int, angle: float, rng: Generator) -> Float[ndarray, "d d"]:
    """A rotation of the plane, or of space about an axis that points anywhere."""
    axis = rng.standard_normal(3)
    if dimensions == 2:
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
