"""The growth of a tree in numbers: linked cells, reduced resistance, one new terminal after another.

All of it is in one file since numba's cache only sees changes in the file of the function that is called (how straight
segments lie in space hardly ever changes: `vascular.straight`). Lengths are mm in the patient; a map (3, 4) takes mm to
voxel indices. One thread grows one tree: the order is the algorithm.

A node i ends the straight segment from its parent. With q its flow, l its length, b = r_child / r_node:
    R_i = l_i + 1 / sum(b_c^4 / R_c)    reduced resistance, mm: resistance times pi r_i^4 / (8 viscosity)
    W_i = l_i + sum(b_c^2 W_c)          reduced volume, mm: volume / (pi r_i^2)
Ends have equal pressure if r_1 / r_2 = (q_1 R_1 / (q_2 R_2))^(1/4), and r^g = r_1^g + r_2^g gives both b. The volume of
a tree with the pressure drop D is pi sqrt(8 viscosity / (pi D)) sqrt(q R) W at its root: a new terminal changes only
the way from it to the root, so the objective is exact at the price of one walk. Karch et al. 1999, Comput Biol Med
29:19; Schreiner and Buxbaum 1993, IEEE Trans Biomed Eng 40:482.
"""

import numpy as np
from numba import njit

from simdata.philox import philox
from vascular.straight import distance, point_to_segment2, segments_apart2, sprout_apart2, walk

NEAREST = 8
"""Segments that a new terminal may join: 20 instead of 8 save 0.2 % of the volume."""
WEISZFELD_STEPS = 12
AWAY = 0.7
"""A new terminal keeps this share of the mean distance between terminals from every segment, at first."""
TOSSES, EASE, HARDEN = 16, 0.9, 1.04
STUCK = 400
"""After so many tosses without one that fits, places are drawn nearer to the tree."""
GIVE_UP = 4000
"""So many tosses without one that fits end the growth."""
SPROUTS = 2.0
PLACES = 3
DEEPEST = 1 << 16
AHEAD = 320
"""So many places are tried for the first segment of a root before it may lead anywhere."""
REFRESH = 0.03
"""Radii are computed anew whenever the tree has grown by this share."""
LONGER, DENSER = 1.4, 3.0
"""With so many times more nodes they are laid in memory from the root on, and cells are made smaller."""
MOST_CELLS = 1 << 24
CELL = 1.1
"""Edge of a linked cell in mean distances between segments."""
TINY = 1e-12
KASSAB = 7 / 3
"""Flow grows with this power of the radius (Kassab 2006, PMC2716468): from it the radius class of a flow."""


# --- space ----------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _mapped(matrix, p, out):
    for row in range(3):
        out[row] = matrix[row, 0] * p[0] + matrix[row, 1] * p[1] + matrix[row, 2] * p[2] + matrix[row, 3]


@njit(cache=True)
def _room_at(space, p):
    at = np.empty(3)
    _mapped(space[1], p, at)
    i, j, k = int(np.floor(at[0] + 0.5)), int(np.floor(at[1] + 0.5)), int(np.floor(at[2] + 0.5))
    nx, ny, nz = space[0].shape
    if min(i, j, k) < 0 or i >= nx or j >= ny or k >= nz:
        return 0.0
    return float(space[0][i, j, k])


@njit(cache=True)
def _fits(space, a, b, radius):
    """The segment stays inside, and its wall no nearer to the border than the radius or the place where it starts."""
    start, end = np.empty(3), np.empty(3)
    _mapped(space[1], a, start)
    _mapped(space[1], b, end)
    return walk(space[0], min(radius, _room_at(space, a)), start, end)


# --- hydraulics -----------------------------------------------------------------------------------------------------


@njit(cache=True)
def _exponent(flow, law):
    """Murray's exponent for a node of that flow; law = (flows at the edges of the classes, exponents)."""
    edges, exponents = law
    n = 0
    while n < len(edges) and flow >= edges[n]:
        n += 1
    return exponents[n]


@njit(cache=True)
def _split(q0, r0, q1, r1, flow, law):
    """Radii of two daughters over that of their mother, for equal pressure at all ends."""
    ratio = np.sqrt(np.sqrt(q1 * r1 / (q0 * r0)))
    g = _exponent(flow, law)
    power = ratio * ratio * ratio if g == 3 else ratio**g
    b0 = 1 / np.cbrt(1 + power) if g == 3 else (1 + power) ** (-1 / g)
    return b0, ratio * b0


