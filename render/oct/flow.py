"""How much an echo changes from one visit of the beam to the next, where blood flows.

Between visits a time T apart blood that crosses the beam at a speed v keeps the share g = exp(-(v T / w)^2) of its
field: the overlap of two Gaussian beams, there and back, of radius w (Srinivasan 2012, 10.1364/OE.20.022262, without
the part of flow along the beam). Tissue below it is lit through what has moved, and keeps exp(-k L) of its own, L the
way through moved blood: the tails below vessels. An echo of power S + B + N then changes by

    |E - E'|^2 = 2 (S (1 - t) + B (1 - g t) + N).
"""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray

TAIL_PER_MM = 20.0
"""k. From memory of the tails below vessels of 50 to 100 um, which fade hardly; to be checked."""


def kept(speed_mm_s: Float32[ndarray, "x y z"], visit_s: float, radius_mm: float) -> Float32[ndarray, "x y z"]:
    """g: share of the field of flowing blood that is the same at the next visit."""
    return np.exp(-np.square(speed_mm_s * np.float32(visit_s / radius_mm)))


def change(
    tissue: Float32[ndarray, "x y z"],
    blood: Float32[ndarray, "x y z"],
    share: Float32[ndarray, "x y z"],
    kept: Float32[ndarray, "x y z"],
    step_mm: float,
) -> Float32[ndarray, "x y z"]:
    """Mean of |E - E'|^2. tissue, blood: echo power of each; share: of a voxel that is blood; z goes into the wall."""
    moved = share * (1 - kept)
    above_mm = step_mm * (np.cumsum(moved, axis=-1) - moved)
    steady = np.exp(np.float32(-TAIL_PER_MM) * above_mm)
    return 2 * (tissue * (1 - steady) + blood * (1 - kept * steady))
