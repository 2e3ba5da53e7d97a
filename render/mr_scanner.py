"""What every magnetic resonance scanner does: the signal of each tissue, sampled in k-space, and its magnitude back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8
from numpy import ndarray
from scipy.fft import fftn, ifftn

from render.effects.thermal_noise import ThermalNoise
from render.fft import WORKERS
from render.properties import column
from simdata import Effect, Image, Raw, RecipeError, Scanner, Scene
from simdata.scene import WHOLE
from simdata.tissues import tissues

FIELD_STRENGTHS: Mapping[float, str] = {1.5: "1p5T", 3.0: "3T"}
"""Tesla, and how the columns of render/tables/relaxation.csv end."""
RELATIVE_T1 = "relative_t1"
"""The field of a patient whose T1 is not everywhere that of the table: T1 relative to the tissue's own."""


@dataclass(frozen=True, kw_only=True)
class MR(Scanner, ABC):
    """A sequence says what a tissue of given relaxation gives; k-space and the image are the same for all.

    b0_t: field strength, 1.5 or 3.0 tesla. Fully relaxed water gives 1 a.u. after 90 degrees.
    """

    b0_t: float = 1.5
    effects: tuple[Effect, ...] = (ThermalNoise(),)

    def __post_init__(self) -> None:
        if self.b0_t not in FIELD_STRENGTHS:
            known = " or ".join(map(str, FIELD_STRENGTHS))
            raise RecipeError(
                f"{type(self).__name__}: no relaxation times are known at b0_t {self.b0_t}; {known} would do"
            )

    @abstractmethod
    def signal(self, pd: Any, t1_ms: Any, t2_ms: Any) -> Any:
        """The signal at the echo, a.u., of a proton density relative to water and relaxation times, ms."""

    def echo(self) -> Mapping[str, float]:
        """Tissue name to its signal, a.u."""
        pd, t1_ms, t2_ms = self._relaxation()
        return {name: float(self.signal(pd[name], t1_ms[name], t2_ms[name])) for name in tissues()}

    def measure(self, scene: Scene) -> Raw:
        """k-space, complex64, orthonormal, its centre at index 0."""
        return Raw(fftn(self.seen(scene.to("cpu")), norm="ortho", workers=WORKERS), scene.grid, unit="a.u.")

    def reconstruct(self, raw: Raw) -> Image:
        """Magnitude, float32."""
        echo: Any = ifftn(raw.data, norm="ortho", workers=WORKERS)
        return Image(np.abs(echo), "a.u.", raw.grid)

    def seen(self, scene: Scene) -> Float32[ndarray, "x y z"]:
        """The signal of every voxel, by share where it has two tissues, with the T1 of its own that the patient has."""
        relative = scene.fields.get(RELATIVE_T1)
        if relative is None:
            return scene.field(self.echo())
        values = self._signals(scene.tissue, relative)
        if scene.mixed:
            edge = np.nonzero(scene.share)
            share = scene.share[edge] / np.float32(WHOLE)
            values[edge] += share * (self._signals(scene.second[edge], relative[edge]) - values[edge])
        return values

    def _signals(self, tissue: UInt8[ndarray, "*n"], relative: Float32[ndarray, "*n"]) -> Float32[ndarray, "*n"]:
        tables = np.zeros((3, 256), np.float32)
        for table, values in zip(tables, self._relaxation(), strict=True):
            for name, id in tissues().items():
                table[id] = values[name]
        pd, t1_ms, t2_ms = (table[tissue] for table in tables)
        return np.asarray(self.signal(pd, t1_ms * relative, t2_ms), np.float32)

    def _relaxation(self) -> tuple[Mapping[str, float], ...]:
        field = FIELD_STRENGTHS[self.b0_t]
        return tuple(column("relaxation", name) for name in ("pd", f"t1_ms_{field}", f"t2_ms_{field}"))


def gradient_echo(te_ms: float, t2_ms: Any, b0_t: float) -> Any:
    """exp(-TE/T2*), with 1/T2* = 1/T2 + 1/T2': what a field that is not quite even leaves without a spin echo."""
    return np.exp(-te_ms * (1 / t2_ms + 1 / T2_PRIME_MS[b0_t]))


T2_PRIME_MS: Mapping[float, float] = {1.5: 770.0, 3.0: 215.0}
"""Of brain, taken for all tissues: from T2* of 84 and 66 ms (1.5 T), 66 and 53 ms (3 T) in grey and white matter
(Peters et al. 2007, Magn Reson Imaging 25:748; from memory) and T2 in render/tables/relaxation.csv. Beside air it is
shorter."""
