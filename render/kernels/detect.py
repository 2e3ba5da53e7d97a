"""From line integrals to detected photons, and from photons back to a path through water."""

from math import exp, log

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, ndarray


def transmit_reference(
    path: Float32[ndarray, "views n m z"],
    signal: Float64[ndarray, " e"],
    per_mm: Float64[ndarray, "m e"],
) -> Float32[ndarray, "views n z"]:
    """Photons behind a path through m materials: sum over e of signal exp(-sum over m of path per_mm). Beer-Lambert."""
    return np.einsum("e,vnze->vnz", signal, np.exp(-np.einsum("vnmz,me->vnze", path, per_mm))).astype(np.float32)


def detect(
    path: Float32[ndarray, "views n m z"], signal: Float32[ndarray, " e"], per_mm: Float32[ndarray, "m e"]
) -> Float32[ndarray, "views n z"]:
    """As the reference, fast."""
    views, elements, _, slices = path.shape
    out = np.empty((views, elements, slices), np.float32)
    transmit(path, signal, per_mm, out)
    return out


@njit(parallel=True, cache=True, error_model="numpy")
def transmit(path, signal, per_mm, out):
    """Into `out`. A ray through nothing but air, and there are many, takes the blank beam as it is."""
    blank = signal.sum()
    for view in prange(path.shape[0]):
        for n in range(path.shape[1]):
            for z in range(path.shape[3]):
                out[view, n, z] = _behind(path[view, n, :, z], signal, per_mm) if path[view, n, :, z].any() else blank


@njit(inline="always")
def _behind(path, signal, per_mm):
    photons = float32(0)
    for e in range(signal.shape[0]):
        depth = float32(0)
        for m in range(path.shape[0]):
            depth += path[m] * per_mm[m, e]
        photons += signal[e] * exp(-depth)
    return photons


def water_path_reference(
    photons: Float32[ndarray, "views n z"],
    blank: float,
    fewest: float,
    path_mm: Float64[ndarray, " t"],
    first: float,
    step: float,
) -> Float32[ndarray, "views n z"]:
    """The path through water, mm, that leaves `photons` of `blank`: path_mm at -log(photons / blank), linearly.

    path_mm[i] belongs to the attenuation first + i step. Fewer than `fewest` photons count as `fewest`, so that a
    detector element that saw none (photon starvation) stays finite.
    """
    attenuation = -np.log(np.maximum(photons, fewest) / blank)
    return np.interp(attenuation, first + step * np.arange(len(path_mm)), path_mm).astype(np.float32)


@njit(parallel=True, cache=True, error_model="numpy")
def water_path(photons, blank, fewest, path_mm, first, step, out):
    """As the reference, into `out`."""
    last = path_mm.shape[0] - 2
    for view in prange(photons.shape[0]):
        for n in range(photons.shape[1]):
            for z in range(photons.shape[2]):
                attenuation = log(blank / max(photons[view, n, z], fewest))
                at = (attenuation - first) / step
                lower = min(max(int(at), 0), last)
                out[view, n, z] = path_mm[lower] + (at - lower) * (path_mm[lower + 1] - path_mm[lower])
