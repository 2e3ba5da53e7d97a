"""The retina's vessels: arcades from the disc, their daughters to the fovea, and three capillary nets between them.

A fundus is drawn (vascular.fundus), its tree sprouts over all of it and then, finer, in the field. The tissue gives
every end its flow, the flow every vessel its calibre; arteries and veins that cross make way for each other in depth.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata.centrelines import resample, smooth
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ARTERY, ROOT, VEIN, Vessels
from vascular.angiogenesis import Sprouting, regress, sprout
from vascular.fundus import EXTENT_MM, PERIPHERY, Fundus, Laterality, as_seen, fundus
from vascular.plexus import Layer, close_circulation, net

BED = "retina"
BRANCH_DEG = (81.5, 8.0)
"""Of sprouts, so that the forks of smoothed vessels have the 78 degrees of Luo 2017, PMC6024667."""
LARGE = Sprouting(
    iterations=25,
    candidates=1500,
    need_mm=0.33,
    apart_mm=0.25,
    reached_mm=0.24,
    reach_mm=0.9,
    step_mm=0.1,
    notch_mm=0.4,
    clear_mm=0.12,
    spread_deg=45.0,
    branch_deg=BRANCH_DEG,
    waver_deg=9.0,
    expansion=0.0,
)
LARGE_ROUNDS, LARGE_SHORTEST_MM = 3, 0.45
"""Between rounds, branches shorter than this go back."""
SMALL = Sprouting(
    iterations=40,
    candidates=600,
    need_mm=0.15,
    apart_mm=0.12,
    reached_mm=0.11,
    reach_mm=0.35,
    step_mm=0.05,
    notch_mm=0.15,
    clear_mm=0.05,
    spread_deg=40.0,
    branch_deg=BRANCH_DEG,
    following=0.5,
    expansion=0.005,
)
SMALL_MM2, SMALL_SHORTEST_MM = 16.0, 0.1
"""Area for which SMALL has its candidates."""
MARGIN_MM = 0.4
"""The fine tree and the nets grow so far beyond the field, and are then cut."""

FLOW_MM3_S_MM2 = 1.5e-3
"""Of blood to the macula by area: 40-50 uL/min for 1100 mm2, most of it to the centre (memory)."""
BEYOND_MM2 = 15.0
"""Area that the vessels at the edge of the fundus still have to feed, as macula (memory)."""
CALIBRE_MM, MM2_AT_CALIBRE = 0.010, 0.30
"""A vessel of this radius feeds so much macula: calibrated on the share of large vessels in real fields."""
EXPONENT = MappingProxyType({ARTERY: 2.59, VEIN: 1.95})
"""Of flow over radius, in vessels of 50-100 um and here in those below too. Luo 2017, PMC6024667."""
WIDE_MM, WIDE_EXPONENT = 0.035, 2.7
"""From this radius on. Nakamura and Awa 2014, PMC3966250, for 0.1-1 mm."""
EXPONENT_SD = 0.08
"""From eye to eye (memory)."""
CALIBRE_SD = 0.05
"""Of ln(radius), from eye to eye (memory)."""
THINNEST_MM = 0.0032
DEMAND_LATTICE_MM = 0.1

LAYERS = (
    Layer(depth_mm=0.036, mesh_mm=0.066),
    Layer(depth_mm=0.084, mesh_mm=0.072),
    Layer(depth_mm=0.112, mesh_mm=0.058),
)
"""Superficial, intermediate and deep plexus, in 0.13 mm of inner retina (depths from memory of Campbell 2017)."""
ZONE = (1.0, 0.9, 1.12)
"""Radius of each layer's zone without capillaries over that of the superficial one (memory)."""
RIM = 0.35
"""Meshes are drawn so far into the zone, in mesh widths: what they leave open is then as large as drawn."""
BETWEEN_MM = 0.11
"""From one capillary between two layers to the next."""
DEEP_ENDS = 0.35
"""Share of arterioles and venules that reach the deepest layer too."""
ROOF_MM, WALL_MM = 0.006, 0.004
"""Least depth of a vessel's upper wall, unless it is wide; between an artery and a vein that cross."""
STEP_MM, BEND_MM = 0.05, 0.08


