"""What the sensor of a retinal camera collects: electrons, pixel by pixel and colour by colour."""

from dataclasses import dataclass

from jaxtyping import Float32
from numpy import ndarray

from simdata import Raw, RecipeError


@dataclass(frozen=True, eq=False)
class Electrons(Raw):
    """data: (3, columns, rows, 1) float32 in red, green and blue. full: how many are white.

    stop: (columns, rows, 1) share of every pixel that lies in the round field. pixel_mm: edge of a pixel on the retina.
    """

    full: float
    stop: Float32[ndarray, "x y 1"]
    pixel_mm: float


def electrons(raw: Raw, effect: str) -> Electrons:
    """`raw`, which the effect of that name can change only if a retinal camera measured it; else RecipeError."""
    if not isinstance(raw, Electrons):
        raise RecipeError(f"{effect}: found a measurement in '{raw.unit}'; the electrons of a retinal camera would do")
    return raw
