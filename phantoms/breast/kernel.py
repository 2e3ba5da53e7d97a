"""Which tissue fills a voxel of a breast: fat lobules, septa between them, gland, muscle, skin."""

import numpy as np
from jaxtyping import Float32, UInt8, UInt16
from numba import njit, prange
from numpy import float32, ndarray

TILE, SEEDS = 64, 32
"""Edges of the blocks of random numbers that repeat, powers of two: of the noise, and of the seeds of lobules."""
UNDER_SKIN, IN_MUSCLE, SKIN, INCLINATION, X, Y, Z = range(7)
"""What is known on the lattice: mm below the surface, mm inside the muscle, mm of skin, how much gland is at home
there, and the place in the tissue's own space."""
KNOWN = 7
WHOLE = 255
AIR, FAT, GLAND, SEPTUM, MUSCLE, DERMIS = range(6)
"""Rows of the tables of tissue and structure ids."""


@njit(cache=True)
def noise(block, x, y, z):
    """Smooth noise of about unit variance; one random number per unit of length."""
    i, j, k = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    i0, j0, k0 = int(i) & (TILE - 1), int(j) & (TILE - 1), int(k) & (TILE - 1)
    i1, j1, k1 = (i0 + 1) & (TILE - 1), (j0 + 1) & (TILE - 1), (k0 + 1) & (TILE - 1)
    a = block[i0, j0, k0] + w * (block[i0, j0, k1] - block[i0, j0, k0])
    b = block[i0, j1, k0] + w * (block[i0, j1, k1] - block[i0, j1, k0])
    c = block[i1, j0, k0] + w * (block[i1, j0, k1] - block[i1, j0, k0])
    d = block[i1, j1, k0] + w * (block[i1, j1, k1] - block[i1, j1, k0])
    low, high = a + v * (b - a), c + v * (d - c)
    return float32(1.6) * (low + u * (high - low))


@njit(cache=True)
def lobule(seeds, x, y, z):
    """The cell of the nearest seed: its number, that of the next cell, and the distance to the wall between them.

    seeds: (n, n, n, 3) the place of each unit cube's one seed in it. Worley 1996, SIGGRAPH, p. 291.
    """
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    first, second = float32(1e9), float32(1e9)
    own, next = 0, 0
    fx = fy = fz = sx = sy = sz = float32(0)
    for a in range(i - 1, i + 2):
        ta = a & (SEEDS - 1)
        for b in range(j - 1, j + 2):
            tb = b & (SEEDS - 1)
            for c in range(k - 1, k + 2):
                tc = c & (SEEDS - 1)
                px, py, pz = a + seeds[ta, tb, tc, 0] - x, b + seeds[ta, tb, tc, 1] - y, c + seeds[ta, tb, tc, 2] - z
                away = px * px + py * py + pz * pz
                if away < first:
                    second, next, sx, sy, sz = first, own, fx, fy, fz
                    first, own, fx, fy, fz = away, (ta * SEEDS + tb) * SEEDS + tc, px, py, pz
                elif away < second:
                    second, next, sx, sy, sz = away, (ta * SEEDS + tb) * SEEDS + tc, px, py, pz
    apart = np.sqrt((sx - fx) ** 2 + (sy - fy) ** 2 + (sz - fz) ** 2)
    return own, next, (second - first) / (2 * apart)


@njit(cache=True)
def gland(block, seeds, kinds, rules, inclination, x, y, z):
    """How much a place is gland rather than fat, against a threshold; and the septum there: number and distance."""
    coarse, fine = rules[0], rules[1]
    own, next, wall = lobule(seeds, x / coarse, y / coarse, z / coarse)
    wall *= coarse
    bulge = 1 - np.exp(-((wall / rules[2]) ** 2))
    score = inclination - rules[3] * kinds[own] * bulge
    small, _, gap = lobule(seeds, float32(7.3) - z / fine, x / fine, float32(3.1) + y / fine)
    gap *= fine
    score -= rules[4] * kinds[small] * (1 - np.exp(-((gap / rules[5]) ** 2)))
    size, amplitude = rules[6], rules[7]
    while size > rules[8]:
        score += amplitude * noise(block, x / size, y / size, z / size)
        x, y, z = y + size, z + size, x + size
        size *= float32(0.5)
        amplitude *= rules[9]
    return score, wall, kinds[own] + kinds[next]


@njit(cache=True)
def ramp(value):
    """0 below -0.5, 1 above 0.5, straight between."""
    return min(max(value + float32(0.5), float32(0)), float32(1))


@njit(parallel=True, cache=True)
def score_at(places, inclination, block, seeds, kinds, rules, out):
    """At places (n, 3): the score of `gland`, and how much farther than half its thickness the nearest septum is."""
    for i in prange(len(places)):
        score, wall, pair = gland(block, seeds, kinds, rules, inclination[i], places[i, 0], places[i, 1], places[i, 2])
        out[i, 0] = score
        out[i, 1] = wall - (rules[10] + rules[11] * pair) / 2


