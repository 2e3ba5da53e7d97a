"""The receive coils of an MR scanner hear what is near them better: an image that is brighter on one side."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator
from scipy.fft import fftn, ifftn

from render.effects.kspace import kspace
from render.fft import WORKERS
from render.shading import smooth
from simdata import Effect, Raw


@dataclass(frozen=True)
class CoilShading(Effect):
    """The image times exp(strength n), n a smooth random map of mean 0 and SD 1 with up to `waves` half waves across.

    Before ThermalNoise in the list it leaves the noise even, as coils do; 0.1 to 0.3 is usual at 3 T where the scanner
    does not even it out (Sled et al. 1998, IEEE Trans Med Imaging 17:87, use up to 40 % from least to most).
    """

    strength: Annotated[float, Ge(0), Le(2)] = 0.1
    waves: Annotated[int, Ge(1), Le(8)] = 2

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        image: Any = ifftn(kspace(raw, type(self).__name__), norm="ortho", workers=WORKERS)
        heard = np.exp(np.float32(self.strength) * smooth(raw.grid.shape, self.waves, rng))
        return replace(raw, data=fftn(image * heard, norm="ortho", workers=WORKERS))
