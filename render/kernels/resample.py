"""A volume on another grid, turned any way, with all its materials in one pass; one thread owns one plane."""

from math import floor

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, ndarray


def resampled_reference(
    volume: Float32[ndarray, "x y z m"],
    turn: Float64[ndarray, "3 3"],
    shift: Float64[ndarray, " 3"],
    shape: tuple[int, int, int],
) -> Float32[ndarray, "i j k m"]:
    """What `volume` holds, linearly, at turn @ (i, j, k) + shift; from one voxel beyond it on there is nothing."""
    from scipy.ndimage import affine_transform

    def on(one: Float32[ndarray, "x y z"]) -> Float32[ndarray, "i j k"]:
        return affine_transform(one, turn, shift.tolist(), shape, order=1, mode="grid-constant")

    return np.stack([on(volume[..., m]) for m in range(volume.shape[3])], axis=3)


def resampled(
    volume: Float32[ndarray, "x y z m"],
    turn: Float64[ndarray, "3 3"],
    shift: Float64[ndarray, " 3"],
    shape: tuple[int, int, int],
) -> Float32[ndarray, "i j k m"]:
    """As the reference, fast."""
    out = np.zeros((*shape, volume.shape[3]), np.float32)
    pull(np.ascontiguousarray(volume), turn, shift, out)
    return out


@njit(parallel=True, cache=True, error_model="numpy")
def pull(volume, turn, shift, out):
    """Add to `out`, which is 0."""
    nx, ny, nz, materials = volume.shape
    for i in prange(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                x = turn[0, 0] * i + turn[0, 1] * j + turn[0, 2] * k + shift[0]
                y = turn[1, 0] * i + turn[1, 1] * j + turn[1, 2] * k + shift[1]
                z = turn[2, 0] * i + turn[2, 1] * j + turn[2, 2] * k + shift[2]
                if not (-1 < x < nx and -1 < y < ny and -1 < z < nz):
                    continue
                left, front, low = floor(x), floor(y), floor(z)
                for corner in range(8):
                    a, b, c = left + (corner >> 2), front + (corner >> 1 & 1), low + (corner & 1)
                    if 0 <= a < nx and 0 <= b < ny and 0 <= c < nz:
                        share = float32((1 - abs(x - a)) * (1 - abs(y - b)) * (1 - abs(z - c)))
                        for m in range(materials):
                            out[i, j, k, m] += share * volume[a, b, c, m]
