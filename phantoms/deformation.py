"""A random anatomy out of a real one: a smooth deformation that can always be undone."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le
from jaxtyping import Float, Int, UInt16
from numba import njit
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import map_coordinates

from simdata.errors import RecipeError
from simdata.grid import Grid

KNOTS_PER_WAVELENGTH = 8
MARGIN_KNOTS = 4
"""Knots beyond each end of the grid: so many that one whole wave always fits."""
HALVINGS = 6
"""The flow is 2**6 compositions of a step so small that each is invertible by far."""
STEEPEST = 0.25
"""Largest amplitude over wavelength: beyond it neighbouring structures are squeezed to less than a voxel."""


@dataclass(frozen=True)
class Deformation:
    """Moves every point along a random smooth stream for one unit of time.

    phi = exp(v), v a stationary velocity field without waves shorter than `wavelength_mm`, computed by scaling and
    squaring (Arsigny et al. 2006, MICCAI) and smoothed by cubic B-splines. A flow never crosses itself, so phi is
    invertible and det J > 0.
    amplitude_mm: top speed of v, so no point moves farther; 0 leaves the patient as it is.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True}

    amplitude_mm: Annotated[float, Ge(0)] = 0.0
    wavelength_mm: Annotated[float, Ge(20), Le(500)] = 80.0

    def __post_init__(self) -> None:
        most_mm = STEEPEST * self.wavelength_mm
        if self.amplitude_mm > most_mm:
            raise RecipeError(
                f"Deformation: found amplitude_mm {self.amplitude_mm:g} with wavelength_mm {self.wavelength_mm:g}; "
                f"an amplitude of at most {most_mm:g} mm, or a wavelength of at least "
                f"{self.amplitude_mm / STEEPEST:g} mm, would do"
            )

    def spline(self, grid: Grid, rng: Generator) -> "Spline":
        """A displacement drawn for `grid`."""
        knot_mm = self.wavelength_mm / KNOTS_PER_WAVELENGTH
        extent_mm = np.array(grid.spacing_mm) * (np.array(grid.shape) - 1)
        knots = np.ceil(extent_mm / knot_mm).astype(int) + 1 + 2 * MARGIN_KNOTS
        velocity = _smooth_noise(tuple(knots.tolist()), rng)
        top = np.sqrt((velocity**2).sum(axis=0)).max()
        return Spline(_flow(velocity * (self.amplitude_mm / knot_mm / top)) * knot_mm, knot_mm, grid)


@dataclass(frozen=True, eq=False)
class Spline:
    """A displacement field of cubic B-splines. knots: (3, a, b, c) control points, mm along the grid's three axes."""

    knots: Float[ndarray, "3 a b c"]
    knot_mm: float
    grid: Grid

    def pull(self, labels: UInt16[ndarray, "x y z"]) -> UInt16[ndarray, "x y z"]:
        """Each voxel takes the label of the voxel nearest to where `index` sends it; 0 beyond the grid."""
        knots = self.knots / np.array(self.grid.spacing_mm)[:, None, None, None]
        return _pulled(np.ascontiguousarray(labels), knots, *self._taps(0), *self._taps(1), *self._taps(2))

    def index(self) -> Float[ndarray, "3 x y z"]:
        """Where each voxel takes its tissue from, as fractional voxel indices: the reference of `pull`."""
        knots = self.knots / np.array(self.grid.spacing_mm)[:, None, None, None]
        x, y, z = (self._matrix(axis) for axis in range(3))
        return np.indices(self.grid.shape) + np.einsum("nabc,xa,yb,zc->nxyz", knots, x, y, z, optimize=True)

    def _matrix(self, axis: int) -> Float[ndarray, "n a"]:
        """How much each control point counts at each voxel along one axis."""
        first, weights = self._taps(axis)
        matrix = np.zeros((len(first), self.knots.shape[axis + 1]))
        for tap in range(4):
            matrix[np.arange(len(first)), first + tap] = weights[:, tap]
        return matrix

    def _taps(self, axis: int) -> tuple[Int[ndarray, " n"], Float[ndarray, "n 4"]]:
        """First of the four control points that move each voxel along one axis, and their weights, which sum to 1."""
        at = np.arange(self.grid.shape[axis]) * self.grid.spacing_mm[axis] / self.knot_mm + MARGIN_KNOTS
        f = at - np.floor(at)
        weights = ((1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3)
        return np.floor(at).astype(np.int64) - 1, np.stack(weights, axis=1) / 6


@njit(cache=True)
def _pulled(labels, knots, first_x, weights_x, first_y, weights_y, first_z, weights_z):
    """`labels` taken from where the spline sends each voxel; `knots` in voxels."""
    nx, ny, nz = labels.shape
    moved = np.zeros_like(labels)
    for i in range(nx):
        for j in range(ny):
            line = np.zeros((3, knots.shape[3]))
            for a in range(4):
                for b in range(4):
                    line += weights_x[i, a] * weights_y[j, b] * knots[:, first_x[i] + a, first_y[j] + b]
            for k in range(nz):
                x, y, z = float(i), float(j), float(k)
                for c in range(4):
                    x += weights_z[k, c] * line[0, first_z[k] + c]
                    y += weights_z[k, c] * line[1, first_z[k] + c]
                    z += weights_z[k, c] * line[2, first_z[k] + c]
                u, v, w = int(np.floor(x + 0.5)), int(np.floor(y + 0.5)), int(np.floor(z + 0.5))
                if 0 <= u < nx and 0 <= v < ny and 0 <= w < nz:
                    moved[i, j, k] = labels[u, v, w]
    return moved


def _smooth_noise(shape: tuple[int, ...], rng: Generator) -> Float[ndarray, "3 a b c"]:
    """White noise without its mean, and without waves shorter than KNOTS_PER_WAVELENGTH knots."""
    waves = np.fft.fftn(rng.standard_normal((3, *shape)), axes=(1, 2, 3))
    frequency = np.sqrt(sum(f**2 for f in np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")))
    passed = (frequency > 0) & (frequency <= 1 / KNOTS_PER_WAVELENGTH)
    return np.fft.ifftn(waves * passed, axes=(1, 2, 3)).real


def _flow(velocity: Float[ndarray, "3 a b c"]) -> Float[ndarray, "3 a b c"]:
    """exp(velocity) minus identity, in knots: halve HALVINGS times, then compose with itself as often."""
    here = np.indices(velocity.shape[1:], dtype=float)
    moved = velocity / 2**HALVINGS
    for _ in range(HALVINGS):
        moved = moved + np.stack([map_coordinates(u, here + moved, order=1, mode="nearest") for u in moved])
    return moved
