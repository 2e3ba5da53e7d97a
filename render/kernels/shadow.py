"""Where the shadow of a detector element falls on a plane of voxels: the physics that CPU and GPU share, in scalars.

Lengths are in voxels: cell n of an axis reaches from n to n + 1. A focus is homogeneous, (x, y, z, w): at (x, y, z) for
w = 1, infinitely far away in that direction for w = 0. The ray of a point q of the detector runs along w q - focus.
No number is written out here, so that the arguments decide between single and double precision.
"""

from math import sqrt

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
def across(left, left_slope, right, right_slope, plane):
    """From where to where a column of elements reaches in that plane, given where its borders cross plane 0."""
    one, other = left + plane * left_slope, right + plane * right_slope
    return (one, other) if one < other else (other, one)


@njit(inline="always")
def lowest(q_a, bottom, focus_a, focus_z, w, upward, plane):
    """z in that plane of a border at `bottom` of the detector, and how high an element is there.

    q_a: of the detector column along the axis that it crosses. The shadow is smaller nearer to the focus.
    """
    far = direction(q_a, focus_a, w)
    near = direction(plane, focus_a, w) / far
    return bottom * near - (plane - q_a) / far * focus_z, upward * near


@njit(inline="always")
def step_mm(flat_mm, steep_mm, z, focus_z, w):
    """From plane to plane along the ray of an element at z of the detector.

    flat_mm: of a ray that does not rise. steep_mm: mm of a voxel's height by the direction along the axis crossed.
    """
    rise_mm = steep_mm * direction(z, focus_z, w)
    return sqrt(flat_mm * flat_mm + rise_mm * rise_mm)


@njit(inline="always")
def share(low, high, cell, after):
    """Of the stretch from low to high: how much of it lies between `cell` and `after`."""
    end = high if high < after else after
    start = low if low > cell else cell
    return (end - start) / (high - low)


@njit(inline="always")
def clamped(at, low, high):
    """`at`, or the nearer end."""
    at = at if at > low else low
    return at if at < high else high


@njit(inline="always")
def between(low, high, share):
    """From low to high by `share`."""
    return low + share * (high - low)
