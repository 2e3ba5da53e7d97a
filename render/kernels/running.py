"""Running sums along z, all materials of a voxel side by side; one thread owns one plane of x."""

from numba import njit, prange
from numpy import float32


@njit(parallel=True, cache=True, error_model="numpy")
def accumulate(volume, out):
    """Into `out` (x, y, z + 2, m): from 0, the last twice, of `volume` (x, y, z, m)."""
    nz, materials = volume.shape[2], volume.shape[3]
    for x in prange(volume.shape[0]):
        for y in range(volume.shape[1]):
            for m in range(materials):
                out[x, y, 0, m] = 0
            for z in range(nz):
                for m in range(materials):
                    out[x, y, z + 1, m] = out[x, y, z, m] + volume[x, y, z, m]
            for m in range(materials):
                out[x, y, nz + 1, m] = out[x, y, nz, m]


@njit(parallel=True, cache=True, error_model="numpy")
def accumulate_labels(labels, ids, out):
    """As `accumulate`, of a volume that is 1 where a label (x, y, z) is ids[m] and 0 elsewhere."""
    nz, materials = labels.shape[2], ids.shape[0]
    for x in prange(labels.shape[0]):
        for y in range(labels.shape[1]):
            for m in range(materials):
                out[x, y, 0, m] = 0
            for z in range(nz):
                for m in range(materials):
                    out[x, y, z + 1, m] = out[x, y, z, m] + float32(labels[x, y, z] == ids[m])
            for m in range(materials):
                out[x, y, nz + 1, m] = out[x, y, nz, m]


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