@njit(parallel=True, cache=True)
def waves_at(places, block, size, out):
    """Three independent noises of that size at places (n, 3)."""
    for i in prange(len(places)):
        x, y, z = places[i, 0] / size, places[i, 1] / size, places[i, 2] / size
        out[i, 0] = noise(block, x, y, z)
        out[i, 1] = noise(block, y + float32(11.5), z, x)
        out[i, 2] = noise(block, z, x + float32(23.5), y)


@njit(parallel=True, cache=True, error_model="numpy")
def fill(
    known: Float32[ndarray, "a b c k"], scale: Float32[ndarray, " 3"], voxel_mm, block: Float32[ndarray, "n n n"],
    seeds: Float32[ndarray, "m m m 3"], kinds: Float32[ndarray, " mmm"], rules: Float32[ndarray, " r"], threshold, soft,
    ids: UInt16[ndarray, " 6"], tissues: UInt8[ndarray, " 6"], labels: UInt16[ndarray, "x y z"],
    tissue: UInt8[ndarray, "x y z"], second: UInt8[ndarray, "x y z"], share: UInt8[ndarray, "x y z"],
):  # fmt: skip
    """Into labels, tissue, second, share. known: by lattice point; scale: lattice points per voxel along each axis."""
    nx, ny, nz = labels.shape
    for plane in prange(nx * ny):
        i, j = plane // ny, plane % ny
        u, v = float32(i) * scale[0], float32(j) * scale[1]
        a, b = int(u), int(v)
        u, v = u - a, v - b
        here = np.empty((known.shape[2], known.shape[3]), float32)
        for c in range(here.shape[0]):
            for n in range(here.shape[1]):
                near = known[a, b, c, n] + v * (known[a, b + 1, c, n] - known[a, b, c, n])
                far = known[a + 1, b, c, n] + v * (known[a + 1, b + 1, c, n] - known[a + 1, b, c, n])
                here[c, n] = near + u * (far - near)
        for k in range(nz):
            w = float32(k) * scale[2]
            c = int(w)
            w = w - c
            below = here[c, UNDER_SKIN] + w * (here[c + 1, UNDER_SKIN] - here[c, UNDER_SKIN])
            body = ramp(below / voxel_mm)
            if body == 0:
                continue
            skin_mm = here[c, SKIN] + w * (here[c + 1, SKIN] - here[c, SKIN])
            dermis = ramp((skin_mm - below) / voxel_mm)
            if dermis == 1 or body < 1:
                _two(DERMIS, AIR, 1 - body, i, j, k, ids, tissues, labels, tissue, second, share)
                continue
            muscle = ramp((here[c, IN_MUSCLE] + w * (here[c + 1, IN_MUSCLE] - here[c, IN_MUSCLE])) / voxel_mm)
            x = here[c, X] + w * (here[c + 1, X] - here[c, X])
            y = here[c, Y] + w * (here[c + 1, Y] - here[c, Y])
            z = here[c, Z] + w * (here[c + 1, Z] - here[c, Z])
            if muscle == 1:
                strands = float32(0.22) * noise(block, x, y, z / 12) - float32(0.05)
                _two(MUSCLE, FAT, max(strands, float32(0)), i, j, k, ids, tissues, labels, tissue, second, share)
                continue
            inclination = here[c, INCLINATION] + w * (here[c + 1, INCLINATION] - here[c, INCLINATION])
            score, wall, pair = gland(block, seeds, kinds, rules, inclination, x, y, z)
            dense = ramp((score - threshold) / soft)
            kind = FAT if dense < float32(0.5) else GLAND
            if dermis > 0:
                _two(kind, DERMIS, dermis, i, j, k, ids, tissues, labels, tissue, second, share)
                continue
            if muscle > 0:
                _two(kind, MUSCLE, muscle, i, j, k, ids, tissues, labels, tissue, second, share)
                continue
            thick = rules[10] + rules[11] * pair
            septum = min(max((thick / 2 - wall) / voxel_mm + float32(0.5), float32(0)), thick / voxel_mm)
            if septum > dense and septum > 0:
                _two(FAT, SEPTUM, min(septum, float32(1)), i, j, k, ids, tissues, labels, tissue, second, share)
            else:
                _two(FAT, GLAND, dense, i, j, k, ids, tissues, labels, tissue, second, share)


@njit(cache=True)
def _two(one, other, part, i, j, k, ids, tissues, labels, tissue, second, share):
    """A voxel of two tissues, the larger first. part: of the other."""
    if part > float32(0.5):
        one, other, part = other, one, 1 - part
    labels[i, j, k] = ids[one]
    tissue[i, j, k] = tissues[one]
    if part > 0:
        second[i, j, k] = tissues[other]
        share[i, j, k] = np.uint8(part * WHOLE + float32(0.5))
