"""What no organ has: one value throughout. Density that varies, fat between fibres, lungs heavier at the back.

Each tissue has its own density in each person, a fine and a coarse pattern, and perhaps a guest: another tissue that
fills a share of its voxels (fat in muscle, strands in fat). phantoms/tables/texture.csv says how much, and why.
"""

import csv
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files

import numpy as np
from jaxtyping import Float32, UInt8
from numba import get_num_threads, njit
from numpy import float32, ndarray

from phantoms.anatomy.body import Body
from phantoms.solids import Drawing
from simdata import Grid
from simdata.tissues import tissues

TILE = 48
"""Edge of the block of random numbers that repeats; patterns are two such blocks whose periods do not agree."""
DEPENDENT_PER_MM, LUNG_MIDDLE_MM = 0.0023, {1: -12.0, 2: 50.0}
"""Lung density rises by a fifth over a supine chest, blood and weight lie at the back (Verschakelen 1993, about), and
as fast over an upright one, whose lungs are longer (estimate); it does so around the middle of the lungs, over the axis
that points up, so that their mass stays."""
LUNG_G_ML, LUNG_TISSUE_G_ML = 0.26, 1.05
"""What density 1 of the tissue "lung" stands for (ICRU 46, inflated), and what lung without gas weighs."""
DRAWN_APART = 0.45
"""Share of the lungs' mass in vessels, walls and hila that are drawn as such: of 1.2 kg with all blood (ICRP 145) the
parenchyma keeps about 0.65 kg (CT of healthy people of 1.7 m: 530 mL of tissue, other methods more; Kobayashi, Jpn J
Radiol 2025, doi 10.1007/s11604-025-01913-3)."""
AGEING = {"muscle": 0.0012, "pancreas": 0.004, "thymus": 0.02}
"""How much the share of fat rises with every year after 30."""


@cache
def table() -> tuple[Mapping[str, str], ...]:
    """Every row of phantoms/tables/texture.csv."""
    lines = (files("phantoms") / "tables" / "texture.csv").read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(lines))


def draw_texture(body: Body, grid: Grid, drawn: Drawing) -> Float32[ndarray, "x y z"]:
    """Density of every voxel relative to its tissue's own; fills the guests into `drawn.other` and `drawn.share`."""
    rng = body.dice("texture")
    noise = np.clip(rng.standard_normal((TILE, TILE, TILE)), -2.5, 2.5).astype(np.float32)
    rows = _rows(body)
    density = np.ones(grid.shape, np.float32)
    slabs = [(k, min(k + 16, grid.shape[0])) for k in range(0, grid.shape[0], 16)]

    def weave(slab: tuple[int, int]) -> None:
        _weave(
            *slab,
            grid.affine,
            body.up,
            LUNG_MIDDLE_MM[body.up],
            rows,
            noise,
            drawn.tissue,
            drawn.other,
            drawn.share,
            density,
        )

    with ThreadPoolExecutor(get_num_threads()) as threads:
        list(threads.map(weave, slabs))
    return density


def _rows(body: Body) -> Float32[ndarray, "256 10"]:
    """Tissue id to: own density, fine and coarse amplitude and mm, guest (-1 none), its share, spread and mm, slope."""
    rng = body.dice("tissue")
    rows = np.tile(np.array([1, 0, 1, 0, 1, -1, 0, 0, 1, 0], np.float32), (256, 1))
    for row in table():
        name = row["tissue"]
        person = 1 + float(row["spread"]) * float(np.clip(rng.standard_normal(), -2.5, 2.5))
        share = float(row["guest_share"]) * float(np.exp(0.4 * rng.standard_normal()))
        share *= 1 + AGEING.get(name, 0.0) * max(body.age_y - 30, 0) / max(float(row["guest_share"]), 1e-6)
        share = body.latent("steatosis", share) if name == "liver" else share
        person *= _inflated(body) if name == "lung" else 1.0
        guest = tissues()[row["guest"]] if row["guest"] else -1
        numbers = [person, *(float(row[c]) for c in ("fine", "fine_mm", "coarse", "coarse_mm"))]
        numbers += [guest, min(share, 0.8), float(row["guest_spread"]), float(row["guest_mm"])]
        rows[tissues()[name]] = [*numbers, DEPENDENT_PER_MM if name == "lung" else 0.0]
    return rows


def _inflated(body: Body) -> float:
    """Density of this person's lungs at this breath: the mass stays, the volume grows."""
    if not body.latent("lungs_ml"):
        return 1.0
    mass_g = LUNG_TISSUE_G_ML * body.latent("lung_tissue_ml") * (1 - DRAWN_APART)
    return mass_g / body.latent("lungs_ml") / LUNG_G_ML


@njit(inline="always")
def _noise(block, x, y, z):
    """Smooth noise of about unit variance from a block of random numbers that repeats; one number per mm here."""
    i, j, k = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - i, y - j, z - k
    u, v, w = u * u * (3 - 2 * u), v * v * (3 - 2 * v), w * w * (3 - 2 * w)
    i0, j0, k0 = int(i) % TILE, int(j) % TILE, int(k) % TILE
    i1, j1, k1 = (i0 + 1) % TILE, (j0 + 1) % TILE, (k0 + 1) % TILE
    a = block[i0, j0, k0] + w * (block[i0, j0, k1] - block[i0, j0, k0])
    b = block[i0, j1, k0] + w * (block[i0, j1, k1] - block[i0, j1, k0])
    c = block[i1, j0, k0] + w * (block[i1, j0, k1] - block[i1, j0, k0])
    d = block[i1, j1, k0] + w * (block[i1, j1, k1] - block[i1, j1, k0])
    low, high = a + v * (b - a), c + v * (d - c)
    return float32(1.6) * (low + u * (high - low))


@njit(nogil=True, cache=True)
def _weave(
    first: int, last: int, affine: ndarray, up: int, middle_mm: float,
    rows: Float32[ndarray, "256 10"], noise: Float32[ndarray, "n n n"],
    tissue: UInt8[ndarray, "x y z"], other: UInt8[ndarray, "x y z"], share: UInt8[ndarray, "x y z"],
    density: Float32[ndarray, "x y z"],
):  # fmt: skip
    """Density and guests of the voxels with first <= i < last."""
    for i in range(first, last):
        for j in range(tissue.shape[1]):
            for k in range(tissue.shape[2]):
                row = rows[tissue[i, j, k]]
                if row[0] == 1 and row[1] == 0:
                    continue
                x = float32(affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3])
                y = float32(affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3])
                z = float32(affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3])
                fine = row[1] * _noise(noise, x / row[2], y / row[2], z / row[2]) if row[1] > 0 else float32(0)
                coarse = row[3] * _noise(noise, y / row[4], z / row[4], x / row[4]) if row[3] > 0 else float32(0)
                density[i, j, k] = row[0] * (1 + fine + coarse) - row[9] * ((z if up == 2 else y) - middle_mm)
                if row[5] >= 0 and share[i, j, k] == 0:
                    wave = _noise(noise, z / row[8], x / row[8], y / row[8])
                    part = row[6] + row[7] * wave
                    if part > 0:
                        other[i, j, k] = np.uint8(row[5])
                        share[i, j, k] = np.uint8(min(part, float32(0.9)) * 255 + float32(0.5))
