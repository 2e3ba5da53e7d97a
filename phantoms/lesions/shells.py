"""What lies in layers inside a lump: its rind, and lakes and veins of something else."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import gaussian_filter, zoom

from phantoms.filling import Filling
from phantoms.strokes import MOST
from simdata.grid import Grid

FIBROUS = 0.94
"""Density of a capsule by that of ligament and tendon ("connective"), so that it has about 50 HU; assumed."""
HALF_WAVES = 4.0
"""A Gaussian of sigma s leaves noise whose waves are about 4 s long."""
COARSE = 1.5
"""Standard deviations of the filter in voxels beyond which the noise is made on a coarser lattice."""


def shell(outer: Filling, inner: Filling) -> Filling:
    """What lies in `outer` and not in `inner`, of the same lump, in the voxels that are mostly `outer`'s."""
    block, whole = outer
    return block, np.where(whole > MOST, np.maximum(whole - inner[1], 0), 0).astype(np.float32)


def lakes(grid: Grid, within: Filling, wave_mm: float, share: float, rng: Generator) -> Filling:
    """Blots of about half wave_mm that take that share of `within`."""
    block, whole = within
    noise = smooth_noise(grid, whole.shape, wave_mm, rng)
    inside = whole > MOST
    if not inside.any():
        return within
    level = np.quantile(noise[inside], 1 - share)
    return block, _soft(noise - level, wave_mm, grid) * whole


def veins(grid: Grid, within: Filling, wave_mm: float, width_mm: float, rng: Generator) -> Filling:
    """Curved sheets of that width through `within`, about half wave_mm apart: septa."""
    block, whole = within
    noise = smooth_noise(grid, whole.shape, wave_mm, rng)
    steep = np.sqrt(2) * np.pi / wave_mm
    return block, _soft(width_mm / 2 * steep - np.abs(noise), wave_mm, grid) * whole


def smooth_noise(grid: Grid, shape: tuple[int, ...], wave_mm: float, rng: Generator) -> Float32[ndarray, "a b c"]:
    """Noise of mean 0 and variance 1 on a block, whose waves are about wave_mm long."""
    sigma = wave_mm / HALF_WAVES / np.array(grid.spacing_mm)
    step = np.maximum((sigma / COARSE).astype(int), 1)
    coarse = rng.standard_normal([n // s + 2 for n, s in zip(shape, step, strict=True)], np.float32)
    fine = np.zeros([n * s for n, s in zip(coarse.shape, step.tolist(), strict=True)], np.float32)
    zoom(gaussian_filter(coarse, sigma / step), step, output=fine, order=1)
    noise = fine[tuple(slice(n) for n in shape)]
    return (noise - noise.mean()) / np.maximum(noise.std(), np.float32(1e-6))


def _soft(over: Float32[ndarray, "a b c"], wave_mm: float, grid: Grid) -> Float32[ndarray, "a b c"]:
    """0 to 1 where noise crosses a level: as steep as a voxel is wide."""
    steep = np.sqrt(2) * np.pi / wave_mm
    return np.clip(0.5 + over / (steep * min(grid.spacing_mm)), 0, 1).astype(np.float32)
