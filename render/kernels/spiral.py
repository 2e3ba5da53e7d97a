"""Back-projection of a helix in parallel views; of two from opposite sides, the one whose middle is nearer counts more.

Stierstorfer et al. 2004, Phys Med Biol 49:2209. One thread owns one row of pixels.
"""

from math import ceil, floor

import numpy as np
from numba import njit, prange
from numpy import float32, uint64

from render.kernels.lanes import TOGETHER, look_along

AT_ONCE = 32
"""Pixels of a row that go through the views together: neighbours see the same columns of the detector."""

LEAST = float32(1e-30)
"""A weight that stands for none, where it divides."""


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


@njit(parallel=True, cache=True, error_model="numpy", fastmath={"contract", "nsz", "nnan"})
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
    last, middle, outermost = float32(rows - 1), float32(rows - 1) / float32(2), float32(rows) / float32(2)
    slope = float32(1 / (1 - plateau))
    steps = np.arange(depth).astype(np.float32)
    for x in prange(image.shape[0]):
        sheet, seen = np.empty(rows + 1, np.float32), np.empty(depth + TOGETHER, np.float32)
        sums, weights = np.zeros((AT_ONCE, depth), np.float32), np.zeros((AT_ONCE, depth), np.float32)
        beside = np.empty(AT_ONCE, np.bool_)
        image[x] = 0
        for block in range(0, image.shape[1], AT_ONCE):
            pixels = min(AT_ONCE, image.shape[1] - block)
            for group in range(half):
                beside[:] = False
                for view in range(group, count, half):
                    for n in range(pixels):
                        y = y_mm[block + n]
                        at = (x_mm[x] * cosine[view] + y * sine[view] - first) / step
                        left = floor(at)
                        if left < 0 or left >= elements - 1:
                            beside[n] = True
                            continue
                        share = at - left
                        bearing = fan[left] + share * (fan[left + 1] - fan[left])
                        foot = before[left] + share * (before[left + 1] - before[left])
                        farther = stretch[left] + share * (stretch[left + 1] - stretch[left])
                        rise = reach * farther / (foot + x_mm[x] * sine[view] - y * cosine[view])
                        level = height[view] - lead * bearing
                        low = max(0, ceil(level - outermost / rise))
                        high = min(depth, floor(level + outermost / rise) + 1)
                        if low >= high:
                            continue
                        between(sheet, views[view, left], views[view, left + 1], float32(share))
                        up, climb = float32((low - level) * rise), float32(rise)
                        for z in range(low, high, TOGETHER):
                            start = up + middle + climb * float32(z - low)
                            look_along(seen, uint64(z), sheet, start, climb, last)
                        taper = slope / outermost
                        weigh(
                            sums[n, low:high],
                            weights[n, low:high],
                            seen[low:high],
                            steps[: high - low],
                            up * taper,
                            climb * taper,
                            slope,
                        )
                for n in range(pixels):
                    if not beside[n]:
                        note(missing[x], weights[n])
                    settle(image[x, block + n], sums[n], weights[n])


@njit(inline="always")
def weigh(sums, weights, seen, steps, first, climb, top):
    """Add what is seen; it weighs 1 in the middle of the detector and falls smoothly to 0 at its ends."""
    for z in range(sums.shape[0]):
        from_end = min(max(top - abs(first + climb * steps[z]), float32(0)), float32(1))
        weight = from_end * from_end * (float32(3) - float32(2) * from_end)
        sums[z] += weight * seen[z]
        weights[z] += weight


@njit(inline="always")
def settle(pixel, sums, weights):
    """Add the weighted means to the pixel, and begin again."""
    for z in range(pixel.shape[0]):
        pixel[z] += sums[z] / max(weights[z], LEAST)
        sums[z] = 0
        weights[z] = 0


@njit(inline="always")
def note(missing, weights):
    """Count the slices that nothing was seen of."""
    least = LEAST
    for z in range(weights.shape[0]):
        least = min(least, weights[z])
    if least <= 0:
        for z in range(weights.shape[0]):
            missing[z] += weights[z] <= 0


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
