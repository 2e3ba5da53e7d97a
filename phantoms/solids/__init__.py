"""Solid shapes as signed depths, put together by union, common part and difference, and drawn on any grid."""

from phantoms.solids.leaves import (
    Ellipsoid,
    Lattice,
    Plane,
    Polar,
    Sheet,
    Tube,
    Waves,
    sampled,
    sheet,
    tube,
    waves,
)
from phantoms.solids.raster import Drawing, Warp, depths, draw
from phantoms.solids.solid import Layer, Solid, common, smooth_common, smooth_union, union

__all__ = [
    "Drawing",
    "Ellipsoid",
    "Lattice",
    "Layer",
    "Plane",
    "Polar",
    "Sheet",
    "Solid",
    "Tube",
    "Warp",
    "Waves",
    "common",
    "depths",
    "draw",
    "sampled",
    "sheet",
    "smooth_common",
    "smooth_union",
    "tube",
    "union",
    "waves",
]
