"""How far each place goes along with a part of the body that is pushed: stiff tissue as one piece, soft tissue less."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.sparse import csr_array, diags_array

ENOUGH, MOST_ROUNDS = 1e-3, 600
"""Of conjugate gradients: relative residual, and rounds."""
NOTHING_MM = 0.5
"""What is shifted by less stays."""


def along(
    stiffness: Float[ndarray, "a b c"], pushed: Bool[ndarray, "a b c"], held: Bool[ndarray, "a b c"]
) -> Float[ndarray, "a b c"]:
    """u of div(k grad u) = -1 in what is `pushed`, 0 elsewhere, and u = 0 in what is `held`: a membrane under pressure.

    stiffness: k, relative. No slope across the rim of the lattice. u has the mean 1 over what is pushed, all 0 if that
    is nothing.
    """
    free = ~held
    if not (pushed & free).any():
        return np.zeros(stiffness.shape)
    rows = np.flatnonzero(free.ravel())
    found = _solved(_matrix(stiffness)[rows][:, rows], pushed.ravel()[rows].astype(float))
    u = np.zeros(stiffness.size)
    u[rows] = found
    return (u / u[pushed.ravel()].mean()).reshape(stiffness.shape)


def _matrix(stiffness: Float[ndarray, "a b c"]) -> csr_array:
    """-div(k grad) of the nodes: k between two of them is the harmonic mean of theirs."""
    bonds, across = np.zeros(stiffness.shape), {}
    for axis in range(3):
        k = np.moveaxis(stiffness, axis, 0)
        between = np.zeros(stiffness.shape)
        joint, sums = np.moveaxis(between, axis, 0), np.moveaxis(bonds, axis, 0)
        joint[:-1] = 2 * k[:-1] * k[1:] / (k[:-1] + k[1:])
        sums += joint
        sums[1:] += joint[:-1]
        step = int(np.prod(stiffness.shape[axis + 1 :]))
        across[step] = across[-step] = -between.ravel()[: between.size - step]
    return csr_array(diags_array([bonds.ravel(), *across.values()], offsets=[0, *across]))  # pyright: ignore[reportArgumentType]


def _solved(matrix: csr_array, load: Float[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Conjugate gradients with the diagonal (Shewchuk 1994): sums in one order, so the same bytes on any machine."""
    by_diagonal = 1 / matrix.diagonal()
    found, left = np.zeros(len(load)), load.copy()
    way = by_diagonal * left
    rest = float((left * way).sum())
    enough = ENOUGH**2 * float((load * load).sum())
    for _ in range(MOST_ROUNDS):
        along_way = matrix @ way
        step = rest / float((way * along_way).sum())
        found += step * way
        left -= step * along_way
        if float((left * left).sum()) < enough:
            break
        before, scaled = rest, by_diagonal * left
        rest = float((left * scaled).sum())
        way = scaled + rest / before * way
    return found
