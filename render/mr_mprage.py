"""Magnetic resonance by MPRAGE: an inversion, then a train of small flips; the usual T1 image of the brain."""

from dataclasses import dataclass
from math import cos, radians, sin
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le

from render.effects.thermal_noise import ThermalNoise
from render.mr_scanner import MR, gradient_echo
from simdata import Effect, RecipeError


@dataclass(frozen=True, kw_only=True)
class MPRAGE(MR):
    """S = PD sin a |M| exp(-TE/T2*): M is what lies along the field at the middle of the train, once cycles repeat.

    Of a cycle: the inversion makes cos(inversion) M; until the train, and after it until the next inversion, it goes
    1 - (1 - M) exp(-t/T1); each flip of the train leaves M cos a, and until the next one, es_ms later, it recovers too.
    Mugler and Brookeman 1990, Magn Reson Med 15:152; the steady state solved as Deichmann et al. 2000, NeuroImage
    12:112 (both from memory).
    tr_ms: from one inversion to the next. ti_ms: from the inversion to the middle of the train, where the centre of
    k-space is measured. es_ms, te_ms: from one flip to the next, and from a flip to its echo. flips: of a train.
    inversion_degrees: 180 of a perfect one. That M changes along the train, which blurs a little, is left out.
    """

    tr_ms: Annotated[float, Gt(0)] = 2300.0
    ti_ms: Annotated[float, Gt(0)] = 900.0
    es_ms: Annotated[float, Gt(0)] = 8.0
    te_ms: Annotated[float, Gt(0)] = 3.7
    flips: Annotated[int, Ge(1), Le(1024)] = 160
    flip_degrees: Annotated[float, Gt(0), Le(90)] = 8.0
    inversion_degrees: Annotated[float, Ge(0), Le(180)] = 180.0
    effects: tuple[Effect, ...] = (ThermalNoise(sigma=0.001),)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.te_ms >= self.es_ms:
            raise RecipeError(f"MPRAGE: te_ms {self.te_ms} is not before es_ms {self.es_ms}; a shorter te_ms would do")
        if min(self._waits_ms) < 0:
            before, after = self._waits_ms
            short = f"{-min(before, after):g} ms too long for ti_ms {self.ti_ms:g} and tr_ms {self.tr_ms:g}"
            raise RecipeError(f"MPRAGE: a train of {self.flips} flips is {short}; fewer flips would do")

    @property
    def _waits_ms(self) -> tuple[float, float]:
        """From the inversion to the first flip, and from the end of the train to the next inversion."""
        before = self.ti_ms - (self.flips // 2) * self.es_ms
        return before, self.tr_ms - before - self.flips * self.es_ms

    def signal(self, pd: Any, t1_ms: Any, t2_ms: Any) -> Any:
        flip, half = radians(self.flip_degrees), self.flips // 2
        before, after = (np.exp(-wait_ms / t1_ms) for wait_ms in self._waits_ms)
        step = np.exp(-self.es_ms / t1_ms)
        settled, kept = (1 - step) / (1 - step * cos(flip)), step * cos(flip)

        through = before * cos(radians(self.inversion_degrees)) * after
        fresh = 1 - before + before * cos(radians(self.inversion_degrees)) * (1 - after)
        first = (fresh + through * settled * (1 - kept**self.flips)) / (1 - through * kept**self.flips)
        middle = settled + (first - settled) * kept**half
        return pd * sin(flip) * np.abs(middle) * gradient_echo(self.te_ms, t2_ms, self.b0_t)
