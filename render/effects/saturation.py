"""Saturation of an X-ray detector: beyond its full well all is equally white, and below it grey comes in steps."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.random import Generator

from render.photons import Photons, photons
from simdata import Effect, Raw

AT_ONCE = 16
"""Views treated together, which bounds the memory."""


@dataclass(frozen=True)
class Saturation(Effect):
    """Signals end at the full well, and are rounded to one of 2^bits numbers from nothing to there.

    full_mm2: photons per mm2 of the detector and view that fill the well. 1e6 are 33 uGy of a hardened 70 kV beam
    (30174 photons/mm2/uGy, RQA5 of IEC 62220-1) if every photon counts, about where a panel for radiography ends; CT
    needs more. An offset of the amplifier lets noise below zero through.
    Raises RecipeError if the measurement is not an X-ray scanner's.
    """

    full_mm2: Annotated[float, Gt(0)] = 1e6
    bits: Annotated[int, Ge(1), Le(24)] = 16

    def __call__(self, raw: Raw, rng: Generator) -> Photons:
        measured = photons(raw, "Saturation")
        width_mm, height_mm = measured.element_mm
        full = self.full_mm2 * width_mm * height_mm
        step = full / (2**self.bits - 1)

        out = np.empty_like(measured.data, np.float32)
        for first in range(0, out.shape[1], AT_ONCE):
            batch = np.s_[:, first : first + AT_ONCE]
            out[batch] = np.minimum(np.rint(measured.data[batch] / step), 2**self.bits - 1) * step
        return replace(measured, data=out)
