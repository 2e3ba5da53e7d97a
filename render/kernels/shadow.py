"""Where the shadow of a detector element falls on a plane of voxels: the physics that CPU and GPU share, in scalars.

Lengths are in voxels: cell n of an axis reaches from n to n + 1. A focus is homogeneous, (x, y, z, w): at (x, y, z) for
w = 1, infinitely far away in that direction for w = 0. The ray of a point q of the detector runs along w q - focus.
"""

from numba import njit


@njit(inline="always")
def direction(q, focus, w):
    """Of the ray that ends at q, along one axis."""
    return w * q - focus


@njit(inline="always")
def slope(q_a, q_b, focus_a, focus_b, w):
    """How far the ray through q moves along axis b while it crosses a voxel along axis a."""
    return direction(q_b, focus_b, w) / direction(q_a, focus_a, w)


@njit(inline="always")
def travel(plane, q_a, focus_a, w):
    """Of the ray through q from the detector (0) to the middle of `plane`, in directions; the focus is at -1 / w."""
    return (plane + 0.5 - q_a) / direction(q_a, focus_a, w)


@njit(inline="always")
def share(low, high, cell):
    """Of the stretch from low to high: how much of it lies in `cell`."""
    end = high if high < cell + 1 else cell + 1
    start = low if low > cell else cell
    return (end - start) / (high - low)
