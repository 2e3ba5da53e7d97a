"""The filter of filtered back-projection: the ramp, softened or sharpened by the kernel that a radiologist picks."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray
from scipy.fft import irfft, next_fast_len, rfft
from scipy.interpolate import PchipInterpolator

from render.fft import WORKERS
from render.properties import rows
from render.units import MM_PER_CM

Kernel = Literal[
    "ram-lak",
    "shepp-logan",
    "cosine",
    "hamming",
    "hann",
    "smooth",
    "soft",
    "standard",
    "lung",
    "bone",
    "edge",
]
"""The first five end at the Nyquist frequency of the detector, whatever that is, from sharp to soft. The others are a
clinic's, from smooth to sharp: as sharp on any detector that is fine enough, and from "lung" on they lift edges.

| kernel | 50 % at, 1/cm | 10 % at, 1/cm | highest |
|---|---|---|---|
| smooth | 3.0 | 5.2 | 1 |
| soft | 4.1 | 7.3 | 1 |
| standard | 6.2 | 8.5 | 1 |
| lung | 8.4 | 10.3 | 1.18 |
| bone | 10.5 | 12.5 | 1.22 |
| edge | 13.2 | 15.7 | 1.22 |

That is the kernel alone; detector, focal spot and voxel take their part of an image's MTF besides.
"""

WINDOWS: Mapping[Kernel, Callable[[Float64[ndarray, "*f"]], Float64[ndarray, "*f"]]] = {
    "ram-lak": np.ones_like,
    "shepp-logan": lambda nyquists: np.sinc(nyquists / 2),
    "cosine": lambda nyquists: np.cos(np.pi * nyquists / 2),
    "hamming": lambda nyquists: 0.54 + 0.46 * np.cos(np.pi * nyquists),
    "hann": lambda nyquists: 0.5 + 0.5 * np.cos(np.pi * nyquists),
}
"""What each kernel leaves of a frequency in units of Nyquist, from sharp to soft. Kak and Slaney 1988, sec. 3.3."""


def window(kernel: Kernel, per_mm: Float64[ndarray, "*f"], step_mm: float) -> Float64[ndarray, "*f"]:
    """What `kernel` leaves of each frequency, 1/mm at the isocentre, where elements are step_mm apart.

    A clinic's kernel runs through the points of render/tables/kernels.csv, and ends in 0.
    """
    if kernel in WINDOWS:
        return WINDOWS[kernel](2 * step_mm * per_mm)
    at, curve = _clinical(kernel)
    return np.where(per_mm * MM_PER_CM < at, np.clip(curve(np.minimum(per_mm * MM_PER_CM, at)), 0, None), 0.0)


def ramp_samples(elements: int, pitch: float) -> Float64[ndarray, " n"]:
    """The ramp |frequency| up to Nyquist, sampled in space: 1/(4 pitch^2) at 0, -1/(pi n pitch)^2 at odd n, else 0.

    Sampled in frequency instead, it would lose the mean of the image. Kak and Slaney eq. 3.29 (ch. 3, eq. 61).
    """
    n = np.arange(elements)
    odd = np.divide(-1.0, (np.pi * n * pitch) ** 2, out=np.zeros(elements), where=n % 2 == 1)
    return np.where(n == 0, 1 / (4 * pitch**2), odd)


def response(ramp: Float64[ndarray, " n"], kernel: Kernel, step_mm: float) -> Float32[ndarray, " f"]:
    """Frequency response of `ramp`, sampled at 0, 1, ... elements of distance, under `kernel`; padded against wrap.

    step_mm: from element to element, as seen at the isocentre.
    """
    elements = len(ramp)
    size = _padded(elements)
    spatial = np.zeros(size)
    spatial[:elements] = ramp
    spatial[size - elements + 1 :] = ramp[:0:-1]
    frequency = np.fft.rfft(spatial).real
    per_mm = np.fft.rfftfreq(size, step_mm)
    return (frequency * window(kernel, per_mm, step_mm)).astype(np.float32)


def filtered(
    views: Float32[ndarray, "v n z"], ramp: Float64[ndarray, " n"], kernel: Kernel, step_mm: float
) -> Float32[ndarray, "v n z"]:
    """Every view convolved along its elements, step_mm apart at the isocentre, with `ramp` under `kernel`."""
    elements = views.shape[1]
    size = _padded(elements)
    spectrum: Any = rfft(views, size, axis=1, workers=WORKERS)
    spectrum *= response(ramp, kernel, step_mm)[:, None]
    convolved: Any = irfft(spectrum, size, axis=1, workers=WORKERS)
    return np.ascontiguousarray(convolved[:, :elements])


@cache
def _clinical(kernel: Kernel) -> tuple[float, PchipInterpolator]:
    """Where a kernel ends, 1/cm, and its curve up to there, through the points of the table without a ripple."""
    at, share = np.array([(r["per_cm"], r["response"]) for r in rows("kernels") if r["kernel"] == kernel], float).T
    return float(at[-1]), PchipInterpolator(at, share)


def _padded(elements: int) -> int:
    """A quick length for Fourier transforms that leaves room for the whole convolution."""
    return cast(int, next_fast_len(2 * elements - 1, real=True))