@njit(cache=True)
def _joined(b0, r0, w0, b1, r1, w1):
    """Reduced resistance and volume of what two daughters carry, without the mother's own length."""
    s0, s1 = b0 * b0, b1 * b1
    return 1 / (s0 * s0 / r0 + s1 * s1 / r1), s0 * w0 + s1 * w1


@njit(cache=True)
def _below(tree, i, law):
    """Reduced resistance and volume of all that node i carries, and the radii of its daughters over its own.

    What carries no flow yet does not count.
    """
    (_, _, first, second, flow, _, resistance, volume, _, _) = tree
    c0, c1 = first[i], second[i]
    if c0 < 0:
        return 0.0, 0.0, 1.0, 1.0
    if c1 < 0 or flow[c1] <= 0:
        return resistance[c0], volume[c0], 1.0, 1.0
    if flow[c0] <= 0:
        return resistance[c1], volume[c1], 1.0, 1.0
    b0, b1 = _split(flow[c0], resistance[c0], flow[c1], resistance[c1], flow[i], law)
    under_r, under_w = _joined(b0, resistance[c0], volume[c0], b1, resistance[c1], volume[c1])
    return under_r, under_w, b0, b1


@njit(cache=True)
def _from_the_root(tree, n):
    """Nodes, every one after its parent."""
    (_, parent, first, second, _, _, _, _, _, _) = tree
    order, stack = np.empty(n, np.int32), np.empty(n + 1, np.int32)
    done = top = 0
    for i in range(n - 1, -1, -1):
        if parent[i] < 0:
            stack[top] = i
            top += 1
    while top:
        top -= 1
        i = stack[top]
        order[done] = i
        done += 1
        for c in (second[i], first[i]):
            if c >= 0:
                stack[top] = c
                top += 1
    return order


@njit(cache=True)
def _moved(tree, n, rows):
    """Lays node rows[i] in row i; what leads to a node then leads to where it is. Returns the new row of each."""
    (point, parent, first, second, flow, length, resistance, volume, radius, fixed) = tree
    now = np.empty(n + 1, np.int32)
    now[rows] = np.arange(n)
    now[n] = -1
    for of in (parent, first, second):
        of[:n] = now[of[:n]][rows]
    for of in (flow, length, resistance, volume, radius):
        of[:n] = of[:n][rows]
    point[:n], fixed[:n] = point[:n][rows], fixed[:n][rows]
    return now


@njit(cache=True)
def settle(tree, n, law):
    """Daughters, lengths, flows, R and W of nodes 0 to n from their points, parents and the flows of the ends."""
    (point, parent, first, second, flow, length, resistance, volume, _, _) = tree
    first[:n] = -1
    second[:n] = -1
    for i in range(n):
        p = parent[i]
        length[i] = 0.0
        if p >= 0:
            length[i] = np.sqrt(
                (point[i, 0] - point[p, 0]) ** 2 + (point[i, 1] - point[p, 1]) ** 2 + (point[i, 2] - point[p, 2]) ** 2
            )
            if first[p] < 0:
                first[p] = i
            else:
                second[p] = i
    order = _from_the_root(tree, n)
    for m in range(n - 1, -1, -1):
        i = order[m]
        if first[i] >= 0:
            flow[i] = flow[first[i]] + (flow[second[i]] if second[i] >= 0 else 0.0)
        under_r, under_w, _, _ = _below(tree, i, law)
        resistance[i] = length[i] + under_r
        volume[i] = length[i] + under_w


@njit(cache=True)
def refresh(tree, n, law, calibre):
    """Radii from the roots to the ends; calibre = (sum of r^(7/3) over the roots, mm^(7/3), the flow that it is for).

    A flow of 0 stands for any flow: the roots keep their calibre while the tree grows. Otherwise they narrow with what
    was taken out, so that the rest stays as it is.
    """
    (_, parent, first, second, flow, _, resistance, _, radius, _) = tree
    (width, for_flow) = calibre
    total = carried = 0.0
    for i in range(n):
        if parent[i] < 0 and first[i] >= 0:
            total += (flow[i] * resistance[i]) ** (KASSAB / 4)
            carried += flow[i]
    share = carried / for_flow if for_flow > 0 else 1.0
    scale = (share * width / max(total, TINY)) ** (1 / KASSAB)
    for i in _from_the_root(tree, n):
        if parent[i] < 0:
            radius[i] = scale * np.sqrt(np.sqrt(flow[i] * resistance[i])) if first[i] >= 0 else TINY
        _, _, b0, b1 = _below(tree, i, law)
        if first[i] >= 0:
            radius[first[i]] = b0 * radius[i]
        if second[i] >= 0:
            radius[second[i]] = b1 * radius[i]


