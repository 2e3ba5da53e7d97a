"""Back-projection of a helix in parallel views; of two from opposite sides, the one whose middle is nearer counts more.

Stierstorfer et al. 2004, Phys Med Biol 49:2209. One thread owns one row of pixels.
"""

from math import ceil, floor

import numpy as np
from numba import njit, prange
from numpy import float32, int32, uint32, uint64


def spiral_reference(image, views, place, half, x_mm, y_mm, across, lead, reach, plateau, missing):
    """As `spiral`, in NumPy: of each angle of a half turn the weighted mean of all its views, then the sum of these."""
    cosine, sine, height = place
    first, step, fan, ahead = across
    count, elements, rows = views.shape
    z = np.arange(image.shape[2])
    for x, y in np.ndindex(image.shape[:2]):
        total = np.zeros(len(z))
        for group in range(half):
            sums, weights = np.zeros((2, len(z)))
            for view in range(group, count, half):
                at = (x_mm[x] * cosine[view] + y_mm[y] * sine[view] - first) / step
                if not 0 <= at < elements - 1:
                    break
                left, share = int(at), at % 1
                bearing, before, stretch = (
                    (1 - share) * table[left] + share * table[left + 1] for table in (fan, *ahead)
                )
                rise = reach * stretch / (before + x_mm[x] * sine[view] - y_mm[y] * cosine[view])
                row = (rows - 1) / 2 + (z - height[view] + lead * bearing) * rise
                seen = (1 - share) * views[view, left] + share * views[view, left + 1]
                from_end = np.clip((1 - np.abs(row - (rows - 1) / 2) / (rows / 2)) / (1 - plateau), 0, 1)
                weight = from_end**2 * (3 - 2 * from_end)
                sums += weight * np.interp(row, np.arange(rows), seen)
                weights += weight
            else:
                missing[x] += weights == 0
            total += np.divide(sums, weights, out=np.zeros(len(z)), where=weights > 0)
        image[x, y] = total


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract"})
def spiral(image, views, place, half, x_mm, y_mm, across, lead, reach, plateau, missing):
    """Put into `image` (x, y, z) the sum over a half turn of what `views` (views, elements, rows) show of each voxel.

    place: cosine and sine of each view's angle, and z of the focus of its middle ray, in voxels. half: views of a half
    turn. across: offset of the first element and from one to the next, mm; each element's angle in its fan; and
    (mm from the focus to the foot of the axis, by what the detector is farther away there than in the middle).
    lead: voxels that the focus climbs in a rad. reach: rows that a voxel is high, times mm from the focus.
    plateau: share of the rows that weigh 1; beyond, weights fall to 0 at the outermost border.
    missing: (x, z) counts the angles from which no view shows a pixel.
    """
    cosine, sine, height = place
    first, step, fan, ahead = across
    before, stretch = ahead
    count, elements, rows = views.shape
    depth = image.shape[2]
    middle, outermost = float32(rows - 1) / float32(2), float32(rows) / float32(2)
    slope = float32(1 / (1 - plateau))
    for x in prange(image.shape[0]):
        sheet = np.empty(rows + 1, np.float32)
        sums, weights = np.empty(depth, np.float32), np.empty(depth, np.float32)
        for y in range(image.shape[1]):
            pixel = image[x, y]
            pixel[:] = 0
            for group in range(half):
                sums[:] = 0
                weights[:] = 0
                beside = False
                for view in range(group, count, half):
                    at = (x_mm[x] * cosine[view] + y_mm[y] * sine[view] - first) / step
                    left = floor(at)
                    if left < 0 or left >= elements - 1:
                        beside = True
                        break
                    share = at - left
                    bearing = fan[left] + share * (fan[left + 1] - fan[left])
                    foot = before[left] + share * (before[left + 1] - before[left])
                    farther = stretch[left] + share * (stretch[left + 1] - stretch[left])
                    rise = reach * farther / (foot + x_mm[x] * sine[view] - y_mm[y] * cosine[view])
                    level = height[view] - lead * bearing
                    low = max(0, ceil(level - outermost / rise))
                    high = min(depth, floor(level + outermost / rise) + 1)
                    if low >= high:
                        continue
                    between(sheet, views[view, left], views[view, left + 1], float32(share))
                    start, rise32 = float32((low - level) * rise), float32(rise)
                    for z in range(low, high):
                        up = start + rise32 * float32(z - low)
                        from_end = (float32(1) - abs(up) / outermost) * slope
                        from_end = min(max(from_end, float32(0)), float32(1))
                        weight = from_end * from_end * (float32(3) - float32(2) * from_end)
                        row = min(max(up + middle, float32(0)), float32(rows - 1))
                        lower = int32(row)
                        entry = uint64(uint32(lower))
                        value = sheet[entry] + (row - float32(lower)) * (sheet[entry + uint64(1)] - sheet[entry])
                        sums[z] += weight * value
                        weights[z] += weight
                for z in range(depth):
                    if weights[z] > 0:
                        pixel[z] += sums[z] / weights[z]
                    elif not beside:
                        missing[x, z] += 1


@njit(inline="always")
def between(sheet, left, right, share):
    """The column between two detector columns, its last row twice."""
    for row in range(left.shape[0]):
        sheet[row] = left[row] + share * (right[row] - left[row])
    sheet[left.shape[0]] = sheet[left.shape[0] - 1]


@njit(parallel=True, cache=True, error_model="numpy")
def rebin(rays, shift, column, out):
    """Into `out` (views, elements, rows): rays (views, columns, rows) at view + shift and `column` of each element."""
    for view in prange(out.shape[0]):
        for n in range(out.shape[1]):
            at = view + shift[n]
            v, c = floor(at), floor(column[n])
            ahead, aside = float32(at - v), float32(column[n] - c)
            for row in range(out.shape[2]):
                here = rays[v, c, row] + aside * (rays[v, c + 1, row] - rays[v, c, row])
                after = rays[v + 1, c, row] + aside * (rays[v + 1, c + 1, row] - rays[v + 1, c, row])
                out[view, n, row] = here + ahead * (after - here)
