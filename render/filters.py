"""The filter of filtered back-projection: the ramp, softened by the kernel that a radiologist picks."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import numpy as np
from jaxtyping import Float32, Float64
from numpy import ndarray
from scipy.fft import irfft, next_fast_len, rfft

from render.fft import WORKERS

Kernel = Literal["ram-lak", "shepp-logan", "cosine", "hamming", "hann"]

WINDOWS: Mapping[Kernel, Callable[[Float64[ndarray, " f"]], Float64[ndarray, " f"]]] = {
    "ram-lak": np.ones_like,
    "shepp-logan": lambda nyquists: np.sinc(nyquists / 2),
    "cosine": lambda nyquists: np.cos(np.pi * nyquists / 2),
    "hamming": lambda nyquists: 0.54 + 0.46 * np.cos(np.pi * nyquists),
    "hann": lambda nyquists: 0.5 + 0.5 * np.cos(np.pi * nyquists),
}
"""What each kernel leaves of a frequency in units of Nyquist, from sharp to soft. Kak and Slaney 1988, sec. 3.3."""


def ramp_samples(elements: int, pitch: float) -> Float64[ndarray, " n"]:
    """The ramp |frequency| up to Nyquist, sampled in space: 1/(4 pitch^2) at 0, -1/(pi n pitch)^2 at odd n, else 0.

    Sampled in frequency instead, it would lose the mean of the image. Kak and Slaney eq. 3.29 (ch. 3, eq. 61).
    """
    n = np.arange(elements)
    odd = np.divide(-1.0, (np.pi * n * pitch) ** 2, out=np.zeros(elements), where=n % 2 == 1)
    return np.where(n == 0, 1 / (4 * pitch**2), odd)


def response(ramp: Float64[ndarray, " n"], kernel: Kernel) -> Float32[ndarray, " f"]:
    """Frequency response of `ramp`, sampled at 0, 1, ... elements of distance, under `kernel`; padded against wrap."""
    elements = len(ramp)
    size = _padded(elements)
    spatial = np.zeros(size)
    spatial[:elements] = ramp
    spatial[size - elements + 1 :] = ramp[:0:-1]
    frequency = np.fft.rfft(spatial).real
    nyquists = np.arange(len(frequency)) * 2 / size
    return (frequency * WINDOWS[kernel](nyquists)).astype(np.float32)


def filtered(
    views: Float32[ndarray, "v n z"], ramp: Float64[ndarray, " n"], kernel: Kernel
) -> Float32[ndarray, "v n z"]:
    """Every view convolved along its elements with `ramp` under `kernel`."""
    elements = views.shape[1]
    size = _padded(elements)
    spectrum: Any = rfft(views, size, axis=1, workers=WORKERS)
    spectrum *= response(ramp, kernel)[:, None]
    convolved: Any = irfft(spectrum, size, axis=1, workers=WORKERS)
    return np.ascontiguousarray(convolved[:, :elements])


def _padded(elements: int) -> int:
    """A quick length for Fourier transforms that leaves room for the whole convolution."""
    return cast(int, next_fast_len(2 * elements - 1, real=True))