@dataclass(frozen=True, kw_only=True)
class Retina(Growth):
    """Grows vessels "retina" in a square field around the fovea: 3 mm, 6 mm, or up to 12 mm for the whole fundus.

    They lie in the frame of a fundus picture (vascular.fundus.as_seen), whatever the patient's grid is. mesh: width of
    the meshes of the capillary nets over that of a healthy eye.
    """

    field_mm: Annotated[float, Ge(1), Le(12)] = 3.0
    laterality: Laterality = "right"
    mesh: Annotated[float, Gt(0)] = 1.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        return replace(scene, vessels=MappingProxyType({**scene.vessels, BED: self.grow(rng)}))

    def grow(self, rng: Generator) -> Vessels:
        """The vessels of a retina, with the flow of arteries and veins."""
        eye = fundus(rng)
        trees = self._trees(eye, rng)
        capillaries = net(
            tuple(replace(layer, mesh_mm=layer.mesh_mm * self.mesh) for layer in LAYERS),
            (self.field_mm, self.field_mm),
            lambda layer, at: (
                np.hypot(*at.T) > ZONE[layer] * eye.faz_radius_mm(*at.T) - self.mesh * LAYERS[layer].mesh_mm * RIM
            ),
            BETWEEN_MM,
            rng,
        )
        whole = close_circulation(trees, capillaries, DEEP_ENDS, rng)
        return replace(whole, points_mm=as_seen(whole.points_mm, self.laterality).astype(np.float32))

    def _trees(self, eye: Fundus, rng: Generator) -> Vessels:
        half = self.field_mm / 2
        everywhere = eye.tissue((-EXTENT_MM[0] / 2, -EXTENT_MM[1] / 2), EXTENT_MM)
        trees = eye.trunks
        for _ in range(LARGE_ROUNDS):
            trees = regress(sprout(trees, everywhere, LARGE, rng), LARGE_SHORTEST_MM)
        side = min(self.field_mm + 2 * MARGIN_MM, EXTENT_MM[1])
        here = eye.tissue((-side / 2, -side / 2), (side, side))
        fine = replace(SMALL, candidates=int(SMALL.candidates * side**2 / SMALL_MM2))
        trees = regress(sprout(trees, here, fine, rng), SMALL_SHORTEST_MM)
        trees = smooth(resample(trees, STEP_MM), BEND_MM)
        trees = in_depth(with_calibre(trees, rng))
        return cut(trees, half)


def with_calibre(trees: Vessels, rng: Generator) -> Vessels:
    """Flow from the area that each end feeds, and radius from flow."""
    area = _area_of_ends(trees)
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


def _area_of_ends(trees: Vessels) -> Float[ndarray, " n"]:
    """mm2 of macula that each end feeds or drains: what is nearer to it than to other ends of its kind; 0 elsewhere."""
    u, v = np.meshgrid(*(np.arange(-e / 2, e / 2, DEMAND_LATTICE_MM) + DEMAND_LATTICE_MM / 2 for e in EXTENT_MM))
    places = np.column_stack([u.ravel(), v.ravel()])
    need = np.where(np.hypot(*places.T) < 3, 1.0, PERIPHERY) * DEMAND_LATTICE_MM**2
    edge = (np.abs(places) > np.array(EXTENT_MM) / 2 - 2 * DEMAND_LATTICE_MM).any(axis=1)
    need[edge] += BEYOND_MM2 / np.count_nonzero(edge)
    area = np.zeros(len(trees))
    for kind in EXPONENT:
        ends = trees.ends[trees.kind[trees.ends] == kind]
        _, nearest = KDTree(trees.points_mm[ends, :2]).query(places)
        area[ends] = np.bincount(nearest, need, len(ends)) + DEMAND_LATTICE_MM**2 / 10
    return area


def in_depth(trees: Vessels) -> Vessels:
    """Vessels at the depth of the superficial plexus, wide ones deeper; where two cross, the artery lies above."""
    radius = trees.radius_mm.astype(float)
    way = np.zeros(len(trees))
    arteries, veins = (np.flatnonzero(trees.kind == kind) for kind in (ARTERY, VEIN))
    tree = KDTree(trees.points_mm[veins, :2])
    near = tree.query_ball_point(trees.points_mm[arteries, :2], radius[arteries] + radius[veins].max() + STEP_MM / 2)
    a = np.repeat(arteries, [len(n) for n in near])
    v = veins[np.concatenate([np.array(n, int) for n in near])]
    close = (
        np.linalg.norm(trees.points_mm[a, :2] - trees.points_mm[v, :2], axis=1) < radius[a] + radius[v] + STEP_MM / 2
    )
    a, v = a[close], v[close]
    need = radius[a] + radius[v] + WALL_MM
    share = radius[v] / (radius[a] + radius[v])
    np.maximum.at(way, a, need * share)
    np.maximum.at(way, v, need * (1 - share))
    for _ in range(6):
        inner = trees.segments
        above, here = way[trees.parent[inner]], way[inner]
        np.maximum.at(way, trees.parent[inner], 0.8 * here)
        way[inner] = np.maximum(way[inner], 0.8 * above)
    depth = np.maximum(LAYERS[0].depth_mm, radius + ROOF_MM) + np.where(trees.kind == ARTERY, -way, way)
    points = trees.points_mm.copy()
    points[:, 2] = depth
    return replace(trees, points_mm=points)


def cut(trees: Vessels, half_mm: float) -> Vessels:
    """What lies within half_mm of the fovea, left, right, up and down; single points go."""
    inside = trees.take(np.asarray((np.abs(trees.points_mm[:, :2]) <= half_mm).all(axis=1)))
    return inside.take((inside.parent != ROOT) | (inside.children > 0))


def example(rng: Generator) -> Vessels:
    """A right macula of 3 mm."""
    return Retina().grow(rng)
