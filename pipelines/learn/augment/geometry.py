"""Patches taken from elsewhere: the image between its pixels, the label from the nearest one."""

import numpy as np
from jaxtyping import Float, Float32, UInt8
from numpy import ndarray
from scipy.ndimage import map_coordinates

BEYOND = "reflect"
"""What lies outside a patch is its own mirror image, in the label as in the image."""


def pulled(
    image: Float32[ndarray, "c ..."], label: UInt8[ndarray, "..."], source: Float[ndarray, "d ..."]
) -> tuple[Float32[ndarray, "c ..."], UInt8[ndarray, "..."]]:
    """Every pixel or voxel takes what lies at `source`, its place along each of the d axes, in pixels."""
    moved = np.stack([map_coordinates(channel, source, order=1, mode=BEYOND) for channel in image])
    return moved, map_coordinates(label, source, order=0, mode=BEYOND)


def places(shape: tuple[int, ...]) -> Float32[ndarray, "d ..."]:
    """Where each pixel or voxel lies itself."""
    return np.indices(shape, dtype=np.float32)
