"""The vessels of an eye as a camera sees them: blood with and without oxygen in front of the wall, and their gloss."""

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Float32
from numpy import ndarray

from render.kernels.chords import KINDS, chords
from simdata import Grid, Vessels
from simdata.blood import saturation
from simdata.vessels import ARTERY, CAPILLARY, VEIN
from simdata.voxelise import capsules_of

USUAL = np.array([0.92, 0.56, 0.75])
"""Saturation of arteries, veins and capillaries whose oxygen is not known. Geirsdottir 2012, IOVS 53: 5433."""
MIRROR = np.array([0.016, 0.004, 0.0])
"""Share of light that the wall of a wide artery, vein or capillary mirrors (memory of their looks)."""
MIRROR_MM = 0.03
"""Radius of a vessel that has two thirds of it."""
NAMES = MappingProxyType({ARTERY: "retinal_artery", VEIN: "retinal_vein", CAPILLARY: "retinal_capillary"})
"""What the kinds are called in labels."""


@dataclass(frozen=True, eq=False)
class Blood:
    """(columns, rows) each: mm of blood with and without oxygen, and the share of light that walls mirror.

    chord_mm: (3, columns, rows) way through arteries, veins and capillaries.
    """

    oxygenated_mm: Float32[ndarray, "x y"]
    deoxygenated_mm: Float32[ndarray, "x y"]
    reflex: Float32[ndarray, "x y"]
    chord_mm: Float32[ndarray, "3 x y"]


def blood(beds: tuple[Vessels, ...], grid: Grid) -> Blood:
    """All vessels of an eye on a grid of one plane with square pixels."""
    shape = grid.shape[:2]
    chord, saturation = np.zeros((2, KINDS, *shape), np.float32)
    reflex = np.zeros(shape, np.float32)
    for bed in beds:
        tubes = capsules_of(bed, grid)
        kind = (tubes.kind - np.uint8(1)).astype(np.int64)
        seen = kind < KINDS
        mirror = MIRROR[np.minimum(kind, CAPILLARY)] * (1 - np.exp(-tubes.end_radius / MIRROR_MM))
        chords(
            tubes.start[seen],
            tubes.end[seen],
            tubes.start_radius[seen],
            tubes.end_radius[seen],
            kind[seen],
            _saturations(bed)[seen],
            mirror[seen],
            grid.spacing_mm[0],
            chord,
            saturation,
            reflex,
        )
    return Blood((chord * saturation).sum(axis=0), (chord * (1 - saturation)).sum(axis=0), reflex, chord)


def flat(bed: Vessels) -> Vessels:
    """Pressed into the plane of the picture."""
    return replace(bed, points_mm=bed.points_mm * np.array([1, 1, 0], np.float32))


def _saturations(bed: Vessels) -> Float[ndarray, " s"]:
    """Of every segment, then of every link."""
    known = saturation(bed.oxygen_mmhg.astype(float))
    usual = USUAL[np.minimum(bed.kind, CAPILLARY)]
    full = np.where(np.isfinite(known), known, usual)
    return np.concatenate([full[bed.segments], full[bed.links].mean(axis=1)])
