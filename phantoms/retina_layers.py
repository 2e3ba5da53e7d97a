"""How thick the layers of the wall behind an eye are, everywhere around the fovea.

t(r, angle) = c0 + c1 exp(-(r / 0.6 mm)^3) + c2 exp(-(r / 1.6 mm)^2): the pit, and the ridge around it. The three
numbers of each direction are those with which the means over the disc and the two rings of the ETDRS grid, which is how
thickness is published, are met; between the directions it goes as 1, cos, sin and cos 2 of the angle.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from numpy import ndarray

RINGS_MM = (0.0, 0.5, 1.5, 3.0)
"""Radii that bound the disc and the rings of the ETDRS grid."""
PIT_MM, RIDGE_MM = 0.6, 1.6
"""The pit is so wide that no layer has to be thinner than nothing there."""
DIRECTIONS = ("superior", "nasal", "inferior", "temporal")
STEPS = 2000


@cache
def rows() -> tuple[dict[str, str], ...]:
    """The table of layers, from the inner surface outwards."""
    table = (files("phantoms") / "tables" / "retina_layers.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(table.splitlines()))


def layers() -> tuple[str, ...]:
    """Names of the layers, from the inner surface outwards."""
    return tuple(row["layer"] for row in rows())


def spreads() -> Float[ndarray, " layers"]:
    """Between people: standard deviation of each layer's thickness over its mean."""
    return np.array([float(row["spread"]) for row in rows()])


def thickness_mm(nasal_mm: Float[ndarray, "x y"], superior_mm: Float[ndarray, "x y"]) -> Float[ndarray, "layers x y"]:
    """Mean thickness of each layer of an adult at places so far from the fovea."""
    radius = np.hypot(nasal_mm, superior_mm)
    angle = np.arctan2(superior_mm, nasal_mm)
    along = np.tensordot(_coefficients(), _shapes(radius), axes=(2, 0))
    around = np.stack([np.ones_like(angle), np.cos(angle), np.sin(angle), np.cos(2 * angle)])
    return 1e-3 * np.maximum(np.einsum("lh...,h...->l...", along, around), 0)


def _shapes(radius_mm: Float[ndarray, "x y"]) -> Float[ndarray, "3 x y"]:
    return np.stack(
        [np.ones_like(radius_mm), np.exp(-((radius_mm / PIT_MM) ** 3)), np.exp(-((radius_mm / RIDGE_MM) ** 2))]
    )


@cache
def _coefficients() -> Float[ndarray, "layers harmonics 3"]:
    """Micrometres. A sector of the grid is a quarter wide: there cos has the mean sqrt 8 / pi, cos 2 has 2 / pi."""
    means = np.array([[_means(row, direction) for direction in DIRECTIONS] for row in rows()])
    superior, nasal, inferior, temporal = np.linalg.solve(_ring_means(), means[..., None])[..., 0].transpose(1, 0, 2)
    return np.stack(
        [
            (superior + nasal + inferior + temporal) / 4,
            (nasal - temporal) / 2 * np.pi / np.sqrt(8),
            (superior - inferior) / 2 * np.pi / np.sqrt(8),
            (nasal + temporal - superior - inferior) / 4 * np.pi / 2,
        ],
        axis=1,
    )


def _means(row: Mapping[str, str], direction: str) -> list[float]:
    return [float(row["fovea"]), float(row[f"inner_{direction}"]), float(row[f"outer_{direction}"])]


def _ring_means() -> Float[ndarray, "3 3"]:
    """Mean over the area of each ring (rows) of each shape (columns)."""
    means = []
    for inner, outer in pairwise(RINGS_MM):
        radius = np.sqrt(inner**2 + (outer**2 - inner**2) * (np.arange(STEPS) + 0.5) / STEPS)
        means.append(_shapes(radius).mean(axis=1))
    return np.array(means)
