"""What every voxel is made of, from its one or two tissues, its density and the contrast agent in it."""

import numpy as np
from numba import njit, prange
from numpy import float32


def mix_reference(tissue, second, share, density, contrast, grams, whole, iodine):
    """As `mix`, in NumPy; every array has all voxels."""
    part = (share / np.float32(whole))[..., None]
    out = (grams[tissue] + part * (grams[second] - grams[tissue])) * density[..., None]
    out[..., iodine] += contrast / np.float32(1000)
    return out


@njit(parallel=True, cache=True, error_model="numpy")
def mix(tissue, second, share, density, contrast, grams, whole, iodine, out):
    """Into `out` (x, y, z, m): g/cm3 of each material.

    tissue, second: (x, y, z) rows of `grams` (256, m). share: (x, y, z) of the second, of `whole`. density: (x, y, z)
    relative to the tissue's own. contrast: (x, y, z) mg/ml that the material in lane `iodine` has besides. An array
    without voxels stands for none of it.
    """
    nx, ny, nz, materials = out.shape
    shared, dense, contrasted = share.size > 0, density.size > 0, contrast.size > 0
    for x in prange(nx):
        for y in range(ny):
            for z in range(nz):
                one = tissue[x, y, z]
                part = float32(share[x, y, z]) / float32(whole) if shared else float32(0)
                scale = density[x, y, z] if dense else float32(1)
                for m in range(materials):
                    amount = grams[one, m]
                    if part > 0:
                        amount += part * (grams[second[x, y, z], m] - amount)
                    out[x, y, z, m] = amount * scale
                if contrasted:
                    out[x, y, z, iodine] += contrast[x, y, z] / float32(1000)
