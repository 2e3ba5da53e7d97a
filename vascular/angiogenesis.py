"""Angiogenesis: vessels sprout towards tissue that lacks oxygen, veins towards the carbon dioxide it then gives off.

Each iteration scatters candidate places over the tissue. A place too far from any artery becomes an oxygen sink; it
calls the nearest artery in reach, whose tips grow or fork towards their sinks and whose flanks sprout, each at a
distance from the next sprout (lateral inhibition of tip cells). A place in reach of an artery that no vein drains is
a source of carbon dioxide, and calls the veins in the same way. All distances shrink as the tissue grows.
Rauch and Harders 2021 (Interactive synthesis of 3D geometries of blood vessels), Menten 2022, Kreitner 2024; sinks and
perception cones as in Runions 2005, inhibition as in Bentley 2008. The course of vessels and the regions that they do
not leave are ours.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Float32, UInt8
from numpy import ndarray
from numpy.random import Generator

from simdata.errors import SceneError
from simdata.grid import Grid
from simdata.vessels import ARTERY, VEIN, Vessels, vessel_tree
from vascular.sprouting.net import Ground, Rules
from vascular.sprouting.stage import grow

FORKS, TURNS = 1024, 4096
"""Angles that are drawn before a stage, to be used again and again."""
GROWN_RADIUS_MM = 0.001
"""Of a vessel before its flow gives it a calibre."""


@dataclass(frozen=True, eq=False)
class Tissue:
    """Where vessels grow. region: (x, y, z) 0 where they may not; they do not cross from one number to another.

    demand: (x, y, z) 0 to 1, how often a candidate place there needs oxygen. course: (x, y, z, 3) mm in the patient,
    the direction in which vessels run there away from the large end; its length, 0 to 1, is how strictly.
    Raises SceneError if the tissue is empty or needs nothing.
    """

    grid: Grid
    region: UInt8[ndarray, "x y z"]
    demand: Float32[ndarray, "x y z"]
    course: Float32[ndarray, "x y z 3"]

    def __post_init__(self) -> None:
        for name, shape in {
            "region": self.region.shape,
            "demand": self.demand.shape,
            "course": self.course.shape[:3],
        }.items():
            if shape != self.grid.shape:
                raise SceneError(f"Tissue: {name} has shape {shape} on a grid of {self.grid.shape}, not the same")
        if not self.region.any():
            raise SceneError(
                "Tissue: no voxel has a region, so nothing can grow; a region of at least 1 somewhere would do"
            )
        if not self.demand[self.region > 0].any():
            raise SceneError("Tissue: no voxel with a region has a demand, so nothing would grow; one above 0 would do")


@dataclass(frozen=True, kw_only=True)
class Sprouting:
    """The rules of one stage of growth; lengths in mm at its first iteration, divided by 1 + expansion t at the t-th.

    candidates: places tried per iteration. need_mm: a place farther than this from its vessels is in need.
    apart_mm: between two sinks. reached_mm: a sink this near to its vessel is satisfied. reach_mm, cone_deg: how far,
    and within which angle of its direction, a tip perceives sinks. step_mm: growth per iteration. notch_mm: along the
    vessel between forks. clear_mm: between an artery and a vein, and between vessels of one kind that do not join.
    spread_deg: a tip whose sinks spread more than this forks. branch_deg: between the branches of a fork, and its
    standard deviation over forks. inertia, following: weights of the vessel's direction and of the tissue's course
    beside a weight of 1 for its sinks. waver_deg: turn of a tip per step, standard deviation.
    """

    iterations: Annotated[int, Ge(1)]
    candidates: Annotated[int, Ge(1)]
    need_mm: Annotated[float, Gt(0)]
    apart_mm: Annotated[float, Gt(0)]
    reached_mm: Annotated[float, Gt(0)]
    reach_mm: Annotated[float, Gt(0)]
    step_mm: Annotated[float, Gt(0)]
    notch_mm: Annotated[float, Ge(0)]
    clear_mm: Annotated[float, Ge(0)]
    cone_deg: Annotated[float, Gt(0)] = 75.0
    spread_deg: Annotated[float, Ge(0)] = 25.0
    branch_deg: tuple[float, float] = (78.0, 8.0)
    inertia: Annotated[float, Ge(0)] = 0.5
    following: Annotated[float, Ge(0)] = 1.0
    waver_deg: Annotated[float, Ge(0)] = 6.0
    expansion: Annotated[float, Ge(0)] = 0.02


def sprout(vessels: Vessels, tissue: Tissue, stage: Sprouting, rng: Generator) -> Vessels:
    """The arteries and veins after one stage of growth: their points first, in their order, then the new ones.

    Links and numbers other than the radius are not taken along: they are no longer true.
    Raises SceneError if an artery or a vein is missing, or none of the vessels lies in the tissue.
    """
    for kind, name in ((ARTERY, "artery"), (VEIN, "vein")):
        if not (vessels.kind == kind).any():
            raise SceneError(f"sprout: found no {name} to grow from; a root of each kind would do")
    spacing = np.array(tissue.grid.spacing_mm)
    axes = tissue.grid.affine[:3, :3] / spacing
    start = (tissue.grid.index(vessels.points_mm) + 0.5) * spacing
    voxel = np.floor(start / spacing).astype(int)
    within = ((voxel >= 0) & (voxel < tissue.grid.shape)).all(axis=1)
    if not within.any():
        raise SceneError("sprout: no vessel lies on the tissue's grid; roots inside it would do")
    n, order = len(vessels), np.argsort(vessels.depth, kind="stable")
    place = np.append(np.argsort(order), -1)
    tries = stage.iterations * stage.candidates
    capacity = n + 4 * tries
    position = np.zeros((capacity, 3))
    parent, kind = np.full(capacity, -1, np.int32), np.zeros(capacity, np.uint8)
    position[:n], parent[:n], kind[:n] = start[order], place[vessels.parent[order]], vessels.kind[order]
    lengths = stage.need_mm, stage.apart_mm, stage.reached_mm, stage.reach_mm, stage.step_mm, stage.notch_mm
    angles = np.cos(np.radians(stage.cone_deg)), np.radians(stage.spread_deg)
    count = grow(
        position,
        parent,
        kind,
        n,
        Ground(tissue.region, (tissue.course @ axes).astype(np.float32), spacing),
        tissue.demand,
        stage.iterations,
        Rules(*lengths, stage.clear_mm, stage.expansion, *angles, stage.inertia, stage.following),
        rng.random((tries, 4)),
        np.radians(rng.normal(*stage.branch_deg, FORKS)),
        np.radians(stage.waver_deg) * rng.standard_normal(TURNS),
    )
    parent = np.where(parent[:count] < n, np.append(order, -1)[np.minimum(parent[:count], n)], parent[:count])
    parent[:n], kind[:n] = vessels.parent, vessels.kind
    radius = np.full(count, GROWN_RADIUS_MM, np.float32)
    radius[:n] = vessels.radius_mm
    points = vessels.points_mm, tissue.grid.world_mm(position[n:count] / spacing - 0.5)
    return vessel_tree(np.concatenate(points), parent, radius, kind[:count])


def regress(vessels: Vessels, shorter_mm: float) -> Vessels:
    """Without the side branches that end before `shorter_mm`: sprouts that found nothing to feed (Korn 2015)."""
    n = len(vessels)
    reach_mm = np.zeros(n)
    for level in reversed(vessels.levels):
        inner = level[vessels.parent[level] >= 0]
        np.maximum.at(reach_mm, vessels.parent[inner], reach_mm[inner] + vessels.length_mm[inner])
    above = np.maximum(vessels.parent, 0)
    fork = (vessels.parent >= 0) & (vessels.children[above] > 1)
    short = fork & (reach_mm + vessels.length_mm < shorter_mm)
    longest = np.zeros(n)
    np.maximum.at(longest, above[fork], (reach_mm + vessels.length_mm)[fork])
    return vessels.without(short & (reach_mm + vessels.length_mm < longest[above]))
