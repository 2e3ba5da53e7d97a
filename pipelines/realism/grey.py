"""How alike the grey values of two CT scans are: earth mover's distance of their histograms, noise, fat in muscle.

The distance is taken over the levels that both scans show. They are found by sliding one scan along the other until
the shares of lung and bone in the body, slice by slice, agree best; nothing is resampled.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.stats import wasserstein_distance

from pipelines.realism.scans import HU_RANGE, Scan
from pipelines.realism.voxels import local_mean

BIN_HU = 10
EDGES_HU = np.arange(HU_RANGE[0], HU_RANGE[1] + BIN_HU, BIN_HU)
MIDDLES_HU = EDGES_HU[:-1] + BIN_HU / 2
STEP_MM = 3.0
LEAST_OVERLAP = 0.6
"""Share of the shorter scan that must be common to both."""
BONE_WEIGHT = 2.0
SOFT_HU, BETWEEN_HU = (-150, 100), (-60, 0)
"""Fat to muscle, and what lies between their peaks: partial volume, fat in muscle, and noise."""
NOISE_WINDOW_MM = 6.0
TISSUE_HU = (0, 100)
LOUDEST_HU = 80


@dataclass(frozen=True)
class Likeness:
    """emd_hu: earth mover's distance of the histograms. one, other: the slices [start, stop) that were compared."""

    emd_hu: float
    one: tuple[int, int]
    other: tuple[int, int]


def likeness(one: Scan, other: Scan) -> Likeness:
    """Of the levels that both scans show."""
    here, there = common_levels(one, other)
    return Likeness(emd_hu(one.slices(*here), other.slices(*there)), here, there)


def emd_hu(one: Scan, other: Scan) -> float:
    """Earth mover's distance of two histograms: mean HU by which voxels would have to change."""
    return float(wasserstein_distance(MIDDLES_HU, MIDDLES_HU, histogram(one), histogram(other)))


def histogram(scan: Scan) -> Float[ndarray, " bins"]:
    """Shares of the body's voxels in bins of 10 HU."""
    counts = np.histogram(scan.hu[scan.body], EDGES_HU)[0]
    return counts / max(counts.sum(), 1)


def common_levels(one: Scan, other: Scan) -> tuple[tuple[int, int], tuple[int, int]]:
    """Slices [start, stop) of each that show the same part of the body."""
    profiles = [_even_profile(scan) for scan in (one, other)]
    lengths = [profile.shape[1] for profile in profiles]
    least = max(int(LEAST_OVERLAP * min(lengths)), 1)
    shifts = range(least - lengths[1], lengths[0] - least + 1)
    shift = min(shifts, key=lambda shift: _difference(profiles[0], profiles[1], shift))
    start, stop = max(shift, 0) * STEP_MM, min(lengths[0], lengths[1] + shift) * STEP_MM
    return _slices(one, start, stop), _slices(other, start - shift * STEP_MM, stop - shift * STEP_MM)


def between_fat_and_muscle(scan: Scan) -> float:
    """Share of the voxels from fat to muscle that lie between the two."""
    hu = scan.hu[scan.body]
    soft = hu[(hu >= SOFT_HU[0]) & (hu <= SOFT_HU[1])]
    return float(((soft >= BETWEEN_HU[0]) & (soft <= BETWEEN_HU[1])).mean()) if soft.size else 0.0


def noise_hu(scan: Scan) -> float:
    """The most frequent standard deviation in small windows of soft tissue, within slices.

    Global noise level: Christianson et al., AJR 2015;205:W93. Of n voxels with standard deviation s, that of a window
    is most often s sqrt((n - 2) / n).
    """
    across, up = (max(round(NOISE_WINDOW_MM / spacing), 3) for spacing in scan.spacing_mm[:2])
    spreads = []
    for z in range(scan.hu.shape[2]):
        hu = scan.hu[..., z].astype(np.float32)
        mean, square = (local_mean(values, (across, up)) for values in (hu, hu * hu))
        soft = scan.body[..., z] & (mean > TISSUE_HU[0]) & (mean < TISSUE_HU[1])
        spreads.append(np.sqrt(np.maximum(square - mean * mean, 0))[soft])
    counts = np.histogram(np.concatenate(spreads), np.arange(0, LOUDEST_HU, 0.5))[0]
    of_all = np.sqrt(across * up / (across * up - 2))
    return float((np.convolve(counts, np.ones(3), "same").argmax() + 0.5) * 0.5 * of_all)


def _even_profile(scan: Scan) -> Float[ndarray, "2 n"]:
    """The profile every 3 mm."""
    middles = (np.arange(scan.hu.shape[2]) + 0.5) * scan.spacing_mm[2]
    heights = np.arange(STEP_MM / 2, scan.length_mm, STEP_MM)
    lung, bone = (np.interp(heights, middles, share) for share in scan.profile)
    return np.stack([lung, BONE_WEIGHT * bone])


def _difference(one: Float[ndarray, "2 n"], other: Float[ndarray, "2 m"], shift: int) -> float:
    """Mean difference of two profiles when `other` begins `shift` steps above the beginning of `one`."""
    start, stop = max(shift, 0), min(one.shape[1], other.shape[1] + shift)
    return float(np.abs(one[:, start:stop] - other[:, start - shift : stop - shift]).mean())


def _slices(scan: Scan, start_mm: float, stop_mm: float) -> tuple[int, int]:
    step = scan.spacing_mm[2]
    start = int(np.clip(round(start_mm / step), 0, scan.hu.shape[2] - 1))
    return start, int(np.clip(round(stop_mm / step), start + 1, scan.hu.shape[2]))
