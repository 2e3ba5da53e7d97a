"""The layers of a wall below the pixels of a picture, and which of their voxels a slab holds.

One thread owns one x.
"""

import numpy as np
from numba import njit, prange


@njit(parallel=True, cache=True)
def deepest(labels, wanted):
    """(x,) the last z along each plane of labels (x, y, z) whose label is wanted, -1 where none is."""
    found = np.full(labels.shape[0], -1)
    for x in prange(labels.shape[0]):
        last = -1
        for y in range(labels.shape[1]):
            for z in range(labels.shape[2] - 1, last, -1):
                if wanted[labels[x, y, z]]:
                    last = z
                    break
        found[x] = last
    return found


@njit(parallel=True, cache=True)
def nearest(labels, x, y, z, wanted, here, slab):
    """here: labels at those places along each axis; slab: where they are wanted."""
    for a in prange(len(x)):
        for b in range(len(y)):
            for c in range(len(z)):
                label = labels[x[a], y[b], z[c]]
                here[a, b, c] = label
                slab[a, b, c] = wanted[label]