@njit(cache=True)
def prices(tree, joined, new_flow, ways, law, gains, shares):
    """How much sqrt(q R) W at the root grows if a terminal joins each segment; b of the old and the new branch.

    joined: (k,) segments. ways: (k, 3) mm from the parent to the fork, from there to the segment's end, and to the new
    terminal. Fills gains (k,) and shares (k, 2). All walk to the root side by side: each step waits for the one before
    on its own way, not for those on the others.
    """
    (_, parent, first, second, flow, length, resistance, volume, _, _) = tree
    k = len(joined)
    r, w, q = np.empty(k), np.empty(k), np.empty(k)
    child, at = np.empty(k, np.int64), np.empty(k, np.int64)
    for m in range(k):
        s = joined[m]
        l_near, l_far, l_new = ways[m]
        r_old, w_old = resistance[s] - length[s] + l_far, volume[s] - length[s] + l_far
        q[m] = flow[s] + new_flow
        shares[m, 0], shares[m, 1] = _split(flow[s], r_old, new_flow, l_new, q[m], law)
        under_r, under_w = _joined(shares[m, 0], r_old, w_old, shares[m, 1], l_new, l_new)
        r[m], w[m] = under_r + l_near, under_w + l_near
        child[m], at[m] = s, parent[s]
    walking = k
    while walking:
        walking = 0
        for m in range(k):
            i = at[m]
            if i < 0:
                continue
            walking += 1
            q_up = flow[i] + new_flow
            other = second[i] if first[i] == child[m] else first[i]
            if other >= 0:
                b, b_other = _split(q[m], r[m], flow[other], resistance[other], q_up, law)
                r[m], w[m] = _joined(b, r[m], w[m], b_other, resistance[other], volume[other])
            r[m], w[m], q[m] = r[m] + length[i], w[m] + length[i], q_up
            child[m], at[m] = i, parent[i]
    for m in range(k):
        root = child[m]
        gains[m] = np.sqrt(q[m] * r[m]) * w[m] - np.sqrt(flow[root] * resistance[root]) * volume[root]


@njit(cache=True)
def _bears(grid, item, link, tree, others, s, new_flow, fork, l_new, law, clear, spare, path, path_b):
    """True if all that leads to a new terminal has room to get thicker by it; `clear` then knows up to which radius."""
    (point, parent, first, second, flow, length, resistance, _, radius, fixed) = tree
    p = parent[s]
    l_near, l_far = distance(point[p], fork), distance(fork, point[s])
    r_old = resistance[s] - length[s] + l_far
    q = flow[s] + new_flow
    b_old, b_new = _split(flow[s], r_old, new_flow, l_new, q, law)
    r = l_near + 1 / (b_old**4 / r_old + b_new**4 / l_new)
    child, i, depth = s, p, 0
    while i >= 0 and depth < len(path):
        q_up = flow[i] + new_flow
        other = second[i] if first[i] == child else first[i]
        b = 1.0
        if other >= 0:
            b, b_other = _split(q, r, flow[other], resistance[other], q_up, law)
            r = 1 / (b**4 / r + b_other**4 / resistance[other])
        path[depth], path_b[depth] = i, b
        depth += 1
        r, q = r + length[i], q_up
        child, i = i, parent[i]
    thick = radius[path[depth - 1]]
    for n in range(depth - 2, -1, -1):
        i = path[n]
        thick *= path_b[n + 1]
        if thick > clear[i]:
            up = parent[i]
            sprouts = fixed[up] and not fixed[i]
            if _meets(
                grid, item, link, tree, others, point[up], point[i], thick, i, up, i, fixed[i], sprouts, spare, -1
            ):
                return False
            clear[i] = spare * thick
    return True


@njit(cache=True)
def _lift(tree, i, law):
    """R, W and flow of node i and all above it, after something below it has changed."""
    (_, parent, first, second, flow, length, resistance, volume, _, _) = tree
    while i >= 0:
        flow[i] = flow[first[i]] + (flow[second[i]] if second[i] >= 0 else 0.0)
        under_r, under_w, _, _ = _below(tree, i, law)
        resistance[i] = length[i] + under_r
        volume[i] = length[i] + under_w
        i = parent[i]


