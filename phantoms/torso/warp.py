"""The deformation that makes a person of the reference body: a spine curve and smooth random waves on a lattice."""

import numpy as np
from jaxtyping import Float32
from numpy import ndarray
from numpy.random import Generator

LATTICE_MM = 10.0
REACH_MM = (270.0, 230.0, 310.0)
WARP_MM = 1.3
WAVES = 14
WAVELENGTH_MM = (55.0, 110.0)
# 1 mm deeper every ten years: thoracic kyphosis grows by 3 to 4 degrees a decade after forty (Fon 1980)
KYPHOSIS_MM_PER_YEAR = 0.10


def lattice_axes() -> list[ndarray]:
    """Coordinates of the lattice along x, y and z, reference mm."""
    return [np.arange(-reach, reach + 1, LATTICE_MM) for reach in REACH_MM]


def warp(age_y: float, rng: Generator) -> Float32[ndarray, "3 x y z"]:
    """Reference mm to add at each lattice point; smooth enough to be invertible."""
    x, y, z = np.meshgrid(*lattice_axes(), indexing="ij", sparse=True)
    kyphosis = rng.normal(KYPHOSIS_MM_PER_YEAR * (age_y - 40), 2.5) * np.exp(-(((z - 75) / 85) ** 2))
    lordosis = rng.normal(0, 3.0) * np.exp(-(((z + 170) / 70) ** 2))
    behind = 0.45 + 0.55 / (1 + np.exp((y + 10) / 25))
    bend, phase = rng.normal(0, 2.2, 2), rng.uniform(0, 2 * np.pi, 2)
    scoliosis = bend[0] * np.sin(z / 75 + phase[0]) + bend[1] * np.sin(z / 120 + phase[1])
    waves = np.stack([_waves(x, y, z, rng) for _ in range(3)])
    waves += np.stack(np.broadcast_arrays(scoliosis, (kyphosis + lordosis) * behind, 0 * z))
    return waves.astype(np.float32)


def _waves(x, y, z, rng: Generator) -> ndarray:
    """A sum of plane waves, each the product of one factor per axis."""
    total = 0
    for _ in range(WAVES):
        direction = rng.normal(size=3)
        kx, ky, kz = 2 * np.pi / rng.uniform(*WAVELENGTH_MM) * direction / np.linalg.norm(direction)
        phase = rng.uniform(0, 2 * np.pi)
        total = total + (np.exp(1j * (kx * x + phase)) * np.exp(1j * ky * y) * np.exp(1j * kz * z)).imag
    return total * WARP_MM * np.sqrt(2 / WAVES)


def places(
    warp: Float32[ndarray, "3 x y z"], axes: tuple[ndarray, ndarray, ndarray]
) -> tuple[Float32[ndarray, "x y z"], ...]:
    """The reference body's x, y, z at every point of a grid with those `axes` (mm), linear between lattice points."""
    return tuple(_place(warp[component], component, axes) for component in range(3))


def _place(shift: ndarray, component: int, axes: tuple[ndarray, ndarray, ndarray]) -> Float32[ndarray, "x y z"]:
    for n, (axis, knots) in enumerate(zip(axes, lattice_axes(), strict=True)):
        at = np.clip((axis - knots[0]) / LATTICE_MM, 0, len(knots) - 1)
        first = np.minimum(at.astype(int), len(knots) - 2)
        low, high = np.take(shift, first, axis=n), np.take(shift, first + 1, axis=n)
        shift = low + _along((at - first), n) * (high - low)
    return shift + _along(axes[component], component)


def _along(values: ndarray, axis: int) -> ndarray:
    shape = [1, 1, 1]
    shape[axis] = -1
    return values.astype(np.float32).reshape(shape)
