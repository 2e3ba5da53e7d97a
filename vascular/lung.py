"""The lungs' three trees: airways, arteries that go with them to the same places, and veins that run between them.

Airways fill the lobes; their radii obey Murray's cubic law, as Weibel's do (1963: half the width at every eighth branch
by generations of 2^(-1/3)), from the calibres of Weibel 1997 at 4.8 L: trachea 18 mm, main bronchi 12, lobar 8.3,
segmental 5.6 mm; others by the cube root of the volume. Pulmonary arteries have the exponent 2.92 (Dong 2020,
PMC7473930), close to the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from numpy.random import Generator
from scipy.ndimage import distance_transform_edt

from simdata import Grid, Growth, Scene, SceneError, Vessels, vessel_tree
from simdata.vessels import ROOT, merge
from vascular.cco import grow_together, seeds
from vascular.centreline import extended
from vascular.domain import Domain
from vascular.murray import CUBIC, radii_from_ends
from vascular.organ import close_up, depth_mm, entered, first_of, gate, passable, present, spread_mm, stem, tubes

AIRWAY, ARTERY, VEIN = "lung_airway", "lung_artery", "lung_vein"
KIND = MappingProxyType({AIRWAY: "airway", ARTERY: "artery", VEIN: "vein"})
ROOT_MMHG = MappingProxyType({AIRWAY: 0.0, ARTERY: 15.0, VEIN: 5.0})
LOBES = ("upper_lobe_left", "lower_lobe_left", "upper_lobe_right", "middle_lobe", "lower_lobe_right")
TISSUE = MappingProxyType({"middle_lobe": "lung_middle_lobe_right"})
UPSTREAM = MappingProxyType({
    AIRWAY: ("main_bronchus_left", "main_bronchus_right", "trachea"),
    ARTERY: ("pulmonary_artery",),
    VEIN: ("pulmonary_vein", "heart_left_atrium"),
})  # fmt: skip
BRONCHUS = MappingProxyType({(AIRWAY, "middle_lobe"): ("lung_airway_lower_lobe_right",)})
"""The intermediate bronchus is drawn with the lower lobe."""
CALIBRE_MM = MappingProxyType({AIRWAY: (2.8, 5.2), ARTERY: (3.0, 8.0), VEIN: (2.8, 7.0)})
"""Radii where a lobe of 0.96 L begins, a fifth of both lungs; of others by the cube root of the volume."""
USUAL_MM3 = 4.8e6
LITRE_MIN = 1e6 / 60
GOALS, APART_MM = 7, 6.0


@dataclass(frozen=True, kw_only=True)
class Lung(Growth):
    """Grows airways, pulmonary arteries and veins of so many `terminals` each in the lobes that are in view.

    They go on from the vessels that the anatomy has in every lobe (lung_airway_*, lung_artery_*, lung_vein_*), which
    begin at the main bronchi, the pulmonary artery, and the pulmonary veins or the left atrium.
    Blood and breath in L/min for lungs of 4.8 L. Adds the beds lung_airway, lung_artery, lung_vein.
    Raises SceneError if no lobe is in view.
    """

    terminals: Annotated[int, Ge(200)] = 3000
    blood_l_min: Annotated[float, Gt(0)] = 5.0
    breath_l_min: Annotated[float, Gt(0)] = 6.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        volume = {lobe: np.count_nonzero(scene.mask(_tissue(lobe))) * scene.grid.voxel_mm3 for lobe in LOBES}
        lobes = [lobe for lobe in LOBES if volume[lobe] > 0]
        if not lobes:
            raise SceneError("Lung: no lobe is in view; a field of view that holds one would do")
        total = sum(volume.values())
        beds: dict[str, list[Vessels]] = {name: [] for name in KIND}
        for lobe in lobes:
            domain, starts = _lobe(scene, lobe, (len(LOBES) * volume[lobe] / USUAL_MM3) ** (1 / 3))
            count = round(self.terminals * volume[lobe] / total)
            for name, vessels in self.grow(domain, starts, count, rng).items():
                beds[name].append(vessels)
        grown = {name: merge(parts) for name, parts in beds.items()}
        grown[AIRWAY] = _with_trachea(grown[AIRWAY], scene)
        return replace(scene, vessels=MappingProxyType({**scene.vessels, **grown}))

    def grow(self, domain: Domain, starts: Mapping[str, Vessels], terminals: int, rng: Generator) -> dict[str, Vessels]:
        """The three trees in a lobe, or in both lungs, from where they start; flows by its share of 4.8 L."""
        share = domain.volume_mm3 / USUAL_MM3
        blood, breath = share * self.blood_l_min * LITRE_MIN, share * self.breath_l_min * LITRE_MIN
        count = max([terminals, *(3 * len(start.ends) for start in starts.values())])
        flow = {AIRWAY: breath, ARTERY: blood, VEIN: blood}
        trees = grow_together(domain, starts, count, flow, rng, follows={ARTERY: AIRWAY}, murray=CUBIC)
        return {name: tree.vessels(ROOT_MMHG[name]) for name, tree in trees.items()}


def _tissue(lobe: str) -> str:
    return TISSUE.get(lobe, f"lung_{lobe}")


def _lobe(scene: Scene, lobe: str, size: float) -> tuple[Domain, dict[str, Vessels]]:
    """The domain of a lobe, and what its three trees start from: branches to places all over the lobe."""
    view = close_up(scene, [_tissue(lobe)], "Lung")
    grid, tissue, starts = view.grid, view.mask(_tissue(lobe)), {}
    depth, taken = depth_mm(tissue, grid), np.zeros_like(tissue)
    wide = size * APART_MM
    for name, kind in KIND.items():
        drawn = first_of(view, [f"{name}_{lobe}"], "Lung")
        large = present(view, (*UPSTREAM[name], *BRONCHUS.get((name, lobe), ())))
        door = drawn & ~taken
        one = gate(door, large if large.any() else drawn, grid, [size * mm for mm in CALIBRE_MM[name]])
        way = stem(one, taken, grid, kind)
        free = (depth > wide) & ~taken
        goals = spread_mm(free if free.any() else tissue & ~taken, GOALS, way.points_mm[-1], grid)
        starts[name] = extended(way, goals, passable(depth, drawn, taken), grid)
        taken |= np.asarray(distance_transform_edt(~tubes(starts[name], grid), sampling=grid.spacing_mm)) < wide
    return entered(tissue, starts.values(), grid), starts


def _with_trachea(lobes: Vessels, scene: Scene) -> Vessels:
    """Joins the airways of the lobes to one tree from the top of the trachea, wherever that is in view."""
    windpipe = scene.mask("trachea")
    if not windpipe.any():
        return lobes
    tubes = present(scene, ["trachea", *(f"{AIRWAY}_{lobe}" for lobe in LOBES)])
    places = np.argwhere(windpipe)
    top = scene.grid.world_mm(places[np.argmax(scene.grid.world_mm(places)[:, 2])])
    roots = lobes.points_mm[lobes.roots].astype(float)
    depth = np.asarray(distance_transform_edt(tubes, sampling=scene.grid.spacing_mm))
    cost = passable(depth, tubes, np.zeros_like(tubes)) / (1 + depth)
    way = extended(seeds([top.tolist()], 1.0, "airway"), roots, cost, scene.grid)
    return joined(way, lobes)


def joined(way: Vessels, trees: Vessels) -> Vessels:
    """Trees hung on the ends of a way that leads to their roots; the way's radii and flows follow from theirs."""
    ends = way.ends
    near = [
        int(ends[np.argmin(np.linalg.norm(way.points_mm[ends] - root, axis=1))])
        for root in trees.points_mm[trees.roots]
    ]
    points = np.concatenate([way.points_mm, trees.points_mm])
    parent = np.concatenate([way.parent, np.where(trees.parent == ROOT, ROOT, trees.parent + len(way))])
    parent[trees.roots + len(way)] = near
    upper = np.concatenate([np.arange(len(way)), trees.roots + len(way)])
    row = np.full(len(points), ROOT)
    row[upper] = np.arange(len(upper))
    above = np.where(parent[upper] == ROOT, ROOT, row[parent[upper]])
    radius = np.concatenate([np.zeros(len(way)), trees.radius_mm])
    flow = np.concatenate([np.zeros(len(way)), trees.flow_mm3_s])
    radius[upper] = radii_from_ends(above, radius[upper], CUBIC)
    flow[upper] = radii_from_ends(above, np.cbrt(flow[upper]), CUBIC) ** 3
    pressure = np.concatenate([np.zeros(len(way)), trees.pressure_mmhg])
    return vessel_tree(points, parent, np.maximum(radius, 0.1), "airway", flow, pressure)


