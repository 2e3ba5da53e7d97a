"""How haemoglobin takes up oxygen: S = P^n / (P^n + P50^n). Hill 1910, J Physiol 40: iv."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

HALF_SATURATION_MMHG, HILL = 26.8, 2.7
"""Of human blood at pH 7.4 and 37 degrees: Severinghaus 1979, J Appl Physiol 46: 599 (P50); Hill's n (memory)."""


def saturation(mmhg: Float[ndarray, "*n"]) -> Float[ndarray, "*n"]:
    """Share of haemoglobin that holds oxygen at that pressure; none below 0 mmHg."""
    ratio = (np.maximum(mmhg, 0) / HALF_SATURATION_MMHG) ** HILL
    return ratio / (1 + ratio)


def pressure_mmhg(saturation: float) -> float:
    """At which haemoglobin is so full of oxygen: P = P50 (S / (1 - S))^(1/n); saturation from 0 to below 1."""
    return HALF_SATURATION_MMHG * (saturation / (1 - saturation)) ** (1 / HILL)
