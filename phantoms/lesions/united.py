"""Fillings together: a voxel is filled as far as the fullest of them fills it, and what is left is one piece."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import label

from phantoms.filling import Filling

CORNERS = np.ones((3, 3, 3))
ROUNDS = 4
"""The half is of the fullest voxel, which may go with a part."""


def united(fillings: Sequence[Filling]) -> Filling:
    """One filling of all of them, on the block around theirs."""
    some = [(block, filled) for block, filled in fillings if filled.size]
    first = np.min([[side.start for side in block] for block, _ in some], axis=0).tolist()
    last = np.max([[side.stop for side in block] for block, _ in some], axis=0).tolist()
    total = np.zeros([b - a for a, b in zip(first, last, strict=True)], np.float32)
    for block, filled in some:
        here = tuple(slice(side.start - a, side.stop - a) for side, a in zip(block, first, strict=True))
        np.maximum(total[here], filled, out=total[here])
    x, y, z = (slice(a, b) for a, b in zip(first, last, strict=True))
    return (x, y, z), total


def whole(filling: Filling) -> Filling:
    """A filling whose label is one piece: without what is more than half filled apart from the largest part of that."""
    block, filled = filling
    for _ in range(ROUNDS):
        numbers = np.zeros(filled.shape, np.int32)
        label(filled > 0.5 * filled.max(initial=np.float32(0)), CORNERS, output=numbers)
        many = np.bincount(numbers.ravel())
        if len(many) <= 2:
            break
        many[0] = 0
        filled = np.where((numbers > 0) & (numbers != many.argmax()), np.float32(0), filled)
    return block, filled
