"""Single-precision arithmetic of the kernels: how they are compiled, and sine and arctangent without a branch.

Numba's cache on disk knows a kernel by the text of the outermost function's file: after a change in another one of the
kernels' files, change a word in `blocks.py` and `points.py` too, or what ran before runs on.
"""

import numpy as np
from numba import njit
from numpy import float32

EXACT = {"error_model": "numpy", "fastmath": {"nnan", "ninf", "nsz"}}
"""No sum is reordered, so a voxel has the same bits in any block; but no NaN is looked for either.

Rows are named by their number (`out[row, p]`), not by a slice, room is made once, and arrays are taken out of their
tuples before a loop: each slice, each new array and each look into a tuple is counted by atomic operations. Places in
tables are unsigned, since numba would let a negative one count from the end."""
compiled = njit(**EXACT)
inlined = njit(inline="always", **EXACT)

ZERO, ONE, HALF, TINY = float32(0), float32(1), float32(0.5), float32(1e-6)
FAR = float32(1e4)
TURN, HALF_TURN, QUARTER_TURN = float32(2 * np.pi), float32(np.pi), float32(np.pi / 2)
SINE = tuple(float32(c) for c in (6.28318279, -41.34141938, 81.59613849, -76.57968507, 41.20373129, -12.26884019))
ARCTAN = tuple(
    float32(c) for c in (0.99999663, -0.33318303, 0.19813211, -0.13247512, 0.079811, -0.03372575, 0.00684256)
)
"""Least-squares odd polynomials: sin of 2 pi x for |x| <= 1/2 and arctan x for 0 <= x <= 1."""


@inlined
def sine(x):
    """sin x to 3e-6, without a branch: an odd polynomial in turns."""
    x = x / TURN
    x = x - np.floor(x + HALF)
    t = x * x
    high = SINE[3] + t * (SINE[4] + t * SINE[5])
    return x * (SINE[0] + t * (SINE[1] + t * (SINE[2] + t * high)))


@inlined
def turns(x, y):
    """atan2(x, y) as a share of a whole turn, -1/2 to 1/2, to 1e-6 of a turn."""
    ax, ay = abs(x), abs(y)
    low, high = min(ax, ay), max(max(ax, ay), TINY)
    a = low / high
    s = a * a
    high = ARCTAN[3] + s * (ARCTAN[4] + s * (ARCTAN[5] + s * ARCTAN[6]))
    r = a * (ARCTAN[0] + s * (ARCTAN[1] + s * (ARCTAN[2] + s * high)))
    r = QUARTER_TURN - r if ax > ay else r
    r = HALF_TURN - r if y < ZERO else r
    r = -r if x < ZERO else r
    return r / TURN


@inlined
def smooth(a, b, width):
    """max(a, b) with a fillet."""
    h = max(ONE - abs(a - b) / width, ZERO)
    return max(a, b) + h * h * width * float32(0.25)