@njit(cache=True)
def _fork(a, b, c, wa, wb, wc, out):
    """Weighted Fermat point of a triangle by Weiszfeld's steps, a twentieth of the way to its middle."""
    for n in range(3):
        out[n] = (wa * a[n] + wb * b[n] + wc * c[n]) / (wa + wb + wc)
    for _ in range(WEISZFELD_STEPS):
        ka = wa / np.sqrt((out[0] - a[0]) ** 2 + (out[1] - a[1]) ** 2 + (out[2] - a[2]) ** 2 + TINY)
        kb = wb / np.sqrt((out[0] - b[0]) ** 2 + (out[1] - b[1]) ** 2 + (out[2] - b[2]) ** 2 + TINY)
        kc = wc / np.sqrt((out[0] - c[0]) ** 2 + (out[1] - c[1]) ** 2 + (out[2] - c[2]) ** 2 + TINY)
        for n in range(3):
            out[n] = (ka * a[n] + kb * b[n] + kc * c[n]) / (ka + kb + kc)
    for n in range(3):
        out[n] = 0.95 * out[n] + 0.05 * (a[n] + b[n] + c[n]) / 3


@njit(cache=True)
def _onto(a, b, out):
    """The place nearest to `out` on the middle nine tenths of a segment."""
    length2 = along = 0.0
    for n in range(3):
        length2 += (b[n] - a[n]) ** 2
        along += (b[n] - a[n]) * (out[n] - a[n])
    t = min(max(along / max(length2, TINY), 0.05), 0.95)
    for n in range(3):
        out[n] = a[n] + t * (b[n] - a[n])


@njit(cache=True)
def _as_stored(p):
    """A point in single precision, as a graph stores it: what is checked is what is kept."""
    for n in range(3):
        p[n] = np.float64(np.float32(p[n]))


# --- linked cells ---------------------------------------------------------------------------------------------------


@njit(cache=True)
def _cells(low, high, edge):
    """Linked cells over a box: (corner, edge, counts, head of each cell's list)."""
    size = edge
    while True:
        counts = np.empty(3, np.int64)
        for n in range(3):
            counts[n] = int((high[n] - low[n]) / size) + 1
        if counts[0] * counts[1] * counts[2] <= MOST_CELLS:
            return low.copy(), size, counts, np.full(counts[0] * counts[1] * counts[2], -1, np.int32)
        size *= 1.1


@njit(cache=True)
def _cell_range(grid, low, high, n):
    (corner, edge, counts, _) = grid
    return (
        min(max(int((low - corner[n]) / edge), 0), counts[n] - 1),
        min(max(int((high - corner[n]) / edge), 0), counts[n] - 1),
    )


@njit(cache=True)
def _cells_around(grid, a, b, radius):
    """The first and last cell along x, y and z of a capsule from a to b."""
    i0, i1 = _cell_range(grid, min(a[0], b[0]) - radius, max(a[0], b[0]) + radius, 0)
    j0, j1 = _cell_range(grid, min(a[1], b[1]) - radius, max(a[1], b[1]) + radius, 1)
    k0, k1 = _cell_range(grid, min(a[2], b[2]) - radius, max(a[2], b[2]) + radius, 2)
    return i0, i1, j0, j1, k0, k1


@njit(cache=True)
def _enter(grid, item, link, used, name, a, b, radius):
    """Lists capsule `name` in every cell that it touches. Returns how many entries are used, -1 if there is no room."""
    (corner, edge, counts, head) = grid
    reach = radius + 0.8661 * edge
    i0, i1, j0, j1, k0, k1 = _cells_around(grid, a, b, radius)
    single = i0 == i1 and j0 == j1 and k0 == k1
    middle = np.empty(3)
    for i in range(i0, i1 + 1):
        middle[0] = corner[0] + (i + 0.5) * edge
        for j in range(j0, j1 + 1):
            middle[1] = corner[1] + (j + 0.5) * edge
            for k in range(k0, k1 + 1):
                middle[2] = corner[2] + (k + 0.5) * edge
                if single or point_to_segment2(middle, a, b) <= reach * reach:
                    if used == len(item):
                        return -1
                    at = (i * counts[1] + j) * counts[2] + k
                    item[used], link[used] = name, head[at]
                    head[at] = used
                    used += 1
    return used