def shape() -> tuple[Domain, dict[str, Vessels]]:
    """Two lungs from formulas, with trachea, pulmonary trunk and the mouths of four pulmonary veins between them."""
    grid = Grid.regular((104, 72, 100), 2.8)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    side = np.abs(x)
    dome = -95 + 30 * np.exp(-(((side - 72) / 42) ** 2) - ((y - 5) / 55) ** 2)
    body = ((side - 74) / 62) ** 2 + (y / 88) ** 2 + (np.maximum(z + 20, 0) / 150) ** 2.4
    heart = ((x + 22) / 62) ** 2 + ((y - 32) / 52) ** 2 + ((z + 55) / 62) ** 2
    lungs = (body < 1) & (z > dome) & (heart > 1) & (side > 16)
    starts = {
        AIRWAY: _stem(((0, 0, 118), (0, -6, 60), (4, -14, 22)), (
            ((22, -18, 4), (38, -18, 0), (52, -14, 40)), ((22, -18, 4), (38, -18, 0), (54, 10, -22)),
            ((22, -18, 4), (38, -18, 0), (52, -36, -40)), ((-24, -20, -2), (-40, -18, -6), (-54, -10, 36)),
            ((-24, -20, -2), (-40, -18, -6), (-56, -38, -44))), 8.0, "airway"),
        ARTERY: _stem(((-14, 30, -30), (-8, 10, 8)), (
            ((20, 4, 10), (36, -4, 10), (56, 2, 40)), ((20, 4, 10), (36, -4, 10), (60, -22, -46)),
            ((-26, -2, 14), (-42, -4, 10), (-58, 4, 38)), ((-26, -2, 14), (-42, -4, 10), (-62, -24, -50))
        ), 9.0, "artery"),
        VEIN: merge([_stem((), (way,), 5.5, "vein") for way in (
            ((14, 12, -20), (34, 14, -14), (52, 20, 8)), ((12, -4, -38), (34, -8, -36), (52, -20, -60)),
            ((-20, 12, -18), (-36, 16, -12), (-52, 24, 4)), ((-20, -6, -38), (-38, -8, -36), (-54, -22, -62)))]),
    }  # fmt: skip
    return entered(lungs, starts.values(), grid), starts


def _stem(first: Sequence, ways: Sequence, radius_mm: float, kind: str) -> Vessels:
    """A tree from the same first points along every way; points that ways share are one."""
    points: list[tuple] = []
    parent: list[int] = []
    for way in ways:
        at = ROOT
        for point in (*first, *way):
            known = points.index(point) if point in points else None
            if known is None:
                points.append(point)
                parent.append(at)
                known = len(points) - 1
            at = known
    return vessel_tree(np.array(points, float), np.array(parent), np.full(len(points), radius_mm), kind)


def example(rng: Generator) -> Vessels:
    """Both lungs without a patient: all three trees."""
    domain, starts = shape()
    return merge(list(Lung().grow(domain, starts, 2500, rng).values()))
