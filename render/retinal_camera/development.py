"""From electrons to a picture: white balance, colours, tones, eight bits."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, UInt8
from numpy import ndarray

from simdata import Part

MATRIX = np.array([[1.25, -0.2, -0.05], [-0.08, 1.13, -0.05], [0.0, -0.1, 1.1]], np.float32)
"""From the sensor's colours to those of the picture: what its wide bands mix is taken apart (typical, memory)."""


@dataclass(frozen=True, kw_only=True)
class Development(Part):
    """Level = (light)^(1 / gamma), of light after the gains of each colour and the matrix.

    red, green, blue: gains. black: level of no light.
    """

    red: Annotated[float, Gt(0)] = 1.0
    green: Annotated[float, Gt(0)] = 0.52
    blue: Annotated[float, Gt(0)] = 0.34
    gamma: Annotated[float, Gt(0)] = 2.2
    black: Annotated[float, Ge(0)] = 0.0

    def __call__(self, light: Float32[ndarray, "3 x y z"]) -> UInt8[ndarray, "3 x y z"]:
        """Eight bits of light that is white at 1."""
        balanced = light * np.array([self.red, self.green, self.blue], np.float32)[:, None, None, None]
        mixed = np.clip(np.tensordot(MATRIX, balanced, axes=1), 0, 1)
        level = self.black + (1 - self.black) * mixed ** np.float32(1 / self.gamma)
        return (255 * level + 0.5).astype(np.uint8)
