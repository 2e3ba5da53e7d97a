"""A mammogram for presentation: equal at the thin edge and in the thick middle, fat dark, gland and calcium bright."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Float32, Float64, UInt16
from numpy import ndarray
from scipy.ndimage import distance_transform_edt, gaussian_filter, gaussian_filter1d

from render.display import WHITE, Display, attenuation
from render.photons import Photons
from simdata import RecipeError

INSIDE = 0.1
"""Attenuation above which an element lies behind the breast."""
FAT = 10.0
"""Percentile of the attenuation along the skin that stands for fat."""
STEP_MM, EDGE_MM = 0.5, 30.0
"""Attenuation is asked so often, and so far from the skin, where a breast is as thick as the paddles are apart."""
NIPPLE_MM = 8.0
"""What is narrower than twice this stands out from the skin line."""
Percent = Annotated[float, Ge(0), Le(100)]


@dataclass(frozen=True, kw_only=True)
class Mammogram(Display):
    """Attenuation, equalised towards the skin, sharpened, and windowed over the breast.

    At each distance from the skin line, fat is found as a low percentile; where it attenuates less than pressed fat,
    because the breast is thinner there, the picture is lifted by that difference times `equalisation` (peripheral
    enhancement: Bick et al. 1996, Med Phys 23:1695). smooth_mm: of that curve, so that skin stays brighter than fat.
    sharpening: share of what is finer than sharpen_mm that is added once more (unsharp mask).
    window: percentiles of the breast that become black and white.
    """

    equalisation: Annotated[float, Ge(0), Le(1)] = 0.9
    smooth_mm: Annotated[float, Gt(0)] = 0.7
    sharpening: Annotated[float, Ge(0)] = 0.4
    sharpen_mm: Annotated[float, Gt(0)] = 0.8
    window: tuple[Percent, Percent] = (1.5, 99.7)

    def __post_init__(self) -> None:
        if self.window[0] >= self.window[1]:
            raise RecipeError(f"Mammogram: found a window of {list(self.window)} percent; low, then high, would do")

    def __call__(self, raw: Photons) -> UInt16[ndarray, "views columns rows"]:
        return np.stack([self._hung(view, raw.element_mm[0]) for view in attenuation(raw)])

    def _hung(self, picture: Float32[ndarray, "columns rows"], pixel_mm: float) -> UInt16[ndarray, "columns rows"]:
        inside = gaussian_filter(picture, 1.0) > INSIDE
        if not inside.any():
            return np.zeros(picture.shape, np.uint16)
        level = picture + np.float32(self.equalisation) * self._lift(picture, inside, pixel_mm)
        level += np.float32(self.sharpening) * (picture - gaussian_filter(picture, self.sharpen_mm / pixel_mm))
        low, high = np.percentile(level[inside], self.window)
        grey = np.clip((level - low) / max(high - low, 1e-6), 0, 1) * inside
        return np.rint(WHITE * grey).astype(np.uint16)

    def _lift(
        self, picture: Float32[ndarray, "columns rows"], inside: Bool[ndarray, "columns rows"], pixel_mm: float
    ) -> Float32[ndarray, "columns rows"]:
        """What fat lacks at each element, by its distance from the skin line; the chest wall is none."""
        depth = _from_skin(inside, pixel_mm)[inside]
        bin = np.minimum(depth, EDGE_MM) // STEP_MM
        values = picture[inside]
        fat = [np.percentile(values[bin == n], FAT) if (bin == n).any() else 0.0 for n in np.arange(bin.max() + 1)]
        curve = np.maximum.accumulate(gaussian_filter1d(np.array(fat), self.smooth_mm / STEP_MM, mode="nearest"))
        lift = np.zeros(picture.shape, np.float32)
        usual = np.interp(depth, STEP_MM * (np.arange(len(curve)) + 0.5), curve)
        smooth = gaussian_filter(picture, self.smooth_mm / pixel_mm)[inside]
        there = np.where(depth > 0, np.minimum(usual, smooth), smooth)
        lift[inside] = np.maximum(curve[-1] - there, 0)
        return lift


def _from_skin(inside: Bool[ndarray, "columns rows"], pixel_mm: float) -> Float64[ndarray, "columns rows"]:
    """mm from the skin line, in which the nipple makes no corner: what is as narrow is cut off first, and is at 0."""
    beyond = int(NIPPLE_MM / pixel_mm) + 1
    breast = np.pad(inside, beyond, mode="edge")
    core = np.asarray(distance_transform_edt(breast, sampling=pixel_mm)) > NIPPLE_MM
    opened = np.asarray(distance_transform_edt(~core, sampling=pixel_mm)) < NIPPLE_MM
    away = np.asarray(distance_transform_edt(opened & breast, sampling=pixel_mm))
    return away[beyond:-beyond, beyond:-beyond]
