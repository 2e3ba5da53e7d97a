"""Light that comes back from the layers of an eye's wall, for every pixel and wavelength.

A layer of thickness d that absorbs K and scatters back S per mm returns R and lets T pass (Kubelka 1948, J Opt Soc Am
38: 448):

    a = 1 + K / S,  b = sqrt(a^2 - 1),  R = (1 - e) / (a + b - (a - b) e),  T = 2 b sqrt(e) / (a + b - (a - b) e)

with e = exp(-2 b S d); with S = 0 that is Beer-Lambert, T = exp(-K d). Over a ground that returns G it returns
R + T^2 G / (1 - R G). One thread owns one column of pixels.
"""

from math import exp, sqrt

import numpy as np
from numba import njit, prange

FIELDS = (
    "rpe_melanin",
    "choroid_melanin",
    "choroid_blood",
    "macular_pigment",
    "nerve_fibres",
    "disc",
    "pallor",
    "gloss",
    "blood",
    "exudate",
    "swelling",
)
"""What the kernel reads of every place, in this order."""
(OXYGENATED, DEOXYGENATED, MELANIN, MACULAR, FIBRES, MEDIA, CHOROID, BLOOD, RIM, CUP) = range(10)
(EXUDATE, YELLOW, SWELLING, RED, GREEN, BLUE) = range(10, 16)
"""Columns of what is known of each wavelength. K of blood with and without oxygen, 1/mm; melanin and macular pigment as
exponents for an optical density of 1, there and back; what fibres return, 1/mm; share that passes the lens and humours
there and back; S of choroid and blood, 1/mm; what rim and cup of the disc return; S and K of exudates and S of
swellings, 1/mm; shares of the three bands."""
CHOROID_MM = 0.25
SCLERA, EPITHELIUM, SURFACE = 0.7, 0.0056, 0.002
"""Shares of light that come back from sclera, pigment epithelium (van de Kraats 2008, 10.1117/1.2899151) and the
retina's surface. What cones return they return to where it came from, and a camera looks beside that."""
CHOROID_SATURATION, SPILT = 0.95, 0.7
"""Saturation of blood in the choroid, and outside vessels (memory)."""
LEAST = 1e-6
"""mm of a layer, or shares, below which there is none; and K / S, so that b is not 0."""


@njit(inline="always")
def over(absorbed, scattered, mm, ground):
    """What a layer returns over a ground."""
    if mm < LEAST:
        return ground
    a = 1 + max(absorbed / scattered, LEAST)
    b = sqrt(a * a - 1)
    e = exp(-2 * b * scattered * mm)
    below = a + b - (a - b) * e
    own = (1 - e) / below
    passed = 2 * b / below
    return own + passed * passed * e * ground / (1 - own * ground)


@njit(inline="always")
def wall(place, known):
    """Returned by the wall alone, in front of which there are no vessels, of a wavelength of which that is known."""
    melanin = known[MELANIN]
    blood = CHOROID_SATURATION * known[OXYGENATED] + (1 - CHOROID_SATURATION) * known[DEOXYGENATED]
    absorbed = (blood * place[2] + melanin * place[1]) / CHOROID_MM
    light = over(absorbed, known[CHOROID], CHOROID_MM, SCLERA)
    light = EPITHELIUM + light * exp(-melanin * place[0])
    light = over(known[YELLOW], known[EXUDATE], place[9], light)
    light *= exp(-known[MACULAR] * place[3])
    light += place[5] * (known[RIM] + place[6] * (known[CUP] - known[RIM]) - light)
    light += known[FIBRES] * place[4]
    return over(0.0, known[SWELLING], place[10], light)


@njit(inline="always")
def read(maps, x, y, place):
    """All fields at a place between four voxels, into `place`."""
    i = min(max(int(x), 0), maps.shape[0] - 2)
    j = min(max(int(y), 0), maps.shape[1] - 2)
    s, t = min(max(x - i, 0.0), 1.0), min(max(y - j, 0.0), 1.0)
    for f in range(maps.shape[2]):
        low = maps[i, j, f] + s * (maps[i + 1, j, f] - maps[i, j, f])
        high = maps[i, j + 1, f] + s * (maps[i + 1, j + 1, f] - maps[i, j + 1, f])
        place[f] = low + t * (high - low)


@njit(parallel=True, cache=True, error_model="numpy")
def light(maps, at_x, at_y, oxygenated, deoxygenated, reflex, optics, out):
    """Share of white light in three bands that comes back from every pixel.

    maps: (nx, ny, fields) of the patient. at_x, at_y: index there of every column and row. oxygenated, deoxygenated:
    (columns, rows) mm of blood in vessels. reflex: (columns, rows) share of light that their walls mirror.
    optics: (wavelengths, columns). out: (3, columns, rows).
    """
    for column in prange(len(at_x)):
        place = np.empty(maps.shape[2])
        for row in range(len(at_y)):
            read(maps, at_x[column], at_y[row], place)
            full = oxygenated[column, row] + SPILT * place[8]
            empty = deoxygenated[column, row] + (1 - SPILT) * place[8]
            mirrored = SURFACE + place[7] + reflex[column, row]
            red = green = blue = 0.0
            for w in range(len(optics)):
                known = optics[w]
                back = wall(place, known)
                if full + empty > LEAST:
                    absorbed = (known[OXYGENATED] * full + known[DEOXYGENATED] * empty) / (full + empty)
                    back = over(absorbed, known[BLOOD], full + empty, back)
                back = (back + mirrored) * known[MEDIA]
                red += known[RED] * back
                green += known[GREEN] * back
                blue += known[BLUE] * back
            out[0, column, row], out[1, column, row], out[2, column, row] = red, green, blue
