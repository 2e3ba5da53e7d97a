"""Magnetic resonance by spoiled gradient echoes (SPGR, FLASH): small flips in quick succession."""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt, Le

from render.effects.thermal_noise import ThermalNoise
from render.mr_scanner import MR, gradient_echo
from simdata import Effect, RecipeError


@dataclass(frozen=True, kw_only=True)
class SpoiledGradientEcho(MR):
    """S = PD sin a (1 - E1) / (1 - E1 cos a) exp(-TE/T2*), E1 = exp(-TR/T1). Bernstein et al. 2004, ch. 14.1.

    tr_ms, te_ms: repetition and echo time. flip_degrees: a. More than the Ernst angle (cos a = E1) weights by T1, less
    by proton density.
    """

    tr_ms: Annotated[float, Gt(0)] = 20.0
    te_ms: Annotated[float, Gt(0)] = 4.0
    flip_degrees: Annotated[float, Gt(0), Le(90)] = 25.0
    effects: tuple[Effect, ...] = (ThermalNoise(sigma=0.002),)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.te_ms >= self.tr_ms:
            raise RecipeError(
                f"SpoiledGradientEcho: te_ms {self.te_ms} is not before tr_ms {self.tr_ms}; a shorter te_ms would do"
            )

    def signal(self, pd: Any, t1_ms: Any, t2_ms: Any) -> Any:
        flip = radians(self.flip_degrees)
        e1 = np.exp(-self.tr_ms / t1_ms)
        along = (1 - e1) / (1 - e1 * cos(flip))
        return pd * sin(flip) * along * gradient_echo(self.te_ms, t2_ms, self.b0_t)
