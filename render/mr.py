"""Magnetic resonance by spin echo: the echo of every tissue, sampled in k-space."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt
from scipy.fft import fftn, ifftn

from render.effects.thermal_noise import ThermalNoise
from render.fft import WORKERS
from render.properties import column
from simdata import Effect, Image, Raw, RecipeError, Scanner, Scene
from simdata.tissues import tissues

FIELD_STRENGTHS: Mapping[float, str] = {1.5: "1p5T", 3.0: "3T"}
"""Tesla, and how the columns of render/tables/relaxation.csv end."""


@dataclass(frozen=True, kw_only=True)
class SpinEcho(Scanner):
    """S = PD (1 - exp(-TR/T1)) exp(-TE/T2). Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, ch. 14.3.

    tr_ms, te_ms: repetition and echo time. b0_t: field strength, 1.5 or 3.0 tesla.
    A short TR and TE (500, 15) weight by T1, a long TR and TE (4000, 100) by T2. Fully relaxed water gives 1 a.u.
    """

    tr_ms: Annotated[float, Gt(0)] = 500.0
    te_ms: Annotated[float, Gt(0)] = 15.0
    b0_t: float = 1.5
    effects: tuple[Effect, ...] = (ThermalNoise(),)

    def __post_init__(self) -> None:
        if self.b0_t not in FIELD_STRENGTHS:
            known = " or ".join(map(str, FIELD_STRENGTHS))
            raise RecipeError(f"SpinEcho: no relaxation times are known at b0_t {self.b0_t}; {known} would do")
        if self.te_ms >= self.tr_ms:
            raise RecipeError(
                f"SpinEcho: te_ms {self.te_ms} is not before tr_ms {self.tr_ms}; a shorter te_ms would do"
            )

    def echo(self) -> Mapping[str, float]:
        """Tissue name to its signal, a.u."""
        field = FIELD_STRENGTHS[self.b0_t]
        pd, t1_ms, t2_ms = (column("relaxation", name) for name in ("pd", f"t1_ms_{field}", f"t2_ms_{field}"))
        return {
            tissue: pd[tissue] * (1 - exp(-self.tr_ms / t1_ms[tissue])) * exp(-self.te_ms / t2_ms[tissue])
            for tissue in tissues()
        }

    def measure(self, scene: Scene) -> Raw:
        """k-space, complex64, orthonormal, its centre at index 0."""
        echo = scene.to("cpu").field(self.echo())
        return Raw(fftn(echo, norm="ortho", workers=WORKERS), scene.grid, unit="a.u.")

    def reconstruct(self, raw: Raw) -> Image:
        """Magnitude, float32."""
        echo: Any = ifftn(raw.data, norm="ortho", workers=WORKERS)
        return Image(np.abs(echo), "a.u.", raw.grid)