@njit(cache=True)
def _fill(grid, tree, rows, others, room_for):
    """Lists the segments of these rows, the others as -2 and below. Returns the lists and how many entries are used."""
    (point, parent, _, _, _, _, _, _, radius, _) = tree
    (other_a, other_b, other_radius) = others
    while True:
        item, link = np.empty(room_for, np.int32), np.empty(room_for, np.int32)
        grid[3][:] = -1
        used = 0
        for i in rows:
            if parent[i] >= 0 and used >= 0:
                used = _enter(grid, item, link, used, i, point[parent[i]], point[i], radius[i])
        for i in range(len(other_a)):
            if used >= 0:
                used = _enter(grid, item, link, used, -2 - i, other_a[i], other_b[i], other_radius[i])
        if used >= 0:
            return *_side_by_side(grid[3], item, link), used
        room_for *= 2


@njit(cache=True)
def _side_by_side(head, item, link):
    """The same lists, each from front to back in memory: what is read together lies together."""
    items, links = np.empty(len(item), np.int32), np.empty(len(link), np.int32)
    done = 0
    for cell in range(len(head)):
        entry = head[cell]
        if entry >= 0:
            head[cell] = done
            while entry >= 0:
                items[done], links[done] = item[entry], done + 1
                entry = link[entry]
                done += 1
            links[done - 1] = -1
    return items, links


@njit(cache=True)
def _neighbours(grid, item, link, tree, segments, p, away, seen, query, found, found2):
    """Up to NEAREST of all segments about a point, nearest first; -1 if one is nearer than `away`.

    Rings of cells outwards.
    """
    (_, edge, counts, head) = grid
    (point, parent, _, _, _, _, _, _, _, _) = tree
    count = 0
    ci, _ = _cell_range(grid, p[0], p[0], 0)
    cj, _ = _cell_range(grid, p[1], p[1], 1)
    ck, _ = _cell_range(grid, p[2], p[2], 2)
    ring, enough = 0, min(NEAREST, segments)
    while ring <= max(counts[0], counts[1], counts[2]):
        for i in range(max(ci - ring, 0), min(ci + ring, counts[0] - 1) + 1):
            for j in range(max(cj - ring, 0), min(cj + ring, counts[1] - 1) + 1):
                shell = abs(i - ci) == ring or abs(j - cj) == ring
                step = 1 if shell or ring == 0 else 2 * ring
                k = ck - ring
                while k <= ck + ring:
                    if 0 <= k < counts[2]:
                        entry = head[(i * counts[1] + j) * counts[2] + k]
                        while entry >= 0:
                            s = item[entry]
                            entry = link[entry]
                            if s < 0 or seen[s] == query:
                                continue
                            seen[s] = query
                            d2 = point_to_segment2(p, point[parent[s]], point[s])
                            if d2 < away * away:
                                return -1
                            if count < NEAREST or d2 < found2[count - 1]:
                                at = count if count < NEAREST else NEAREST - 1
                                count = min(count + 1, NEAREST)
                                while at > 0 and found2[at - 1] > d2:
                                    found[at], found2[at] = found[at - 1], found2[at - 1]
                                    at -= 1
                                found[at], found2[at] = s, d2
                    k += step
        if count == enough and ring >= 1 and ring * edge >= away:
            break
        ring += 1
    return count


@njit(cache=True)
def _meets(grid, item, link, tree, others, a, b, radius, old, kin, kin_too, given, sprouts, spare, yields):
    """True if the capsule from a to b meets a segment that shares no node with it.

    old: the segment that it replaces in part. kin, kin_too: nodes at its ends, -1 for a new one; their segments are
    adjacent. given: it was there at the start, as were the others, so only what has grown counts. sprouts: it starts
    from a given vessel; such a branch counts from where it has left that vessel, SPROUTS times both radii on. yields:
    the node that it ends in, if only those count to which it has to give way; -1 for all.
    """
    (_, _, counts, head) = grid
    (point, parent, _, _, flow, _, _, _, thick, fixed) = tree
    (other_a, other_b, other_radius) = others
    i0, i1, j0, j1, k0, k1 = _cells_around(grid, a, b, radius)
    for i in range(i0, i1 + 1):
        for j in range(j0, j1 + 1):
            for k in range(k0, k1 + 1):
                entry = head[(i * counts[1] + j) * counts[2] + k]
                while entry >= 0:
                    s = item[entry]
                    entry = link[entry]
                    if s <= -2:
                        o = -2 - s
                        apart = spare * (radius + other_radius[o])
                        if not given and segments_apart2(a, b, other_a[o], other_b[o]) < apart * apart:
                            return True
                        continue
                    if s == old or (given and fixed[s]):
                        continue
                    if yields >= 0 and not fixed[s] and (flow[s], s) < (flow[yields], yields):
                        continue
                    near = kin >= 0 and (s == kin or parent[s] == kin)
                    if not near and not (kin_too >= 0 and (s == kin_too or parent[s] == kin_too)):
                        apart = spare * (radius + thick[s])
                        leaves = SPROUTS * (radius + thick[s])
                        if sprouts and fixed[s]:
                            apart2 = sprout_apart2(a, b, point[parent[s]], point[s], leaves)
                        elif given and fixed[parent[s]]:
                            apart2 = sprout_apart2(point[parent[s]], point[s], a, b, leaves)
                        else:
                            apart2 = segments_apart2(a, b, point[parent[s]], point[s])
                        if apart2 < apart * apart:
                            return True
    return False


