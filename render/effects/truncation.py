"""An MR scan that leaves out the rim of k-space: an image less sharp than its voxels, with ringing at edges (Gibbs)."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from numpy.random import Generator

from render.effects.kspace import kspace
from simdata import Effect, Raw

Share = Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True)
class Truncation(Effect):
    """Of k-space only the middle share `x`, `y`, `z` along each axis is measured; the rest is filled with zeros.

    After ThermalNoise in the list, as what is not measured has no noise either. Its voxels are then 1 / share wide
    (Bernstein et al. 2004, ch. 11.1).
    """

    x: Share = 0.8
    y: Share = 0.8
    z: Share = 0.8

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        data = kspace(raw, type(self).__name__)
        for axis, share in enumerate((self.x, self.y, self.z)):
            n = data.shape[axis]
            measured = np.abs(np.fft.fftfreq(n)) <= share / 2
            data = data * np.expand_dims(measured, [other for other in range(3) if other != axis])
        return replace(raw, data=data)
