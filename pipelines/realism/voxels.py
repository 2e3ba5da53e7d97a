"""scipy.ndimage with the types that it has for arrays; its own annotations know them only by the call's arguments."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from scipy import ndimage

_image: Any = ndimage
ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)


def pieces(inside: Bool[ndarray, "x y z"], corners: bool = False) -> Int[ndarray, "x y z"]:
    """1, 2, ... in what hangs together by faces (with `corners`, by edges and corners too), 0 outside."""
    return _image.label(inside, ALL_NEIGHBOURS if corners else None)[0]


def depth_mm(inside: Bool[ndarray, "x y z"], spacing_mm: Sequence[float] | ndarray) -> Float[ndarray, "x y z"]:
    """Distance from every voxel inside to the nearest one outside."""
    return _image.distance_transform_edt(inside, sampling=spacing_mm)


def filled(inside: Bool[ndarray, "x y z"]) -> Bool[ndarray, "x y z"]:
    """With all that is enclosed within an axial slice."""
    return np.stack([_image.binary_fill_holes(inside[..., z]) for z in range(inside.shape[2])], axis=2)


def opened(inside: Bool[ndarray, "x y z"], steps: int) -> Bool[ndarray, "x y z"]:
    """Without what is thinner than twice `steps` voxels within an axial slice."""
    cross = _image.generate_binary_structure(3, 1) & np.array([0, 1, 0], bool)
    return _image.binary_opening(inside, cross, steps)


def eroded(inside: Bool[ndarray, "x y z"]) -> Bool[ndarray, "x y z"]:
    """Without its outermost voxels."""
    return _image.binary_erosion(inside)


def local_mean(values: Float[ndarray, "x y"], size: tuple[int, int]) -> Float[ndarray, "x y"]:
    """Of a window of so many voxels around each."""
    return _image.uniform_filter(values, size)


def smoothed(values: Float[ndarray, "x y z"], voxels: float) -> Float[ndarray, "x y z"]:
    """By a Gaussian of that standard deviation."""
    return _image.gaussian_filter(values, voxels)


def boxes(labels: Int[ndarray, "x y z"]) -> dict[int, tuple[slice, slice, slice]]:
    """Label to the block that holds it."""
    return {id: box for id, box in enumerate(_image.find_objects(labels), 1) if box is not None}
