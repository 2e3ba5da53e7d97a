"""The blood of a fundus: flow by the tissue that each end feeds, calibre by flow, pressure by both.

Of a field that is cut out of the fundus, the pressure where vessels were cut is that in the whole fundus; the flow
between there, through arteries, capillaries and veins, is then found as in any net.
"""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata.vessels import ARTERY, ROOT, VEIN, Vessels
from vascular.flow import HAEMATOCRIT, MPA_S_IN_MMHG_S, circulation
from vascular.fundus import EXTENT_MM, demand
from vascular.rheology import viscosity_mpa_s

FLOW_MM3_S_MM2 = 2.4e-3
"""Of blood to the macula by area: 40-50 uL/min for 1100 mm2 are 0.7e-3 on average, three to four times as much in the
macula (memory); with it the trees lose as much pressure as their net takes flow."""
BEYOND_MM2 = 15.0
"""Area that the vessels at the edge of the fundus still have to feed, as macula (memory)."""
CALIBRE_MM, MM2_AT_CALIBRE = 0.010, 0.235
"""A vessel of this radius feeds so much macula: calibrated on the share of large vessels in real fields."""
EXPONENT = MappingProxyType({ARTERY: 2.59, VEIN: 1.95})
"""Of flow over radius, in vessels of 50-100 um and here in those below too. Luo 2017, PMC6024667."""
WIDE_MM, WIDE_EXPONENT = 0.017, 3.0
"""From this radius on: so arcades are as wide as in masks of 6 mm. Nakamura and Awa 2014, PMC3966250, 0.004-0.1 mm."""
EXPONENT_SD = 0.08
"""From eye to eye (memory)."""
CALIBRE_SD = 0.05
"""Of ln(radius), from eye to eye (memory)."""
THINNEST_MM = 0.0032
DEMAND_LATTICE_MM = 0.1
ARTERIAL_MMHG, VENOUS_MMHG = 60.0, 18.0
"""In the central artery, two thirds of the mean pressure of the arm, and in the central vein, a little over that of the
eye (memory)."""


def supplied(trees: Vessels, rng: Generator, extent_mm: float = EXTENT_MM[0]) -> Vessels:
    """Trees of a whole fundus, a square of that size around the fovea, with radius, flow and pressure."""
    return with_pressure(with_calibre(trees, rng, extent_mm))


def with_calibre(trees: Vessels, rng: Generator, extent_mm: float = EXTENT_MM[0]) -> Vessels:
    """Flow from the area that each end feeds, and radius from flow."""
    area = _area_of_ends(trees, extent_mm)
    for level in reversed(trees.levels):
        inner = level[trees.parent[level] != ROOT]
        np.add.at(area, trees.parent[inner], area[inner])
    usual = CALIBRE_MM * np.exp(CALIBRE_SD * rng.normal())
    radius = np.zeros(len(trees))
    for kind, mean in EXPONENT.items():
        exponent = mean + EXPONENT_SD * rng.normal()
        of_kind = usual * (area / MM2_AT_CALIBRE) ** (1 / exponent)
        wide = WIDE_MM * (of_kind / WIDE_MM) ** (exponent / WIDE_EXPONENT)
        radius = np.where(trees.kind == kind, np.minimum(of_kind, wide), radius)
    return replace(
        trees,
        radius_mm=np.maximum(radius, THINNEST_MM).astype(np.float32),
        flow_mm3_s=(FLOW_MM3_S_MM2 * area).astype(np.float32),
    )


def with_pressure(trees: Vessels) -> Vessels:
    """Pressure from the roots on, by Poiseuille's law for the flow that the trees have."""
    radius, flow = trees.radius_mm.astype(float), trees.flow_mm3_s.astype(float)
    viscosity = viscosity_mpa_s(2000 * radius, np.full(len(trees), HAEMATOCRIT))
    loss = 8 * MPA_S_IN_MMHG_S * viscosity * trees.length_mm * flow / (np.pi * radius**4)
    lost = np.zeros(len(trees))
    for level in trees.levels[1:]:
        lost[level] = lost[trees.parent[level]] + loss[level]
    pressure = np.where(trees.kind == VEIN, VENOUS_MMHG + lost, ARTERIAL_MMHG - lost)
    return replace(trees, pressure_mmhg=pressure.astype(np.float32))


def perfused(whole: Vessels, held_mmhg: Float[ndarray, " k"]) -> Vessels:
    """Pressure, flow and haematocrit in a closed net whose first k points are those of its trees.

    held_mmhg: pressure there where the trees begin and where they were cut, NaN at other points.
    """
    held = np.full(len(whole), np.nan)
    held[: len(held_mmhg)] = held_mmhg
    return circulation(whole, held).onto()


def _area_of_ends(trees: Vessels, extent_mm: float) -> Float[ndarray, " n"]:
    """mm2 of macula that each end feeds or drains: what is nearer to it than to other ends of its kind; 0 elsewhere."""
    line = np.arange(-extent_mm / 2, extent_mm / 2, DEMAND_LATTICE_MM) + DEMAND_LATTICE_MM / 2
    u, v = np.meshgrid(line, line)
    places = np.column_stack([u.ravel(), v.ravel()])
    need = demand(*places.T) * DEMAND_LATTICE_MM**2
    edge = (np.abs(places) > extent_mm / 2 - 2 * DEMAND_LATTICE_MM).any(axis=1)
    need[edge] += BEYOND_MM2 / np.count_nonzero(edge)
    area = np.zeros(len(trees))
    for kind in EXPONENT:
        ends = trees.ends[trees.kind[trees.ends] == kind]
        _, nearest = KDTree(trees.points_mm[ends, :2]).query(places)
        area[ends] = np.bincount(nearest, need, len(ends)) + DEMAND_LATTICE_MM**2 / 10
    return area
