"""Scatter on a detector: what lamps in the patient shed on it, and how fine elements and coarse cells go together."""

from math import exp, pi, sqrt

import numpy as np
from numba import njit, prange
from numpy import float32

SLICES = 8
"""Of the patient, in which a ray is followed on its way out."""

GRAZING = 0.05
"""Cosine from which on a ray goes aside and is left out."""


@njit(parallel=True, cache=True)
def fall(across_mm, up_mm, weight, height_mm, steep, passed, slope_per_mm, steepest, out):
    """Light per mm2 of lamps (t, e, lamp), through grids, at places across and up. out: (t, c, r).

    passed: (2, t, e, lamp, s) share that passes across and up, at slopes of 0 to `steepest`, close together near 0.
    slope_per_mm: (t, e, lamp) of light to the lamellae, by the place.
    """
    thicknesses, energies, lamps = weight.shape
    last = passed.shape[4] - 1
    for job in prange(thicknesses * across_mm.shape[0]):
        t, c = job // across_mm.shape[0], job % across_mm.shape[0]
        for r in range(up_mm.shape[0]):
            total = 0.0
            for e in range(energies):
                for lamp in range(lamps):
                    if weight[t, e, lamp] == 0:
                        continue
                    h, q, slope = height_mm[t, e, lamp], steep[t, e, lamp], slope_per_mm[t, e, lamp] / steepest
                    x, y = across_mm[c] / h, up_mm[r] / h
                    light = weight[t, e, lamp] * q / (pi * h * h) * (1 + x * x + y * y) ** (-q - 1)
                    low, high, share = between(sqrt(slope * across_mm[c]) * last, last + 1)
                    light *= passed[0, t, e, lamp, low] * (1 - share) + passed[0, t, e, lamp, high] * share
                    low, high, share = between(sqrt(slope * up_mm[r]) * last, last + 1)
                    light *= passed[1, t, e, lamp, low] * (1 - share) + passed[1, t, e, lamp, high] * share
                    total += light
            out[t, c, r] = float32(total)


@njit
def between(place, cells):
    """The cell at or before a place, the next one, and how far it is to that."""
    place = min(max(place, 0.0), cells - 1.0)
    low = min(int(place), max(cells - 2, 0))
    return low, min(low + 1, cells - 1), place - low


@njit
def at(table, across, up):
    """Bilinear between the cells of a table (c, r)."""
    c, c_next, x = between(across, table.shape[0])
    r, r_next, y = between(up, table.shape[1])
    low = table[c, r] * (1 - y) + table[c, r_next] * y
    high = table[c_next, r] * (1 - y) + table[c_next, r_next] * y
    return low * (1 - x) + high * x


@njit
def reach(x, y, thickness, ellipse, focus_mm):
    """Of the ray that crosses the patient's middle plane at (x, y), through so much water.

    How far the middle of its way through him lies ahead of that plane, how far he reaches ahead of it and behind, mm,
    and mm of water in a mm. ellipse: half as wide and half as deep as he is across, and where his middle lies;
    focus_mm: from the plane to the focus. The middles of parallel chords of an ellipse lie on a line through its own.
    """
    wide, deep, middle = ellipse
    slope = x / focus_mm
    aside = (x - middle) / (wide * sqrt(1 + slope * slope))
    along = max(deep * sqrt(max(1 - aside * aside, 0.0)), thickness / 2)
    ahead = -slope * (x - middle) / (1 + slope * slope) * (deep / wide) ** 2
    half = along / sqrt(1 + slope * slope + (y / focus_mm) ** 2)
    return min(max(ahead, -deep), deep), half, thickness / 2 / max(along, 1e-6)


@njit
def inside(thickness, ellipse, top, from_x, from_y, to_x, to_y, far_mm, height, focus_mm, first, step):
    """Water on the way of a ray, mm, to a place on the detector, `far_mm` away in front of it.

    It begins `height` ahead of the patient's middle plane, and he ends at `top`. thickness: of water, of each ray from
    the focus. ellipse: of the patient, as `reach` takes it.
    """
    if height >= top:
        return 0.0
    slice_mm = (top - height) / SLICES
    away = focus_mm - far_mm - height
    way = 0.0
    for n in range(SLICES):
        up = (n + 0.5) * slice_mm
        part, onto = up / far_mm, away / (away + height + up)
        x, y = (from_x + (to_x - from_x) * part) * onto, (from_y + (to_y - from_y) * part) * onto
        wide = focus_mm / away
        water = at(thickness, (x * wide - first[0]) / step[0], (y * wide - first[1]) / step[1])
        ahead, half, density = reach(x, y, water, ellipse, away)
        way += slice_mm * density * min(max((half - abs(height + up - ahead)) / slice_mm + 0.5, 0.0), 1.0)
    return way * sqrt(1 + ((to_x - from_x) ** 2 + (to_y - from_y) ** 2) / (far_mm * far_mm))


