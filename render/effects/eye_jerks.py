"""An eye that will not keep still between two visits of the beam: bright lines across an angiogram."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le
from numpy.random import Generator

from render.oct.echoes import changed, echoes
from simdata import Effect, Raw


@dataclass(frozen=True)
class EyeJerks(Effect):
    """What the wall moves by between two visits of a line changes all its echoes: by the share 1 - exp(-m).

    m is m0 of every line, drawn from an exponential distribution of mean `tremor`, and, in a share `jerks` of the
    lines, one of mean `jerk` besides: a microsaccade, which lasts a few lines (`lines` on average).
    """

    tremor: Annotated[float, Ge(0)] = 0.02
    jerks: Annotated[float, Ge(0), Le(1)] = 0.01
    jerk: Annotated[float, Ge(0)] = 0.3
    lines: Annotated[float, Ge(1)] = 2.0

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        raw = echoes(raw, type(self).__name__)
        count = raw.power.shape[1]
        moved = rng.exponential(self.tremor, count)
        for start in np.flatnonzero(rng.random(count) < self.jerks / self.lines):
            last = start + rng.geometric(1 / self.lines)
            moved[start:last] += rng.exponential(self.jerk)
        kept = np.exp(-moved)[None, :, None]
        return replace(raw, data=changed(raw.power, 2 * raw.power - kept * (2 * raw.power - raw.change)))
