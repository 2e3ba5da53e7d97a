"""Magnetic resonance by spin echo: the echo of every tissue, sampled in k-space."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt

from render.mr_scanner import MR
from simdata import RecipeError


@dataclass(frozen=True, kw_only=True)
class SpinEcho(MR):
    """S = PD (1 - exp(-TR/T1)) exp(-TE/T2). Bernstein, King and Zhou 2004, Handbook of MRI Pulse Sequences, ch. 14.3.

    tr_ms, te_ms: repetition and echo time. A short TR and TE (500, 15) weight by T1, a long TR and TE (4000, 100) by
    T2.
    """

    tr_ms: Annotated[float, Gt(0)] = 500.0
    te_ms: Annotated[float, Gt(0)] = 15.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.te_ms >= self.tr_ms:
            raise RecipeError(
                f"SpinEcho: te_ms {self.te_ms} is not before tr_ms {self.tr_ms}; a shorter te_ms would do"
            )

    def signal(self, pd: Any, t1_ms: Any, t2_ms: Any) -> Any:
        return pd * (1 - np.exp(-self.tr_ms / t1_ms)) * np.exp(-self.te_ms / t2_ms)
