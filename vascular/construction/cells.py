"""Linked cells: which segments touch each cell of space, so that what lies near a place is found at once."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import ndarray

from vascular.straight import point_to_segment2

MOST_CELLS = 1 << 24
CELL = 1.1
"""Edge of a linked cell in mean distances between segments."""
HALF_DIAGONAL = 0.8661
ENTRIES, MORE_ENTRIES = 32, 4096
"""Room for so many entries for each node at first, and some."""
NEAREST = 8
"""Segments that a new terminal may join: 20 instead of 8 save 0.2 % of the volume."""


class Cells(NamedTuple):
    """Cells of `edge` mm from a corner on, counts (3,). head: the first entry of each cell's list, -1 for none.

    item, link: of each entry what it lists, and the entry after it. used: (1,) entries.
    Items are segments by the node that ends them, and vessels of others as -2 and below.
    """

    corner: ndarray
    edge: float
    counts: ndarray
    head: ndarray
    item: ndarray
    link: ndarray
    used: ndarray


@njit(cache=True)
def edge_mm(volume_mm3, segments):
    """How large cells are that befit so many segments in a volume."""
    return CELL * (volume_mm3 / (1.7 * segments)) ** (1 / 3)


@njit(cache=True)
def filled(space, edge, nodes, rows, others, entries):
    """Cells of `edge` mm, or more if that were too many, with the segments of these rows and all others."""
    counts = np.empty(3, np.int64)
    while True:
        for n in range(3):
            counts[n] = int((space.high[n] - space.low[n]) / edge) + 1
        if counts[0] * counts[1] * counts[2] <= MOST_CELLS:
            break
        edge *= 1.1
    while True:
        head = np.full(counts[0] * counts[1] * counts[2], -1, np.int32)
        item, link = np.empty(entries, np.int32), np.empty(entries, np.int32)
        cells = Cells(space.low, edge, counts, head, item, link, np.zeros(1, np.int64))
        if _all_enter(cells, nodes, rows, others):
            return _side_by_side(cells)
        entries *= 2


@njit(cache=True)
def _all_enter(cells, nodes, rows, others):
    (node, point), (other_a, other_b, other_radius) = nodes, others
    room = True
    for i in rows:
        if node[i].parent >= 0 and room:
            room = enter(cells, i, point[node[i].parent], point[i], node[i].radius)
    for i in range(len(other_a)):
        if room:
            room = enter(cells, -2 - i, other_a[i], other_b[i], other_radius[i])
    return room


@njit(cache=True)
def _side_by_side(cells):
    """The same lists, each from front to back in memory: what is read together lies together."""
    head = cells.head
    item, link = np.empty(len(cells.item), np.int32), np.empty(len(cells.link), np.int32)
    done = 0
    for cell in range(len(head)):
        entry = head[cell]
        if entry >= 0:
            head[cell] = done
            while entry >= 0:
                item[done], link[done] = cells.item[entry], done + 1
                entry = cells.link[entry]
                done += 1
            link[done - 1] = -1
    return Cells(cells.corner, cells.edge, cells.counts, head, item, link, cells.used)


@njit(cache=True)
def enter(cells, name, a, b, radius):
    """Lists capsule `name` in every cell that it touches, if there is room for so many entries. Returns if so."""
    counts, item, used = cells.counts, cells.item, cells.used[0]
    reach = radius + HALF_DIAGONAL * cells.edge
    i0, i1, j0, j1, k0, k1 = cells_around(cells, a, b, radius)
    single = i0 == i1 and j0 == j1 and k0 == k1
    middle = np.empty(3)
    for i in range(i0, i1 + 1):
        middle[0] = cells.corner[0] + (i + 0.5) * cells.edge
        for j in range(j0, j1 + 1):
            middle[1] = cells.corner[1] + (j + 0.5) * cells.edge
            for k in range(k0, k1 + 1):
                middle[2] = cells.corner[2] + (k + 0.5) * cells.edge
                if single or point_to_segment2(middle, a, b) <= reach * reach:
                    if used == len(item):
                        return False
                    at = (i * counts[1] + j) * counts[2] + k
                    item[used], cells.link[used] = name, cells.head[at]
                    cells.head[at] = used
                    used += 1
    cells.used[0] = used
    return True


@njit(cache=True)
def _cell_range(cells, low, high, n):
    return (
        min(max(int((low - cells.corner[n]) / cells.edge), 0), cells.counts[n] - 1),
        min(max(int((high - cells.corner[n]) / cells.edge), 0), cells.counts[n] - 1),
    )


@njit(cache=True)
def cells_around(cells, a, b, radius):
    """The first and last cell along x, y and z of a capsule from a to b."""
    i0, i1 = _cell_range(cells, min(a[0], b[0]) - radius, max(a[0], b[0]) + radius, 0)
    j0, j1 = _cell_range(cells, min(a[1], b[1]) - radius, max(a[1], b[1]) + radius, 1)
    k0, k1 = _cell_range(cells, min(a[2], b[2]) - radius, max(a[2], b[2]) + radius, 2)
    return i0, i1, j0, j1, k0, k1


@njit(cache=True)
def neighbours(cells, nodes, segments, p, away, seen, query, found, found2):
    """Up to NEAREST of all segments about a point, nearest first; -1 if one is nearer than `away`.

    Rings of cells outwards. found, found2: (NEAREST,) they and their squared distances. seen: the last query of each.
    """
    (node, point) = nodes
    counts, count = cells.counts, 0
    ci, _ = _cell_range(cells, p[0], p[0], 0)
    cj, _ = _cell_range(cells, p[1], p[1], 1)
    ck, _ = _cell_range(cells, p[2], p[2], 2)
    ring, enough = 0, min(NEAREST, segments)
    while ring <= max(counts[0], counts[1], counts[2]):
        for i in range(max(ci - ring, 0), min(ci + ring, counts[0] - 1) + 1):
            for j in range(max(cj - ring, 0), min(cj + ring, counts[1] - 1) + 1):
                shell = abs(i - ci) == ring or abs(j - cj) == ring
                step = 1 if shell or ring == 0 else 2 * ring
                k = ck - ring
                while k <= ck + ring:
                    if 0 <= k < counts[2]:
                        entry = cells.head[(i * counts[1] + j) * counts[2] + k]
                        while entry >= 0:
                            s = cells.item[entry]
                            entry = cells.link[entry]
                            if s < 0 or seen[s] == query:
                                continue
                            seen[s] = query
                            d2 = point_to_segment2(p, point[node[s].parent], point[s])
                            if d2 < away * away:
                                return -1
                            count = _ranked(found, found2, count, s, d2)
                    k += step
        if count == enough and ring >= 1 and ring * cells.edge >= away:
            break
        ring += 1
    return count


@njit(cache=True)
def _ranked(found, found2, count, s, d2):
    """Puts s among the `count` nearest, if it is one of them. Returns how many there are then."""
    if count == NEAREST and d2 >= found2[count - 1]:
        return count
    at = count if count < NEAREST else NEAREST - 1
    while at > 0 and found2[at - 1] > d2:
        found[at], found2[at] = found[at - 1], found2[at - 1]
        at -= 1
    found[at], found2[at] = s, d2
    return min(count + 1, NEAREST)
