"""From photons to the grey levels of a picture: for further processing, or as it hangs on the light box.

Bone is white (MONOCHROME2). 12 bits, as DICOM stores them.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float32, UInt16
from numpy import ndarray
from scipy.ndimage import convolve1d

from render.photons import Photons
from simdata import Part, RecipeError

WHITE = 4095
"""Twelve bits."""

FEWEST_PHOTONS = 0.5
"""A lower count, down to none, is taken for this."""

BURT = np.array([1, 4, 6, 4, 1], np.float32) / 16
"""Burt and Adelson 1983, IEEE Trans Commun 31:532, a = 3/8."""

DIRECT = 0.1
"""Attenuation below which an element counts as lit directly, beside the patient, and fades to black."""


@dataclass(frozen=True, kw_only=True)
class Display(Part, ABC):
    """Makes a picture of a measurement."""

    @abstractmethod
    def __call__(self, raw: Photons) -> Float32[ndarray, "views columns rows"] | UInt16[ndarray, "views columns rows"]:
        """Grey levels of every view."""


@dataclass(frozen=True, kw_only=True)
class ForProcessing(Display):
    """The attenuation -log(photons / photons in air), float32: line integrals, as an algorithm wants them."""

    def __call__(self, raw: Photons) -> Float32[ndarray, "views columns rows"]:
        return attenuation(raw)


@dataclass(frozen=True, kw_only=True)
class ForPresentation(Display):
    """Multi-scale contrast equalisation of the attenuation, then a window with soft ends.

    Every level of a Laplacian pyramid keeps its sign and is raised to `equalisation` below 1, so that faint structures
    come forward and strong edges stand back: y = m (|x| / m)^p, m the level's strongest (Vuylsteke and Schoeters 1994,
    Proc SPIE 2167:551). The finest `grain` of it is left as it is, so that noise is not raised. latitude: share of the
    slow differences, from lung to mediastinum, that is kept. window: percentiles of the patient in the first view that
    would be black and white on a straight line, for all views; the curve is a sigmoid, as a film's.
    """

    equalisation: Annotated[float, Gt(0), Le(1)] = 0.6
    grain: Annotated[float, Ge(0), Le(1)] = 0.02
    latitude: Annotated[float, Gt(0), Le(1)] = 0.4
    window: tuple[Annotated[float, Ge(0), Le(100)], Annotated[float, Ge(0), Le(100)]] = (2.0, 99.0)

    def __post_init__(self) -> None:
        if self.window[0] >= self.window[1]:
            raise RecipeError(
                f"ForPresentation: found a window of {list(self.window)} percent; low, then high, would do"
            )

    def __call__(self, raw: Photons) -> UInt16[ndarray, "views columns rows"]:
        pictures = attenuation(raw)
        even = np.stack([self._evened(picture) for picture in pictures])
        patient = pictures[0] > DIRECT
        low, high = np.percentile(even[0][patient] if patient.any() else even[0], self.window)
        middle, slope = (low + high) / 2, 4 / max(high - low, 1e-6)
        lit = np.clip(pictures / DIRECT, 0, 1)
        return np.rint(WHITE * lit / (1 + np.exp(-slope * (even - middle)))).astype(np.uint16)

    def _evened(self, picture: Float32[ndarray, "columns rows"]) -> Float32[ndarray, "columns rows"]:
        *details, rest = pyramid(picture)
        level = np.median(rest)
        return rebuilt([*map(self._equalised, details), level + np.float32(self.latitude) * (rest - level)])

    def _equalised(self, detail: Float32[ndarray, "c r"]) -> Float32[ndarray, "c r"]:
        strongest = np.float32(max(np.percentile(np.abs(detail), 99.9), 1e-6))
        size = np.abs(detail) / strongest
        gain = np.maximum(size, np.float32(self.grain)) ** np.float32(self.equalisation - 1)
        return detail * gain


@dataclass(frozen=True, kw_only=True)
class Negative(Display):
    """Another display with black and white exchanged: bones and contrast agent dark, as on the screen of a C-arm."""

    of: ForPresentation = ForPresentation()

    def __call__(self, raw: Photons) -> UInt16[ndarray, "views columns rows"]:
        return WHITE - self.of(raw)


@dataclass(frozen=True, kw_only=True)
class DigitalSubtraction(Display):
    """Digital subtraction angiography: the log of every later view less that of the first, the mask, float32.

    0 where nothing changes, below it, and dark, where contrast agent has come: minus its attenuation.
    """

    def __call__(self, raw: Photons) -> Float32[ndarray, "later_views columns rows"]:
        pictures = attenuation(raw)
        if len(pictures) < 2:
            raise RecipeError("DigitalSubtraction: found one view; a mask and views after it would do")
        return pictures[0] - pictures[1:]


def attenuation(raw: Photons) -> Float32[ndarray, "views columns rows"]:
    """-log of the share of photons, all channels together, that the patient lets through; 0 where no beam goes."""
    lights = (raw.air(slice(None)), raw.data)
    air, left = (np.maximum(light.sum(axis=0), np.float32(FEWEST_PHOTONS)) for light in lights)
    return np.log(air / left)


def pyramid(picture: Float32[ndarray, "c r"]) -> list[Float32[ndarray, "_ _"]]:
    """What each halving of a picture loses, from fine to coarse, and the rest: a Laplacian pyramid."""
    levels = []
    while min(picture.shape) >= 2 * len(BURT):
        halved = convolve1d(convolve1d(picture, BURT, axis=0, mode="nearest"), BURT, axis=1, mode="nearest")[::2, ::2]
        levels.append(picture - doubled(halved, picture.shape))
        picture = halved
    return [*levels, picture]


def rebuilt(levels: list[Float32[ndarray, "_ _"]]) -> Float32[ndarray, "c r"]:
    """The picture of a pyramid."""
    *details, picture = levels
    for detail in reversed(details):
        picture = detail + doubled(picture, detail.shape)
    return picture


def doubled(picture: Float32[ndarray, "c r"], shape: tuple[int, ...]) -> Float32[ndarray, "c2 r2"]:
    """Twice as fine, interpolated by the same kernel."""
    for axis, n in enumerate(shape):
        line = np.moveaxis(picture, axis, 0)
        around = np.concatenate([line[:1], line, line[-1:]])
        out = np.empty((2 * len(line), *line.shape[1:]), np.float32)
        out[::2] = (around[:-2] + 6 * line + around[2:]) / 8
        out[1::2] = (line + around[2:]) / 2
        picture = np.moveaxis(out[:n], 0, axis)
    return picture
