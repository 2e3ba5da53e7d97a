"""Upright rods and discs in closed form, projections and k-space: the phantoms of Defrise and Derenzo."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex128, Float, Float64
from numpy import ndarray
from scipy.special import j1

from phantoms.qa.shapes import Millimetres

LEVEL = 1e-12
"""Of a direction's length: a ray that leans less runs along the rods or across them."""
SMALL = 1e-4
"""Below that 2 pi k r, the disc by its series."""


@dataclass(frozen=True, kw_only=True)
class Rod:
    """`value` in an upright cylinder, 0 outside, added to what others have there."""

    value: float
    centre_mm: Millimetres
    radius_mm: float
    height_mm: float


def line_integrals(
    rods: Sequence[Rod], origin_mm: Float[ndarray, "*n 3"], direction: Float[ndarray, "*n 3"]
) -> Float64[ndarray, "*n"]:
    """Value times mm along the whole lines through origin_mm (RAS+); directions of any length but 0.

    What the line has in common with the round of the rod, and with the slab between its ends.
    """
    way = np.asarray(direction, float)
    way = way / np.linalg.norm(way, axis=-1, keepdims=True)
    start, way = np.broadcast_arrays(np.asarray(origin_mm, float), way)
    total = np.zeros(start.shape[:-1])
    for rod in rods:
        o = start - rod.centre_mm
        round_, slab = _within_round(o, way, rod.radius_mm), _within_slab(o, way, rod.height_mm / 2)
        common = np.minimum(round_[1], slab[1]) - np.maximum(round_[0], slab[0])
        total += rod.value * np.maximum(common, 0)
    return total


def kspace(rods: Sequence[Rod], k_per_mm: Float[ndarray, "*n 3"]) -> Complex128[ndarray, "*n"]:
    """The integral of value times exp(-2 pi i k x) over space, mm3; k: cycles per mm along RAS+.

    value pi r^2 h (2 J1(q) / q) sinc(k3 h) exp(-2 pi i k c), with q = 2 pi r |(k1, k2)|: Bracewell 2000, The Fourier
    Transform and Its Applications, ch. 13 (the disc), times the slab.
    """
    k = np.asarray(k_per_mm, float)
    total = np.zeros(k.shape[:-1], complex)
    for rod in rods:
        q = 2 * np.pi * rod.radius_mm * np.hypot(k[..., 0], k[..., 1])
        far = np.maximum(q, SMALL)
        disc = np.pi * rod.radius_mm**2 * np.where(q < SMALL, 1 - q**2 / 8, 2 * j1(far) / far)
        slab = rod.height_mm * np.sinc(k[..., 2] * rod.height_mm)
        total += rod.value * disc * slab * np.exp(-2j * np.pi * (k @ np.array(rod.centre_mm)))
    return total


def _within_round(
    o: Float64[ndarray, "*n 3"], way: Float64[ndarray, "*n 3"], radius_mm: float
) -> tuple[Float64[ndarray, "*n"], Float64[ndarray, "*n"]]:
    """Where a line comes within radius_mm of the axis and leaves again, mm; the other way round where it never does."""
    across = (way[..., :2] ** 2).sum(axis=-1)
    along = (o[..., :2] * way[..., :2]).sum(axis=-1)
    from_axis = (o[..., :2] ** 2).sum(axis=-1) - radius_mm**2
    upright = across < LEVEL
    safe = np.where(upright, 1, across)
    root = along**2 - across * from_axis
    half = np.where(root > 0, np.sqrt(np.maximum(root, 0)) / safe, -np.inf)
    half = np.where(upright, np.where(from_axis < 0, np.inf, -np.inf), half)
    middle = np.where(upright, 0, -along / safe)
    return middle - half, middle + half


def _within_slab(
    o: Float64[ndarray, "*n 3"], way: Float64[ndarray, "*n 3"], half_mm: float
) -> tuple[Float64[ndarray, "*n"], Float64[ndarray, "*n"]]:
    """From where to where a line lies less than half_mm above or below the origin, mm."""
    level = np.abs(way[..., 2]) < LEVEL
    climb = np.where(level, 1, np.abs(way[..., 2]))
    half = np.where(level, np.where(np.abs(o[..., 2]) < half_mm, np.inf, -np.inf), half_mm / climb)
    middle = np.where(level, 0, -o[..., 2] / np.where(level, 1, way[..., 2]))
    return middle - half, middle + half
