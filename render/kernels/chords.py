"""Vessels seen from the front: how much blood every pixel looks through, and where a vessel's wall mirrors light.

At a distance s from the axis of a vessel of radius r the way through it is 2 sqrt(r^2 - s^2), and its wall leans by
sin(a) = s / r. One thread owns some columns of pixels.
"""

from math import ceil, exp, floor, sqrt

from numba import njit, prange

KINDS = 3
"""Arteries, veins, capillaries: where two kinds cross, both are looked through; of one kind the thicker counts."""
STRIP = 16
POINTS = 4
"""Along each side of a pixel at which the way is found."""
THINNEST = 0.5
"""A radius below so many pixels is taken for this, with the blood that it has."""
REFLEX_WIDTH = 0.17
"""Standard deviation of the streak of light along a vessel, in radii (Brinchmann-Hansen 1986, Acta Ophthalmol 64: 417:
a third of the vessel's width) (memory)."""


@njit(parallel=True, cache=True, error_model="numpy")
def chords(start, end, start_radius, end_radius, kind, full, mirror, size, chord, saturation, reflex):
    """Into chord and saturation, (KINDS, columns, rows): mm of blood and the share of it with oxygen; into reflex.

    start, end: (n, 3) mm from the corner of the first pixel. kind: 0 to 2. full: saturation of each segment. mirror:
    share of light that its wall mirrors where it does not lean. size: mm of a pixel.
    """
    columns, rows = chord.shape[1], chord.shape[2]
    for strip in prange((columns + STRIP - 1) // STRIP):
        first, last = strip * STRIP, min((strip + 1) * STRIP, columns)
        for n in range(len(kind)):
            ax, ay = start[n, 0], start[n, 1]
            bx, by = end[n, 0] - ax, end[n, 1] - ay
            reach = max(start_radius[n], end_radius[n], THINNEST * size)
            left = max(first, floor((min(ax, ax + bx) - reach) / size))
            right = min(last - 1, ceil((max(ax, ax + bx) + reach) / size))
            bottom = max(0, floor((min(ay, ay + by) - reach) / size))
            top = min(rows - 1, ceil((max(ay, ay + by) + reach) / size))
            square = bx * bx + by * by
            inverse = 1 / square if square > 0 else 0.0
            k = kind[n]
            for i in range(left, right + 1):
                for j in range(bottom, top + 1):
                    way, streak = 0.0, 0.0
                    for p in range(POINTS):
                        for q in range(POINTS):
                            x = (i + (p + 0.5) / POINTS) * size - ax
                            y = (j + (q + 0.5) / POINTS) * size - ay
                            t = min(max((x * bx + y * by) * inverse, 0.0), 1.0)
                            own = start_radius[n] + t * (end_radius[n] - start_radius[n])
                            radius = max(own, THINNEST * size)
                            lean = ((x - t * bx) ** 2 + (y - t * by) ** 2) / (radius * radius)
                            if lean < 1:
                                way += 2 * own * own / radius * sqrt(1 - lean)
                                streak += exp(-lean / (2 * REFLEX_WIDTH * REFLEX_WIDTH))
                    way /= POINTS * POINTS
                    if way > chord[k, i, j]:
                        chord[k, i, j], saturation[k, i, j] = way, full[n]
                        reflex[i, j] = max(reflex[i, j], mirror[n] * streak / (POINTS * POINTS))
