"""Fills a lattice from what is known of it: smoothly between known nodes, and without squeezing soft tissue."""

import numpy as np
from jaxtyping import Bool, Float
from numba import njit
from numpy import ndarray

SWEEPS, RELAXATION = 160, 1.85
"""Of the successive over-relaxation: the error falls below a hundredth on lattices of 50 nodes (Young 1954)."""


def smooth(
    values: Float[ndarray, "a b c"], known: Bool[ndarray, "a b c"], sweeps: int = SWEEPS
) -> Float[ndarray, "a b c"]:
    """The harmonic function that has these values where they are known, and no slope across the rim."""
    everywhere = np.ones(values.shape, bool)
    return _relaxed(np.where(known, values, 0.0), ~known, everywhere, np.zeros(values.shape), sweeps)


def unsqueezed(
    velocity: Float[ndarray, "a b c 3"], soft: Bool[ndarray, "a b c"], free: Bool[ndarray, "a b c"], step_mm: float
) -> Float[ndarray, "a b c 3"]:
    """`velocity` without its divergence where tissue is `soft`: what is squeezed in goes out where it is `free`.

    v - grad p with laplace p = div v, p = 0 in what is free, and no flow into what is neither (Chorin 1968, the
    projection on incompressible fields).
    """
    source = sum(np.gradient(velocity[..., axis], step_mm, axis=axis) for axis in range(3))
    pressure = _relaxed(np.zeros(soft.shape), soft, soft | free, np.asarray(source) * step_mm**2, 2 * SWEEPS)
    moved = velocity.copy()
    for axis in range(3):
        moved[..., axis] -= np.where(soft, _slope(pressure, soft | free, axis) / step_mm, 0.0)
    return moved


def _slope(pressure, open_, axis: int) -> Float[ndarray, "a b c"]:
    """Half the difference of the two neighbours along an axis; a closed neighbour has the pressure of the node."""
    p, o = np.moveaxis(pressure, axis, 0), np.moveaxis(open_, axis, 0)
    after, before = p.copy(), p.copy()
    after[:-1] = np.where(o[1:], p[1:], p[:-1])
    before[1:] = np.where(o[:-1], p[:-1], p[1:])
    return np.moveaxis((after - before) / 2, 0, axis)


@njit(cache=True)
def _relaxed(values, moving, open_, source, sweeps):
    """Gauss-Seidel with over-relaxation of sum over open neighbours of (u - u0) = source, where `moving`."""
    na, nb, nc = values.shape
    for _ in range(sweeps):
        for i in range(na):
            for j in range(nb):
                for k in range(nc):
                    if not moving[i, j, k]:
                        continue
                    total, count = 0.0, 0
                    for n in range(6):
                        x = i + (n == 0) - (n == 1)
                        y = j + (n == 2) - (n == 3)
                        z = k + (n == 4) - (n == 5)
                        if 0 <= x < na and 0 <= y < nb and 0 <= z < nc and open_[x, y, z]:
                            total += values[x, y, z]
                            count += 1
                    if count:
                        goal = (total - source[i, j, k]) / count
                        values[i, j, k] += RELAXATION * (goal - values[i, j, k])
    return values
