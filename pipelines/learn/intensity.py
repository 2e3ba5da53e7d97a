"""Values of an image between 0 and 1, so that images of several machines, and synthetic ones, are alike."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32
from numpy import ndarray

from pipelines.learn.kinds import Intensity
from simdata.errors import RecipeError

Percentile = Annotated[float, Ge(0), Le(100)]
SMALLEST_SPAN = 1e-6


@dataclass(frozen=True, kw_only=True)
class Percentiles(Intensity):
    """Each channel of an image by its own percentiles, which become 0 and 1."""

    low: Percentile = 1.0
    high: Percentile = 99.5

    def __post_init__(self) -> None:
        _check_order(self.low, self.high, "Percentiles")

    def __call__(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "c ..."]:
        low, high = np.percentile(image, [self.low, self.high], axis=tuple(range(1, image.ndim)), keepdims=True)
        return np.clip((image - low) / np.maximum(high - low, SMALLEST_SPAN), 0, 1).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Window(Intensity):
    """A fixed window, as of CT: low and high, in the image's unit, become 0 and 1."""

    low: float = -160.0
    high: float = 240.0

    def __post_init__(self) -> None:
        _check_order(self.low, self.high, "Window")

    def __call__(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "c ..."]:
        return np.clip((image - self.low) / (self.high - self.low), 0, 1).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Levels(Intensity):
    """Grey levels as they are: 0 to `white`, that of 8 bits."""

    white: Annotated[float, Gt(0)] = 255.0

    def __call__(self, image: Float32[ndarray, "c ..."]) -> Float32[ndarray, "c ..."]:
        return np.clip(image / self.white, 0, 1).astype(np.float32)


def _check_order(low: float, high: float, name: str) -> None:
    if low >= high:
        raise RecipeError(f"{name}: low is {low:g} and high {high:g}; the lower one first would do")