# --- growth ---------------------------------------------------------------------------------------------------------


@njit(cache=True)
def _toss(space, places, key, counter, out):
    """A random place: a voxel by demand, anywhere in it. Returns the share of the demand that its voxel has."""
    (_, _, to_mm) = space
    (voxels, cumulative) = places
    _, ny, nz = space[0].shape
    w0, w1, w2, w3 = philox(
        np.uint32(counter & 0xFFFFFFFF), np.uint32(counter >> 32), np.uint32(0), np.uint32(0), key[0], key[1]
    )
    pick = (np.float64(w0) + 0.5) * 2.0**-32 * cumulative[-1]
    n = np.searchsorted(cumulative, pick, side="right")
    n = min(n, len(voxels) - 1)
    flat = voxels[n]
    at = np.empty(3)
    at[0] = flat // (ny * nz) + (np.float64(w1) + 0.5) * 2.0**-32 - 0.5
    at[1] = flat // nz % ny + (np.float64(w2) + 0.5) * 2.0**-32 - 0.5
    at[2] = flat % nz + (np.float64(w3) + 0.5) * 2.0**-32 - 0.5
    _mapped(to_mm, at, out)
    _as_stored(out)
    return (cumulative[n] - (cumulative[n - 1] if n else 0.0)) / cumulative[-1]


@njit(cache=True)
def _pull(a, b, place, share):
    """Draws a place nearer to a segment: so a tree finds its way round corners."""
    length2 = along = 0.0
    for n in range(3):
        length2 += (b[n] - a[n]) ** 2
        along += (b[n] - a[n]) * (place[n] - a[n])
    t = min(max(along / max(length2, TINY), 0.0), 1.0)
    for n in range(3):
        foot = a[n] + t * (b[n] - a[n])
        place[n] = foot + share * (place[n] - foot)
    _as_stored(place)


