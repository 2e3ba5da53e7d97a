"""Occlusion of a retinal artery or vein, of a branch or in the disc: its territory runs dry, or cannot drain.

What cannot drain is congested: veins widen. Capillaries close in patches either way.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import CAPILLARY, ROOT, Vessels, kind_index
from vascular.disease import after, around, bed_of, spoken, with_finding
from vascular.patches import OPEN, patches
from vascular.plexus import mesh_mm, without
from vascular.rheology import NARROWEST_MM

LUMEN = MappingProxyType({"artery": 0.0, "vein": 0.2})
"""Radius that is left: an embolus fills an artery, a vein is squeezed by the artery that crosses it, or thrombosed, and
lets a trickle through (memory)."""
SWOLLEN = MappingProxyType({"artery": 0.7, "vein": 1.3})
"""Radius of the territory's vessels: arteries beyond a clot narrow, veins before it widen (memory)."""
CLOSED = MappingProxyType({"artery": 0.4, "vein": 0.3})
"""Share of the territory's capillaries that close: behind an artery where blood that comes back from neighbours stands
almost still, before a vein where it is dammed up (memory of angiography)."""
BRANCH = (0.12, 0.6)
"""Share of the field that a branch serves: of the places where vessels of its kind join capillaries."""
ISCHAEMIC, AROUND = 0.3, 16
"""A place lacks perfusion where so many capillaries have less than this share of the flow that they had."""
SNOMED = ("26036001", "Obstruction")
"""SNOMED-CT: Obstruction (morphologic abnormality) (memory)."""


@dataclass(frozen=True, kw_only=True)
class RetinalOcclusion(Growth):
    """Closes the arteries or veins of `bed` over length_mm: a branch, or "central" all of them where they begin.

    A finding for the occlusion, and one for the capillaries without perfusion if there are any. Raises SceneError if no
    such vessel is there, or the bed knows no flow.
    """

    bed: str = "retina"
    vessel: Literal["artery", "vein"] = "vein"
    site: Literal["branch", "central"] = "branch"
    length_mm: Annotated[float, Gt(0)] = 0.3

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        before = bed_of(scene, self.bed, "RetinalOcclusion")
        tops = self._tops(before, rng)
        along_mm = _along_mm(before, tops)
        territory = np.isfinite(along_mm)
        closed = along_mm <= max(self.length_mm, along_mm[tops].min())

        radius = np.where(territory, SWOLLEN[self.vessel], 1.0) * before.radius_mm
        radius[closed] = np.maximum(LUMEN[self.vessel] * before.radius_mm[closed], NARROWEST_MM)
        served = _served(before, territory)
        gone = patches(before, served, CLOSED[self.vessel] * np.count_nonzero(served), rng) != OPEN
        left, rows = without(replace(before, radius_mm=radius.astype(np.float32)), gone)
        now = after(before, left, rows)

        flow = np.zeros(len(before))
        flow[rows] = np.abs(np.nan_to_num(now.flow_mm3_s))
        place = before.points_mm[closed].astype(float)
        voxels, _, _ = around(scene.grid, place, before.radius_mm[closed].astype(float))
        said = self._said(before, flow, tops)
        scene = with_finding(scene, {self.bed: now}, voxels, "occlusion", "blood", SNOMED, said)
        dry = _dry(before, flow)
        if dry.any():
            line = before.points_mm[dry].astype(float)
            voxels, _, _ = around(scene.grid, line, np.full(len(line), mesh_mm(before)))
            share = 100 * np.count_nonzero(dry) / np.count_nonzero(before.kind == CAPILLARY)
            text = f"{share:.0f} % of the capillaries without perfusion"
            scene = with_finding(scene, {self.bed: now}, voxels, "non_perfusion", None, SNOMED, text)
        return scene

    def _tops(self, vessels: Vessels, rng: Generator) -> Int[ndarray, " k"]:
        """The points whose segments close first: one of a branch, or all that hang on a root."""
        own = vessels.segments[vessels.kind[vessels.segments] == kind_index(self.vessel)]
        at_root = own[vessels.parent[vessels.parent[own]] == ROOT]
        if self.site == "central" and at_root.size:
            return at_root
        share = _joins(vessels)[own] / max(_joins(vessels)[at_root].sum(), 1)
        branches = own[(share > BRANCH[0]) & (share < BRANCH[1])]
        if not branches.size:
            raise SceneError(
                f"RetinalOcclusion: found no {self.vessel} of '{self.bed}' that serves {100 * BRANCH[0]:.0f} to "
                f"{100 * BRANCH[1]:.0f} % of its capillaries; another vessel, or site 'central', would do"
            )
        return rng.choice(branches, 1)

    def _said(self, before: Vessels, flow: Float[ndarray, " n"], tops: Int[ndarray, " k"]) -> str:
        widest = int(tops[np.argmax(before.radius_mm[tops])])
        share = flow[tops].sum() / np.abs(before.flow_mm3_s[tops]).sum()
        half = "a superior" if before.points_mm[widest, 1] > 0 else "an inferior"
        where = f"of the central {self.vessel}" if self.site == "central" else f"of {half} {spoken(before, widest)}"
        return f"Occlusion {where}; flow at {100 * share:.0f} %"


