"""Diabetic retinopathy without new vessels: capillaries close, the avascular zone grows, microaneurysms bulge beside.

Capillaries are lost around the fovea and in patches, with those that are then fed no more. What is left at the edge of
a patch carries sacs. Arteries and veins fork into wider daughters.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ARTERY, CAPILLARY, ROOT, VEIN, Vessels, merge, vessel_tree
from vascular.disease import after, around, bed_of, with_finding
from vascular.patches import OPEN, patches, turn
from vascular.plexus import mesh_mm, without

Grade = Literal["mild", "moderate", "severe"]


class Signs(NamedTuple):
    """zone: radius of the avascular zone over that before. closed: share of capillaries in patches.
    aneurysms_mm2: microaneurysms on an area. calibre: how far calibres have gone, 0 to 1, to those of the disease."""

    zone: float
    closed: float
    aneurysms_mm2: float
    calibre: float


GRADES = MappingProxyType(
    {
        "mild": Signs(1.08, 0.02, 0.6, 0.3),
        "moderate": Signs(1.2, 0.06, 1.5, 0.7),
        "severe": Signs(1.4, 0.15, 3.0, 1.0),
    }
)
"""Mild has hardly more than microaneurysms, severe wide areas without blood (after the international classification of
Wilkinson 2003; figures from memory of angiography: avascular zones of 0.3, 0.4 and 0.55 mm2)."""
SICK_EXPONENT = MappingProxyType({ARTERY: 3.09 / 2.59, VEIN: 2.16 / 1.95})
"""Exponent of forks over that of healthy eyes. Luo 2017, PMC6024667."""
PIVOT_MM = 0.025
"""Radius that stays as it is: the thinner a vessel is, the more it widens."""
SAC_MM, SAC_SPREAD, SAC_LEAST_MM = 0.017, 0.35, 0.008
"""Radius of a microaneurysm, the deviation of its logarithm, and the least: 15-100 um across (memory)."""
NEAR_MM = 0.12
"""Microaneurysms lie so near to closed capillaries."""
OUTLINE = 36
"""Sectors in which the avascular zone is measured."""
ZONE = 0
"""Number of what closes around the avascular zone; patches have the next."""
FLAT = np.array((1.0, 1.0, 0.3))
"""Sacs hang from capillaries mostly along the retina."""
OBSTRUCTION, ANEURYSM = ("26036001", "Obstruction"), ("85659009", "Aneurysm")
"""SNOMED-CT, morphologic abnormalities (memory)."""


@dataclass(frozen=True, kw_only=True)
class DiabeticRetinopathy(Growth):
    """Gives `bed`, a retina around (0, 0), retinopathy of a grade: drop-out, a wide avascular zone, microaneurysms.

    A finding for the zone, for every patch and every microaneurysm. Raises SceneError if the bed has no capillaries, or
    knows no flow.
    """

    bed: str = "retina"
    grade: Grade = "moderate"

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "DiabeticRetinopathy")
        if not (before.kind == CAPILLARY).any():
            raise SceneError(
                f"DiabeticRetinopathy.bed: the vessels of '{self.bed}' have no capillaries; those of a retina would do"
            )
        signs = GRADES[self.grade]
        patch = _closing(before, signs, rng)
        closed = patch >= ZONE
        left, rows = without(before, closed)
        sick, sacs = _with_sacs(_with_calibre(left, signs.calibre), before.points_mm[closed], signs, rng)
        now = after(before, sick, rows)

        for number in np.unique(patch[closed]).tolist():
            line = before.points_mm[patch == number].astype(float)
            text = f"{_name(number)} in {self.grade} diabetic retinopathy: {len(line)} capillary nodes closed"
            voxels, _, _ = around(scene.grid, line, np.full(len(line), mesh_mm(before)))
            scene = with_finding(scene, {self.bed: now}, voxels, "non_perfusion", None, OBSTRUCTION, text)
        for sac in sacs.tolist():
            radius = now.radius_mm[[sac]].astype(float)
            text = f"Microaneurysm of {2000 * radius[0]:.0f} um at the edge of closed capillaries"
            voxels, _, _ = around(scene.grid, now.points_mm[[sac]].astype(float), radius)
            scene = with_finding(scene, {self.bed: now}, voxels, "microaneurysm", "blood", ANEURYSM, text)
        return scene


def _name(number: int) -> str:
    return "Wide foveal avascular zone" if number == ZONE else "Patch without perfusion"


def _closing(vessels: Vessels, signs: Signs, rng: Generator) -> Int[ndarray, " n"]:
    """(n,) OPEN, or ZONE round the avascular zone, or the number of the patch in which a capillary closes."""
    at = vessels.points_mm[:, :2].astype(float)
    capillary = vessels.kind == CAPILLARY
    patch = np.where(capillary & (np.hypot(*at.T) < signs.zone * _zone_mm(at, capillary)), ZONE, OPEN)
    in_patches = patches(vessels, capillary & (patch == OPEN), signs.closed * capillary.sum(), rng)
    return np.where(in_patches == OPEN, patch, ZONE + 1 + in_patches)


def _zone_mm(at: Float[ndarray, "n 2"], capillary: Bool[ndarray, " n"]) -> Float[ndarray, " n"]:
    """Radius of the avascular zone in the direction of each place: where capillaries begin."""
    sector = np.floor(turn(at) * OUTLINE).astype(int) % OUTLINE
    nearest = np.full(OUTLINE, np.inf)
    np.minimum.at(nearest, sector[capillary], np.hypot(*at[capillary].T))
    middle = (np.arange(OUTLINE + 1) + 0.5) / OUTLINE
    return np.interp(turn(at), middle, nearest[np.arange(OUTLINE + 1) % OUTLINE])


def _with_calibre(vessels: Vessels, share: float) -> Vessels:
    """Arteries and veins whose forks have the exponents of the disease, or so far on the way."""
    radius = vessels.radius_mm.astype(float)
    for kind, ratio in SICK_EXPONENT.items():
        wider = PIVOT_MM * (radius / PIVOT_MM) ** (1 / (1 + share * (ratio - 1)))
        radius = np.where((vessels.kind == kind) & (radius < PIVOT_MM), wider, radius)
    return replace(vessels, radius_mm=radius.astype(np.float32))


def _with_sacs(
    vessels: Vessels, closed_mm: Float[ndarray, "k 3"], signs: Signs, rng: Generator
) -> tuple[Vessels, Int[ndarray, " s"]]:
    """The vessels with microaneurysms on capillaries near closed ones, and the rows of these."""
    distance, _ = KDTree(closed_mm).query(vessels.points_mm)
    hosts = np.flatnonzero((vessels.kind == CAPILLARY) & (distance < NEAR_MM))
    area_mm2 = np.prod(np.ptp(vessels.points_mm[:, :2], axis=0))
    count = min(int(rng.poisson(signs.aneurysms_mm2 * area_mm2)), len(hosts))
    host = rng.choice(hosts, count, replace=False)
    radius = np.maximum(SAC_MM * np.exp(SAC_SPREAD * rng.normal(size=count)), SAC_LEAST_MM)
    way = rng.normal(size=(count, 3)) * FLAT
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    sacs = vessel_tree(
        vessels.points_mm[host] + 0.8 * radius[:, None] * way,
        np.full(count, ROOT),
        radius,
        "capillary",
        np.zeros(count),
    )
    both = merge([vessels, sacs])
    rows = len(vessels) + np.arange(count)
    parent = both.parent.copy()
    parent[rows] = host
    return replace(both, parent=parent), rows
