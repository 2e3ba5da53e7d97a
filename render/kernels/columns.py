"""The echoes of an eye's wall and how much they change: `render.oct.light` and `render.oct.flow` in one go down."""

from math import exp, pi

from numba import njit, prange
from numpy import float32


@njit(parallel=True, cache=True, error_model="numpy")
def columns(number, echo, per_mm, blood, share, radius_mm, flow_mm3_s, edge_mm, visit_mm_s, tail_per_mm, power, change):
    """power, change: (x, y, z) float32. number: row of each voxel in echo and per_mm; blood: (2,) both of blood.

    share: of a voxel that is blood, in 1/255. visit_mm_s: radius of the beam over the time between visits. One thread
    owns one x.
    """
    for x in prange(number.shape[0]):
        for y in range(number.shape[1]):
            passed, moved_mm = 0.0, 0.0
            for z in range(number.shape[2]):
                row = number[x, y, z]
                some = share[x, y, z] / 255.0
                here = per_mm[row] + some * (blood[1] - per_mm[row])
                light = exp(-2 * edge_mm * (passed + here / 2))
                passed += here
                tissue = echo[row] * (1 - some) * light
                steady = exp(-tail_per_mm * moved_mm)
                power[x, y, z] = float32(tissue)
                change[x, y, z] = float32(2 * tissue * (1 - steady))
                if some > 0:
                    speed = abs(flow_mm3_s[x, y, z]) / (pi * radius_mm[x, y, z] ** 2)
                    kept = exp(-((speed / visit_mm_s) ** 2))
                    bled = blood[0] * some * light
                    power[x, y, z] += float32(bled)
                    change[x, y, z] += float32(2 * bled * (1 - kept * steady))
                    moved_mm += edge_mm * some * (1 - kept)
