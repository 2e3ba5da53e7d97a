"""L D L' of a sparse symmetric matrix by panels: columns of L that fill alike are kept, and worked on, as one block.

A panel is (w, m) in one row of memory: for each of its w columns the m rows of L that any of them fills, its own first.
Each takes what all panels before it owe it, in blocks, and is then factored itself: left-looking by supernodes, after
Ng and Peyton 1993, SIAM J Sci Comput 14: 1034. Threads or BLAS have no part in it, so that its bytes do not depend on
them.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numba import njit
from numpy import ndarray

BLOCK = 4
"""Columns that are worked on at once, as `_product` writes them out."""


@dataclass(frozen=True, eq=False)
class Panels:
    """Where L fills. first: (p + 1,) first column of each panel. of: (n,) the panel of each column.

    row_start: (p + 1,) first entry of each panel in `row`, the rows that it fills. base: (p + 1,) first entry of each
    panel in L. slot, diagonal: where the entries of the matrix, and its diagonal, belong in L.
    """

    first: Int[ndarray, " p1"]
    of: Int[ndarray, " n"]
    row_start: Int[ndarray, " p1"]
    row: Int[ndarray, " r"]
    base: Int[ndarray, " p1"]
    slot: Int[ndarray, " k"]
    diagonal: Int[ndarray, " n"]

    def factor(self, entries: Float[ndarray, " k"], diagonal: Float[ndarray, " n"]) -> Float[ndarray, " f"]:
        """L and, in place of its diagonal of ones, D. entries: of the lower triangle, (n,) diagonal."""
        values = np.zeros(self.base[-1])
        values[self.slot] = entries
        values[self.diagonal] = diagonal
        _factor(self.first, self.of, self.row_start, self.row, self.base, values)
        return values

    def solve(self, values: Float[ndarray, " f"], x: Float[ndarray, " n"]) -> None:
        """Turns the right-hand side x into the solution."""
        _solve(self.first, self.row_start, self.row, self.base, values, x)


def panels(row_start: Int[ndarray, " n1"], column: Int[ndarray, " k"]) -> Panels:
    """Analyses a matrix by the columns of each row before its diagonal."""
    size = len(row_start) - 1
    above, count = _analyse(row_start, column, size)
    goes_on = (above[:-1] == np.arange(1, size)) & (count[:-1] == count[1:] + 1)
    first = np.append(np.flatnonzero(np.append(True, ~goes_on)[:size]), size).astype(np.int64)
    of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    height = count[first[:-1]] + 1
    starts = np.concatenate([[0], np.cumsum(height)]).astype(np.int64)
    base = np.concatenate([[0], np.cumsum(height * np.diff(first))]).astype(np.int64)
    row = _rows(row_start, column, above, first, of, starts)
    diagonal = base[of] + (np.arange(size) - first[of]) * (height[of] + 1)
    return Panels(first, of, starts, row, base, _slots(row_start, column, first, of, starts, row, base), diagonal)


@njit(cache=True)
def _analyse(row_start, column, size):
    """Elimination tree, and the number of entries of each column of L below the diagonal. Davis 2005."""
    above, count, seen = np.full(size, -1), np.zeros(size, np.int64), np.full(size, -1)
    for k in range(size):
        seen[k] = k
        for q in range(row_start[k], row_start[k + 1]):
            i = column[q]
            while seen[i] != k:
                if above[i] < 0:
                    above[i] = k
                count[i] += 1
                seen[i] = k
                i = above[i]
    return above, count


@njit(cache=True)
def _rows(row_start, column, above, first, of, starts):
    """The rows of each panel in order: its first column, and all that this fills."""
    size = len(row_start) - 1
    row, filled, seen = np.empty(starts[-1], np.int64), starts[:-1].copy(), np.full(size, -1)
    for k in range(size):
        seen[k] = k
        if first[of[k]] == k:
            row[filled[of[k]]] = k
            filled[of[k]] += 1
        for q in range(row_start[k], row_start[k + 1]):
            i = column[q]
            while seen[i] != k:
                if first[of[i]] == i:
                    row[filled[of[i]]] = k
                    filled[of[i]] += 1
                seen[i] = k
                i = above[i]
    return row


@njit(cache=True)
def _slots(row_start, column, first, of, starts, row, base):
    """Where each entry of the matrix belongs in L."""
    slot = np.empty(len(column), np.int64)
    for k in range(len(row_start) - 1):
        for q in range(row_start[k], row_start[k + 1]):
            i = column[q]
            p = of[i]
            height = starts[p + 1] - starts[p]
            at = np.searchsorted(row[starts[p] : starts[p + 1]], k)
            slot[q] = base[p] + (i - first[p]) * height + at
    return slot


@njit(cache=True)
def _factor(first, of, starts, row, base, values):
    """Fills `values`, which hold the matrix, with L and D. Panels wait in the list of the panel that they owe next."""
    count, size = len(first) - 1, len(of)
    waiting, following = np.full(count, -1), np.full(count, -1)
    paid, place = np.zeros(count, np.int64), np.empty(size, np.int64)
    widest = 0
    for p in range(count):
        widest = max(widest, starts[p + 1] - starts[p])
    owed, share = np.empty((BLOCK, widest)), np.empty((BLOCK, widest))
    for p in range(count):
        height, width = starts[p + 1] - starts[p], first[p + 1] - first[p]
        panel = values[base[p] : base[p + 1]].reshape(width, height)
        for n in range(height):
            place[row[starts[p] + n]] = n
        other = waiting[p]
        while other >= 0:
            then = following[other]
            _pay(first, starts, row, base, values, other, paid, p, panel, place, owed, share)
            _wait(of, starts, row, paid, other, waiting, following)
            other = then
        _own(panel, width, height, owed, share)
        paid[p] = width
        _wait(of, starts, row, paid, p, waiting, following)


@njit(cache=True)
def _wait(of, starts, row, paid, p, waiting, following):
    """Puts a panel into the list of the next panel that it fills."""
    if starts[p] + paid[p] < starts[p + 1]:
        debtor = of[row[starts[p] + paid[p]]]
        following[p] = waiting[debtor]
        waiting[debtor] = p


@njit(cache=True)
def _pay(first, starts, row, base, values, other, paid, p, panel, place, owed, share):
    """Takes from a panel what an earlier one owes it: the product of its rows, in blocks of columns."""
    height, width = starts[other + 1] - starts[other], first[other + 1] - first[other]
    source = values[base[other] : base[other + 1]].reshape(width, height)
    own = row[starts[other] : starts[other + 1]]
    low, high = paid[other], paid[other]
    while high < height and own[high] < first[p + 1]:
        high += 1
    for t in range(low, high, BLOCK):
        block = min(BLOCK, high - t)
        for b in range(block):
            owed[b, t:height] = 0.0
            for k in range(width):
                share[b, k] = source[k, t + b] * source[k, k]
        _product(source, width, t, height, share, owed, block)
        for b in range(block):
            column = panel[own[t + b] - first[p]]
            for n in range(t + b, height):
                column[place[own[n]]] -= owed[b, n]
    paid[other] = high


@njit(cache=True)
def _product(source, width, low, high, share, owed, block):
    """owed[b] += sum over k of share[b, k] source[k], from `low` to `high`: four by four, to spare the memory."""
    k = 0
    while k + 4 <= width and block == BLOCK:
        s0, s1, s2, s3 = source[k], source[k + 1], source[k + 2], source[k + 3]
        a00, a01, a02, a03 = share[0, k], share[0, k + 1], share[0, k + 2], share[0, k + 3]
        a10, a11, a12, a13 = share[1, k], share[1, k + 1], share[1, k + 2], share[1, k + 3]
        a20, a21, a22, a23 = share[2, k], share[2, k + 1], share[2, k + 2], share[2, k + 3]
        a30, a31, a32, a33 = share[3, k], share[3, k + 1], share[3, k + 2], share[3, k + 3]
        o0, o1, o2, o3 = owed[0], owed[1], owed[2], owed[3]
        for n in range(low, high):
            x0, x1, x2, x3 = s0[n], s1[n], s2[n], s3[n]
            o0[n] += a00 * x0 + a01 * x1 + a02 * x2 + a03 * x3
            o1[n] += a10 * x0 + a11 * x1 + a12 * x2 + a13 * x3
            o2[n] += a20 * x0 + a21 * x1 + a22 * x2 + a23 * x3
            o3[n] += a30 * x0 + a31 * x1 + a32 * x2 + a33 * x3
        k += 4
    for b in range(block):
        for rest in range(k, width):
            a, x, o = share[b, rest], source[rest], owed[b]
            for n in range(low, high):
                o[n] += a * x[n]


@njit(cache=True)
def _own(panel, width, height, owed, share):
    """Factors a panel that is owed nothing more, block by block."""
    for t in range(0, width, BLOCK):
        block = min(BLOCK, width - t)
        for b in range(block):
            owed[b, t:height] = 0.0
            for k in range(t):
                share[b, k] = panel[k, t + b] * panel[k, k]
        _product(panel, t, t, height, share, owed, block)
        for b in range(block):
            for n in range(t + b, height):
                panel[t + b, n] -= owed[b, n]
        for c in range(t, t + block):
            for k in range(t, c):
                a = panel[k, c] * panel[k, k]
                for n in range(c, height):
                    panel[c, n] -= a * panel[k, n]
            for n in range(c + 1, height):
                panel[c, n] /= panel[c, c]


@njit(cache=True)
def _solve(first, starts, row, base, values, x):
    count = len(first) - 1
    for p in range(count):
        height, width = starts[p + 1] - starts[p], first[p + 1] - first[p]
        panel, own = values[base[p] : base[p + 1]].reshape(width, height), row[starts[p] : starts[p + 1]]
        for c in range(width):
            known = x[first[p] + c]
            for n in range(c + 1, height):
                x[own[n]] -= panel[c, n] * known
    for p in range(count - 1, -1, -1):
        height, width = starts[p + 1] - starts[p], first[p + 1] - first[p]
        panel, own = values[base[p] : base[p + 1]].reshape(width, height), row[starts[p] : starts[p + 1]]
        for c in range(width - 1, -1, -1):
            found = x[first[p] + c] / panel[c, c]
            for n in range(c + 1, height):
                found -= panel[c, n] * x[own[n]]
            x[first[p] + c] = found
