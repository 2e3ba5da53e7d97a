"""How much the tube gives for a picture: so many mAs, or until the detector has had enough."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float64
from numpy import ndarray
from scipy.interpolate import CubicSpline

from render.effects.scatter import Scatter
from render.photons import Photons
from render.properties import curve
from simdata import Effect, Part

UGY_PER_KEV_CM2_G = 1.602176634e-16 * 100 * 1000 * 1e6
"""Of one photon a mm2: J of a keV, mm2 in a cm2, g in a kg, uGy in a Gy."""

KERMA_ELEMENTS = 128

Share = Annotated[float, Ge(-0.5), Le(0.5)]


def air_kerma_ugy(photons_mm2: Float64[ndarray, "*n e"], energy_kev: Float64[ndarray, " e"]) -> Float64[ndarray, "*n"]:
    """uGy in air of so many photons a mm2 of each energy: the sum of photons, energy and mu_en/rho."""
    log_energy, log_air = (np.log(curve("air_kerma", name)) for name in ("energy_kev", "air_cm2_g"))
    per_photon = UGY_PER_KEV_CM2_G * energy_kev * np.exp(CubicSpline(log_energy, log_air)(np.log(energy_kev)))
    return photons_mm2 @ per_photon


def sparse(shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Columns and rows of a detector at which air kerma is found: KERMA_ELEMENTS or so along each side."""
    columns, rows = (slice(None, None, max(1, n // KERMA_ELEMENTS)) for n in shape[:2])
    return columns, rows


def behind_grids(
    kerma_ugy: Float64[ndarray, "fewer_columns fewer_rows"], straight: Photons, effects: Sequence[Effect]
) -> Float64[ndarray, "fewer_columns fewer_rows"]:
    """`kerma_ugy` where exposure is measured: behind the grids of every `Scatter` of `effects`, and with scatter.

    straight: what the detector counts without them. Air kerma changes as the signal of the detector does.
    """
    veiled = reduce(lambda raw, effect: effect.veiled(raw), (e for e in effects if isinstance(e, Scatter)), straight)
    few = sparse(straight.data.shape[2:])
    before, after = (raw.data[:, 0, *few].sum(axis=0, dtype=float) for raw in (straight, veiled))
    return kerma_ugy * np.divide(after, before, out=np.ones_like(before), where=before > 0)


@dataclass(frozen=True, kw_only=True)
class Exposure(Part, ABC):
    """How a picture is timed."""

    @abstractmethod
    def mas(self, ugy_per_mas: Float64[ndarray, "columns rows"]) -> float:
        """Tube current times time; ugy_per_mas: air kerma over the detector, behind patient and grids, with scatter."""


@dataclass(frozen=True, kw_only=True)
class FixedExposure(Exposure):
    """So many mAs, as somebody sets them."""

    product_mas: Annotated[float, Gt(0)] = 2.5

    def mas(self, ugy_per_mas: Float64[ndarray, "columns rows"]) -> float:
        return self.product_mas


@dataclass(frozen=True, kw_only=True)
class AutomaticExposure(Exposure):
    """Automatic exposure control: ends the exposure when the measuring fields have had enough, or at `most_mas`.

    fields: where the middle of each lies, in parts of the detector's width and height from its own middle; each is
    `field` of the width and height. detector_ugy: mean air kerma of all fields.
    The default has two fields over the upper lungs of a chest PA, and 2.5 uGy, as speed class 400 has (1000 uGy by the
    class; IEC 62494-1) (memory).
    """

    detector_ugy: Annotated[float, Gt(0)] = 2.5
    fields: tuple[tuple[Share, Share], ...] = ((-0.2, 0.1), (0.2, 0.1))
    field: Annotated[float, Gt(0), Le(1)] = 0.12
    most_mas: Annotated[float, Gt(0)] = 600.0

    def mas(self, ugy_per_mas: Float64[ndarray, "columns rows"]) -> float:
        reached = float(
            np.mean([ugy_per_mas[self._elements(place, ugy_per_mas.shape)].mean() for place in self.fields])
        )
        return min(self.detector_ugy / max(reached, self.detector_ugy / self.most_mas), self.most_mas)

    def _elements(self, place: tuple[float, float], shape: tuple[int, ...]) -> tuple[slice, ...]:
        """Of a measuring field."""
        ends = [
            (round((0.5 + at - self.field / 2) * n), round((0.5 + at + self.field / 2) * n))
            for at, n in zip(place, shape, strict=True)
        ]
        return tuple(
            slice(min(max(first, 0), n - 1), max(min(last, n), 1)) for (first, last), n in zip(ends, shape, strict=True)
        )
