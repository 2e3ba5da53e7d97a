"""From line integrals to detected photons, and from photons back to a path through water."""

from math import exp, log

import numpy as np
from jaxtyping import Float32, Float64
from numba import njit, prange
from numpy import float32, ndarray


def transmit_reference(
    path: Float32[ndarray, "views columns rows m"],
    across: Float64[ndarray, "columns e"],
    along: Float64[ndarray, "rows e"],
    per_mm: Float64[ndarray, "m e"],
) -> Float32[ndarray, "views columns rows"]:
    """Photons behind a path through m materials: sum over e of across along exp(-sum over m of path per_mm).

    across: photons of each energy at a column of a scan of air. along: what a row has of these. Beer-Lambert.
    """
    left = np.exp(-np.einsum("vcrm,me->vcre", path, per_mm))
    return np.einsum("ce,re,vcre->vcr", across, along, left).astype(np.float32)


def detect(
    path: Float32[ndarray, "views columns rows m"],
    across: Float64[ndarray, "columns e"],
    along: Float64[ndarray, "rows e"],
    per_mm: Float64[ndarray, "m e"],
) -> Float32[ndarray, "views columns rows"]:
    """As the reference, fast."""
    out = np.empty(path.shape[:3], np.float32)
    column, row, energy = (np.ascontiguousarray(table, np.float32) for table in (across, along, per_mm))
    transmit(path, column, row, energy, out)
    return out


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract", "nsz"})
def transmit(path, across, along, per_mm, out):
    """Into `out`. The rows of a column go together; a column behind nothing but air takes the blank beam as it is."""
    views, columns, rows, materials = path.shape
    energies = per_mm.shape[1]
    blank = np.empty((columns, rows), np.float32)
    for column in prange(columns):
        for row in range(rows):
            blank[column, row] = (across[column] * along[row]).sum()
    for view in prange(views):
        depth = np.empty(rows, np.float32)
        for column in range(columns):
            photons, ways = out[view, column], path[view, column]
            if not ways.any():
                photons[:] = blank[column]
                continue
            photons[:] = 0
            for e in range(energies):
                for row in range(rows):
                    mu_d = float32(0)
                    for m in range(materials):
                        mu_d += ways[row, m] * per_mm[m, e]
                    depth[row] = mu_d
                arriving = across[column, e]
                for row in range(rows):
                    photons[row] += arriving * along[row, e] * exp(-depth[row])


def water_path_reference(
    photons: Float32[ndarray, "views columns rows"],
    blank: Float32[ndarray, "columns rows"],
    output: Float64[ndarray, " views"],
    fewest: float,
    path_mm: Float64[ndarray, "columns t"],
    first: float,
    step: float,
) -> Float32[ndarray, "views columns rows"]:
    """The path through water, mm, that leaves `photons` of blank times output: path_mm at -log of that, linearly.

    path_mm[c, i] belongs to the attenuation first + i step of column c. Fewer than `fewest` photons count as `fewest`,
    so that a detector element that saw none (photon starvation) stays finite.
    """
    attenuation = -np.log(np.maximum(photons, fewest) / (output[:, None, None] * blank))
    at = first + step * np.arange(path_mm.shape[1])
    columns = range(photons.shape[1])
    return np.stack([np.interp(attenuation[:, c], at, path_mm[c]) for c in columns], axis=1).astype(np.float32)


@njit(parallel=True, cache=True, error_model="numpy")
def water_path(photons, blank, output, fewest, path_mm, first, step, out):
    """As the reference, into `out`."""
    last = path_mm.shape[1] - 2
    for view in prange(photons.shape[0]):
        for column in range(photons.shape[1]):
            table = path_mm[column]
            for row in range(photons.shape[2]):
                attenuation = log(output[view] * blank[column, row] / max(photons[view, column, row], fewest))
                at = (attenuation - first) / step
                lower = min(max(int(at), 0), last)
                out[view, column, row] = table[lower] + (at - lower) * (table[lower + 1] - table[lower])