@njit(cache=True)
def _plant(space, places, others, tree, n, root, new_flow, key, counter, spare):
    """A first segment from a given end: to the nearest of a few places that it can see. Returns (n, counter).

    Where vessels are in the way, places nearer to the root are tried too, and then ways in any direction.
    """
    (point, parent, first, second, flow, length, resistance, volume, radius, fixed) = tree
    (other_a, other_b, other_radius) = others
    place, other, best, best_mm, seen = np.empty(3), np.empty(3), np.empty(3), np.inf, 0
    for toss in range(GIVE_UP):
        _toss(space, places, key, counter, place)
        counter += 1
        other[:] = point[root]
        if toss >= AHEAD:
            _toss(space, places, key, counter, other)
            counter += 1
        for axis in range(3):
            place[axis] = point[root, axis] + (place[axis] - other[axis]) / (1 << toss // 64 % 5)
        _as_stored(place)
        mm = distance(point[root], place)
        good = mm > 2 * radius[root] and _fits(space, point[root], place, radius[root])
        if good:
            for o in range(len(other_a)):
                reach = spare * (radius[root] + other_radius[o])
                if segments_apart2(point[root], place, other_a[o], other_b[o]) < reach * reach:
                    good = False
                    break
        if good:
            for i in range(n):
                reach = spare * (radius[root] + radius[i])
                if parent[i] < 0 or i == root:
                    continue
                if fixed[i]:
                    leaves = SPROUTS * (radius[root] + radius[i])
                    apart2 = sprout_apart2(point[root], place, point[parent[i]], point[i], leaves)
                else:
                    apart2 = segments_apart2(point[root], place, point[parent[i]], point[i])
                if apart2 < reach * reach:
                    good = False
                    break
        if good:
            seen += 1
            if mm < best_mm:
                best[:], best_mm = place, mm
        if seen == PLACES:
            break
    if best_mm == np.inf:
        return -1, counter
    point[n], parent[n], first[n], second[n], fixed[n] = best, root, -1, -1, False
    flow[n], length[n], resistance[n], volume[n], radius[n] = new_flow, best_mm, best_mm, best_mm, radius[root]
    first[root] = n
    return n + 1, counter


@njit(cache=True)
def grow(space, places, others, tree, n, ends, flows, law, calibre, key, counter, box, voxel_mm3, spare):
    """Adds terminals with the flows flows[ends:] to the tree of n nodes. Returns (nodes, ends, counter, objective).

    A given end from which no way leads on is an end itself.
    The objective is the sum of sqrt(q R) W over the roots, as it grew by one gain after another.

    space = (room mm (x, y, z), mm to index (3, 4), index to mm (3, 4)). places = (flat voxels, cumulative demand).
    others = (starts, ends, radii) of vessels to keep clear of. tree = (point, parent, first and second daughter,
    flow, length, R, W, radius, fixed). law, calibre: see `_exponent`, `refresh`. box = (low, high) of the domain, mm.
    New vessels keep `spare` times the sum of both radii away from others, for some get thicker later.
    """
    (point, parent, first, second, flow, length, resistance, volume, radius, fixed) = tree
    settle(tree, n, law)
    for root in range(n):
        if fixed[root] and first[root] < 0 and ends < len(flows):
            planted, counter = _plant(space, places, others, tree, n, root, flows[ends], key, counter, spare)
            if planted > 0:
                n = planted
            elif parent[root] >= 0:
                flow[root], fixed[root] = flows[ends], False
            else:
                return -1, root, counter, 0.0
            ends += 1
    settle(tree, n, law)
    refresh(tree, n, law, calibre)
    objective, roots = 0.0, 0
    for root in range(n):
        if parent[root] < 0:
            objective += np.sqrt(flow[root] * resistance[root]) * volume[root]
            roots += 1

    seen = np.full(len(parent), -1, np.int64)
    found, found2 = np.empty(NEAREST, np.int64), np.empty(NEAREST)
    path, path_b = np.empty(DEEPEST, np.int64), np.empty(DEEPEST)
    clear, age = radius.copy(), np.arange(len(parent))
    gains, shares, ways = np.empty(NEAREST), np.empty((NEAREST, 2)), np.empty((NEAREST, 3))
    forks = np.empty((NEAREST, 3))
    place = np.empty(3)
    volume_mm3 = len(places[0]) * voxel_mm3
    laid = built = refreshed = 0
    ease, misses, query = 1.0, 0, 0
    grid = _cells(box[0], box[1], 1e30)
    item, link, used = np.empty(0, np.int32), np.empty(0, np.int32), 0

    while ends < len(flows):
        if n > (1 + REFRESH) * refreshed + 4:
            refresh(tree, n, law, calibre)
            refreshed = n
        if n >= LONGER * laid:
            rows = _from_the_root(tree, n)
            now = _moved(tree, n, rows)
            clear[:n], age[:n], seen[:n] = clear[:n][rows], age[:n][rows], -1
            for entry in range(used):
                item[entry] = now[item[entry]] if item[entry] >= 0 else item[entry]
            laid = n
        if n >= DENSER * built:
            grid = _cells(box[0], box[1], CELL * (volume_mm3 / (1.7 * n)) ** (1 / 3))
            item, link, used = _fill(grid, tree, np.argsort(age[:n]), others, 32 * n + 4096)
            built = n

        share = _toss(space, places, key, counter, place)
        counter += 1
        query += 1
        away = ease * AWAY * (voxel_mm3 / max(share * ends, 1e-30)) ** (1 / 3) if misses < STUCK else 0.0
        count = _neighbours(grid, item, link, tree, n - roots, place, away, seen, query, found, found2)
        if count <= 0:
            misses += 1
            if misses % TOSSES == 0:
                ease *= EASE
            if misses > GIVE_UP:
                break
            continue

        if misses >= STUCK:
            _pull(point[parent[found[0]]], point[found[0]], place, 2.0 ** -(1 + misses % 4))
        new_flow = flows[ends]
        weight_new = np.cbrt(new_flow) ** 2
        for m in range(count):
            s = found[m]
            p = parent[s]
            f = forks[m]
            _fork(point[p], point[s], place, np.cbrt(flow[s] + new_flow) ** 2, np.cbrt(flow[s]) ** 2, weight_new, f)
            if fixed[s]:
                _onto(point[p], point[s], f)
            _as_stored(f)
            ways[m, 0], ways[m, 1], ways[m, 2] = distance(point[p], f), distance(f, point[s]), distance(f, place)
        prices(tree, found[:count], new_flow, ways[:count], law, gains, shares)
        for m in range(count):
            if min(ways[m, 0], ways[m, 1], ways[m, 2]) <= 1e-5:
                gains[m] = np.inf

        chosen = -1
        for _ in range(count):
            m = np.argmin(gains[:count])
            if gains[m] == np.inf:
                break
            s = found[m]
            p, f = parent[s], forks[m]
            near_mm = radius[s] / shares[m, 0]
            new_mm = near_mm * shares[m, 1]
            good = _fits(space, f, place, new_mm)
            good = good and not _meets(
                grid, item, link, tree, others, f, place, new_mm, s, -1, -1, False, fixed[s], spare, -1
            )
            if good and not fixed[s]:
                good = (
                    _fits(space, point[p], f, near_mm)
                    and _fits(space, f, point[s], radius[s])
                    and not _meets(
                        grid, item, link, tree, others, point[p], f, near_mm, s, p, -1, False, fixed[p], spare, -1
                    )
                    and not _meets(
                        grid, item, link, tree, others, f, point[s], radius[s], s, s, -1, False, False, spare, -1
                    )
                )
            good = good and _bears(
                grid, item, link, tree, others, s, new_flow, f, ways[m, 2], law, clear, spare, path, path_b
            )
            if good:
                chosen = m
                break
            gains[m] = np.inf
        if chosen < 0:
            misses += 1
            if misses > GIVE_UP:
                break
            continue

        objective += gains[chosen]
        s = found[chosen]
        p, fork, end = parent[s], n, n + 1
        n += 2
        point[fork], point[end] = forks[chosen], place
        parent[fork], parent[s], parent[end] = p, fork, fork
        if first[p] == s:
            first[p] = fork
        else:
            second[p] = fork
        first[fork], second[fork], first[end], second[end] = s, end, -1, -1
        fixed[fork], fixed[end] = fixed[s], False
        age[fork], age[end] = fork, end
        l_far, l_new = distance(point[fork], point[s]), distance(point[fork], place)
        resistance[s] += l_far - length[s]
        volume[s] += l_far - length[s]
        length[s] = l_far
        length[end] = resistance[end] = volume[end] = l_new
        length[fork] = distance(point[p], point[fork])
        flow[end] = new_flow
        _lift(tree, fork, law)
        radius[fork] = radius[s] / shares[chosen, 0]
        radius[end] = radius[fork] * shares[chosen, 1]
        clear[fork], clear[end], clear[s] = spare * radius[fork], spare * radius[end], spare * radius[s]

        for i in (s, fork, end):
            if used >= 0:
                used = _enter(grid, item, link, used, i, point[parent[i]], point[i], radius[i])
        if used < 0:
            item, link, used = _fill(grid, tree, np.argsort(age[:n]), others, 2 * len(item))
        ends += 1
        misses, ease = 0, min(1.0, ease * HARDEN)

    _moved(tree, n, np.argsort(age[:n]))
    settle(tree, n, law)
    refresh(tree, n, law, (calibre[0], 0.0))
    return n, ends, counter, objective


@njit(cache=True)
def conflicts(tree, n, others, space, box, volume_mm3, spare):
    """Segments to take out again: of two that overlap and share no node the one with less flow, and all that leave.

    (n,) bool. What was given at the start is never taken out.
    """
    (point, parent, _, _, _, _, _, _, radius, fixed) = tree
    grid = _cells(box[0], box[1], CELL * (volume_mm3 / (1.7 * n)) ** (1 / 3))
    item, link, _ = _fill(grid, tree, np.arange(n), others, 32 * n + 4096)
    bad = np.zeros(n, np.bool_)
    start, end = np.empty(3), np.empty(3)
    for i in range(n):
        p = parent[i]
        if p >= 0 and not fixed[i]:
            _mapped(space[1], point[p], start)
            _mapped(space[1], point[i], end)
            bad[i] = not walk(space[0], 0.0, start, end) or _meets(
                grid, item, link, tree, others, point[p], point[i], radius[i], i, p, i, False, fixed[p], spare, i
            )
    return bad
