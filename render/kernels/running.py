"""Running sums along z, all materials of a voxel side by side; one thread owns one plane of x."""

import numpy as np
from numba import njit, prange
from numpy import float32


@njit(parallel=True, cache=True, error_model="numpy")
def accumulate(volume, out):
    """Into `out` (x, y, z + 2, m): from 0, the last twice, of `volume` (x, y, z, m)."""
    for x in prange(volume.shape[0]):
        for y in range(volume.shape[1]):
            climb(volume[x, y], out[x, y])


@njit(parallel=True, cache=True, error_model="numpy")
def accumulate_labels(labels, ids, out):
    """As `accumulate`, of a volume that is 1 where a label (x, y, z) is ids[m] and 0 elsewhere."""
    nz, materials = labels.shape[2], ids.shape[0]
    for x in prange(labels.shape[0]):
        line = np.empty((nz, materials), np.float32)
        for y in range(labels.shape[1]):
            for z in range(nz):
                for m in range(materials):
                    line[z, m] = float32(labels[x, y, z] == ids[m])
            climb(line, out[x, y])


@njit(inline="always")
def climb(line, out):
    """The sums of one column of voxels (z, m), from 0, the last twice."""
    out[0] = 0
    for z in range(line.shape[0]):
        for m in range(line.shape[1]):
            out[z + 1, m] = out[z, m] + line[z, m]
    out[line.shape[0] + 1] = out[line.shape[0]]


@njit(parallel=True, cache=True)
def slab(sums, first, out, filled):
    """Into `out` (x, y, z + 2, m) the sums from slice `first` on, the last twice. filled: (x, y) any is not 0."""
    for x in prange(out.shape[0]):
        for y in range(out.shape[1]):
            filled[x, y] = False
            for z in range(out.shape[2]):
                at = first + min(z, out.shape[2] - 2)
                for m in range(out.shape[3]):
                    out[x, y, z, m] = sums[x, y, at, m] - sums[x, y, first, m]
                    if out[x, y, z, m] != 0:
                        filled[x, y] = True
