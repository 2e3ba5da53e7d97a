"""How far apart two clouds of vectors lie, and how much of each lies inside the other."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial.distance import cdist

Vectors = Float[ndarray, "n d"]
NEIGHBOURS = 3
"""Of the spheres that stand for a cloud. Kynkaanniemi et al. 2019, arXiv:1904.06991, sec. 3."""
RIDGE = 1e-9
SAME = 1e-6
"""Of a number's largest value: what it may miss its median by and still be the same."""
SELDOM = 0.2
"""Share of the real vectors in which a number differs from its median, at least, if it is to count."""


def frechet(a: Vectors, b: Vectors) -> float:
    """|m - m'|^2 + tr(S + S' - 2 (S S')^1/2) of two normal distributions. Dowson and Landau 1982; Heusel et al. 2017.

    Of few vectors it is too large, the same for equal numbers of them: compare only such.
    """
    one, other = (np.cov(cloud, rowvar=False) + RIDGE * np.eye(cloud.shape[1]) for cloud in (a, b))
    root = _root(one)
    both = np.trace(_root(root @ other @ root))
    apart = float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum())
    return max(apart + float(np.trace(one) + np.trace(other) - 2 * both), 0.0)


def kernel(a: Vectors, b: Vectors) -> float:
    """Squared maximum mean discrepancy with (x y / d + 1)^3, unbiased: below 0 by chance where nothing differs.

    Binkowski et al. 2018, arXiv:1801.01401.
    """

    def cubic(x: Vectors, y: Vectors) -> Vectors:
        return (x @ y.T / x.shape[1] + 1) ** 3

    within = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (cubic(a, a), cubic(b, b))]
    return float(sum(within) - 2 * cubic(a, b).mean())


def precision(made: Vectors, real: Vectors) -> float:
    """Share of made vectors that lie among the real ones; recall is the same the other way round.

    Kynkaanniemi et al. 2019, arXiv:1904.06991: among them is within the distance of some vector to its third neighbour.
    """
    return float(_among(made, real).mean())


def scaled(real: Vectors, *clouds: Vectors) -> tuple[Vectors, ...]:
    """All of them in units of the SD of each number among the real ones, of which all that there are should be given.

    Numbers that hardly ever differ are left out: a feature that answers to one real patch in fifty has an SD that
    depends on whether that one is there, and divided by it any made patch that it answers to is infinitely far.
    """
    middle, spread = real.mean(axis=0), real.std(axis=0)
    usual = np.median(real, axis=0)
    differ = np.abs(real - usual) > SAME * np.abs(real).max(axis=0)
    varies = differ.mean(axis=0) >= SELDOM
    return tuple((cloud[:, varies] - middle[varies]) / spread[varies] for cloud in (real, *clouds))


def _among(asked: Vectors, cloud: Vectors) -> ndarray:
    """True for each vector that lies among a cloud."""
    reach = np.sort(cdist(cloud, cloud), axis=1)[:, min(NEIGHBOURS, len(cloud) - 1)]
    return np.any(cdist(asked, cloud) <= reach, axis=1)


def _root(matrix: Float[ndarray, "d d"]) -> Float[ndarray, "d d"]:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