def _joins(vessels: Vessels) -> Int[ndarray, " n"]:
    """(n,) how many capillaries join the arteries or veins at or beyond each point."""
    own, capillary = vessels.segments, vessels.kind == CAPILLARY
    mouths = own[capillary[own] & ~capillary[vessels.parent[own]]]
    joins = np.bincount(np.concatenate([vessels.parent[mouths], vessels.links.ravel()]), minlength=len(vessels))
    joins[capillary] = 0
    for level in reversed(vessels.levels):
        inner = level[(vessels.parent[level] != ROOT) & ~capillary[level]]
        np.add.at(joins, vessels.parent[inner], joins[inner])
    return joins


def _along_mm(vessels: Vessels, tops: Int[ndarray, " k"]) -> Float[ndarray, " n"]:
    """(n,) along the vessels of one kind from where the segments of `tops` begin; infinite where none of them leads."""
    along = np.full(len(vessels), np.inf)
    along[tops] = vessels.length_mm[tops]
    for level in vessels.levels[1:]:
        above = vessels.parent[level]
        further = along[above] + vessels.length_mm[level]
        along[level] = np.where(
            vessels.kind[level] == vessels.kind[above], np.minimum(along[level], further), along[level]
        )
    return along


def _served(vessels: Vessels, territory: Bool[ndarray, " n"]) -> Bool[ndarray, " n"]:
    """(n,) capillaries nearest to a vessel of the territory that joins capillaries."""
    capillary = vessels.kind == CAPILLARY
    own = vessels.segments[capillary[vessels.segments] & ~capillary[vessels.parent[vessels.segments]]]
    joined = np.unique(np.concatenate([vessels.parent[own], vessels.links[~capillary[vessels.links]]]))
    joined = joined[np.isin(vessels.kind[joined], vessels.kind[territory])]
    _, nearest = KDTree(vessels.points_mm[joined]).query(vessels.points_mm)
    return capillary & territory[joined[nearest]]


def _dry(before: Vessels, flow: Float[ndarray, " n"]) -> Bool[ndarray, " n"]:
    """(n,) capillaries where those around have lost most of their flow."""
    own = np.flatnonzero(before.kind == CAPILLARY)
    at = before.points_mm[own]
    _, near = KDTree(at).query(at, min(AROUND, len(own)))
    was, left = (np.abs(f)[own][near].sum(axis=-1) for f in (before.flow_mm3_s, flow))
    dry = np.zeros(len(before), bool)
    dry[own] = left < ISCHAEMIC * was
    return dry
