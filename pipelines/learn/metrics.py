"""How well a mask agrees with the truth: Dice of areas, clDice of centrelines; and how sure it was."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.special import entr


def dice(found: Bool[ndarray, "..."], true: Bool[ndarray, "..."]) -> float:
    """2 |A and B| / (|A| + |B|); 1 where both are empty."""
    both, each = np.count_nonzero(found & true), np.count_nonzero(found) + np.count_nonzero(true)
    return float(2 * both / each) if each else 1.0


def cldice(found: Bool[ndarray, "..."], true: Bool[ndarray, "..."]) -> float:
    """Harmonic mean of the shares of each skeleton in the other's mask (Shit 2021); 1 where both are empty."""
    if not found.any() and not true.any():
        return 1.0
    precision, sensitivity = _share(found, true), _share(true, found)
    return 2 * precision * sensitivity / (precision + sensitivity) if precision + sensitivity else 0.0


def entropy_bits(shares: Float[ndarray, "classes ..."]) -> Float[ndarray, "..."]:
    """Entropy of the classes of each pixel: 0 where one is certain, 1 where two are as likely (Shannon 1948)."""
    return entr(shares).sum(axis=0) / np.log(2)


def _share(mask: Bool[ndarray, "..."], other: Bool[ndarray, "..."]) -> float:
    """Of the skeleton of a mask, how much lies in the other one."""
    from skimage.morphology import skeletonize

    line = skeletonize(mask) > 0
    return float(np.count_nonzero(line & other) / max(np.count_nonzero(line), 1))