@njit
def shed(x, y, to_x, to_y, far_mm, focus_mm):
    """Of the pencil beam that meets the detector at (x, y) and shines at (to_x, to_y) from `far_mm` before it.

    Cosine of the angle between; how much farther to look in tables for beams that meet the detector straight; and how
    much more or less light falls on a mm2 there.
    """
    nearer = 1 - far_mm / focus_mm
    across, up = to_x - nearer * x, to_y - nearer * y
    way = sqrt(across * across + up * up + far_mm * far_mm)
    cosine = (across * x + up * y + far_mm * focus_mm) / (way * sqrt(x * x + y * y + focus_mm * focus_mm))
    if cosine < GRAZING:
        return cosine, 0.0, 0.0
    aside = sqrt((to_x - x) ** 2 + (to_y - y) ** 2)
    farther = far_mm * sqrt(1 - min(cosine * cosine, 1.0)) / cosine / aside if aside > 0 else 1.0
    return cosine, farther, (far_mm / (way * cosine)) ** 3


@njit(parallel=True, cache=True)
def veil(signal, thickness, node, ellipse, first, step, far_mm, focus_mm, tables, table_mm, absorption, out):
    """Scattered signal per mm2 in the middle of each cell (v, c, r).

    signal, thickness: straight signal of each cell, and mm of water in its way; node: that thickness as a place between
    the tables. ellipse: (v, 3) of the patient, as `reach` takes it; his middle is far_mm before the detector. first,
    step: place of the first cell from the foot of the focus, and size of a cell, mm. tables: (t, c, r) what a cell
    spreads that shines from far_mm away, every table_mm. absorption: (t,) of scatter on a longer way out than in a
    slab, 1/mm.
    """
    views, columns, rows = signal.shape
    nearer = 1 - far_mm / focus_mm
    for job in prange(views * columns):
        v, c = job // columns, job % columns
        shape = (ellipse[v, 0], ellipse[v, 1], ellipse[v, 2])
        top = max(shape[1], thickness[v].max() / 2)
        to_x = first[0] + c * step[0]
        for r in range(rows):
            to_y = first[1] + r * step[1]
            total = 0.0
            for i in range(columns):
                x = first[0] + i * step[0]
                for j in range(rows):
                    y = first[1] + j * step[1]
                    water = thickness[v, i, j]
                    if water <= 0:
                        continue
                    height = reach(nearer * x, nearer * y, water, shape, focus_mm - far_mm)[0]
                    away = far_mm - height
                    cosine, farther, light = shed(x, y, to_x, to_y, away, focus_mm)
                    if light == 0:
                        continue
                    scale = far_mm / away
                    low, high, share = between(node[v, i, j], tables.shape[0])
                    across = abs(to_x - x) * farther * scale / table_mm[0]
                    up = abs(to_y - y) * farther * scale / table_mm[1]
                    light *= at(tables[low], across, up) * (1 - share) + at(tables[high], across, up) * share
                    near = 1 - away / focus_mm
                    way = inside(
                        thickness[v], shape, top, near * x, near * y, to_x, to_y, away, height, focus_mm, first, step
                    )
                    more = way * cosine - water / 2
                    light *= exp(-more * (absorption[low] * (1 - share) + absorption[high] * share))
                    total += signal[v, i, j] * light * scale * scale
            out[v, c, r] = float32(total)


@njit(parallel=True, cache=True)
def gathered(elements, block, out):
    """Sum of the elements (v, columns, rows) of each cell, block[0] x block[1] of them or what is left at the end."""
    _, columns, rows = elements.shape
    for job in prange(out.shape[0] * out.shape[1]):
        v, c = job // out.shape[1], job % out.shape[1]
        for r in range(out.shape[2]):
            total = 0.0
            for i in range(c * block[0], min((c + 1) * block[0], columns)):
                for j in range(r * block[1], min((r + 1) * block[1], rows)):
                    total += elements[v, i, j]
            out[v, c, r] = total


@njit
def cubic(a, b, c, d, x):
    """From b to c as x goes from 0 to 1, without kinks where pieces meet. Keys 1981, IEEE Trans ASSP 29:1153."""
    return b + x * (c - a + x * (2 * a - 5 * b + 4 * c - d + x * (3 * (b - c) + d - a))) / 2


@njit
def smooth(row, place):
    """Cubic between the numbers of a row."""
    last = row.shape[0] - 1
    at = min(max(place, 0.0), last * 1.0)
    b = min(int(at), max(last - 1, 0))
    c = min(b + 1, last)
    return cubic(row[max(b - 1, 0)], row[b], row[c], row[min(c + 1, last)], at - b)


@njit(parallel=True, cache=True)
def added(elements, passing, cells, block, area, out):
    """Elements (v, columns, rows) times `passing`, plus `area` times what lies between the middles of cells."""
    views, columns, rows = elements.shape
    for job in prange(views * columns):
        v, i = job // columns, job % columns
        column = np.empty(cells.shape[2])
        for r in range(cells.shape[2]):
            column[r] = smooth(cells[v, :, r], (i + 0.5) / block[0] - 0.5)
        for j in range(rows):
            there = max(smooth(column, (j + 0.5) / block[1] - 0.5), 0.0)
            out[v, i, j] = float32(elements[v, i, j] * passing + area * there)
