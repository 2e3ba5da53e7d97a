"""The optics of an eye and a camera: small things lose contrast, and bright ones throw a veil of stray light."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.fft import dctn, idctn

from render.fft import WORKERS
from render.retinal_camera.electrons import electrons
from simdata import Effect, Raw


@dataclass(frozen=True)
class EyeOptics(Effect):
    """Modulation transfer (1 - veil) exp(-2 (pi blur f)^2) + veil / (1 + (2 pi stray f)^2) at f line pairs per mm.

    blur_mm: standard deviation of the image of a point; a sharp photograph resolves 60 line pairs per mm (ISO 10940).
    veil: share of the light that is strayed by the lens, stray_mm far: some of a hundredth in the young, a third behind
    a cataract (memory). What would leave at the rim is mirrored, so that the sum is kept. Raises RecipeError if the
    measurement is not a retinal camera's.
    """

    blur_mm: Annotated[float, Ge(0)] = 0.014
    veil: Annotated[float, Ge(0), Le(1)] = 0.06
    stray_mm: Annotated[float, Gt(0)] = 1.0

    def __call__(self, raw: Raw, rng: Generator) -> Raw:
        taken = electrons(raw, type(self).__name__)
        transfer = self._transfer(taken.data.shape[1:3], taken.pixel_mm)
        seen = np.empty_like(taken.data)
        for colour, light in enumerate(taken.data[..., 0]):
            waves = np.asarray(dctn(light, norm="ortho", workers=WORKERS))
            seen[colour, ..., 0] = np.asarray(idctn(waves * transfer, norm="ortho", workers=WORKERS))
        return replace(taken, data=np.maximum(seen, 0))

    def _transfer(self, shape: tuple[int, ...], pixel_mm: float) -> Float32[ndarray, "x y"]:
        across, up = (np.arange(n) / (2 * n * pixel_mm) for n in shape)
        square = across[:, None] ** 2 + up**2
        sharp = np.exp(-2 * (np.pi * self.blur_mm) ** 2 * square)
        return ((1 - self.veil) * sharp + self.veil / (1 + (2 * np.pi * self.stray_mm) ** 2 * square)).astype(
            np.float32
        )
