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
from simdata.errors import SceneError
from simdata.parts import Growth
from simdata.scene import Scene
from simdata.vessels import ARTERY, ROOT, VEIN, Vessels, vessel_tree
from vascular.angiogenesis import GROWN_RADIUS_MM, Sprouting, regress, sprout
from vascular.fundus import EXTENT_MM, Fundus, Laterality, as_seen, fundus
from vascular.plexus import Layer, close_circulation, net
from vascular.supply import perfused, supplied

BED = "retina"
BRANCH_DEG = (81.5, 8.0)
"""Of sprouts, so that the forks of smoothed vessels have the 78 degrees of Luo 2017, PMC6024667."""
SECOND = Sprouting(
    iterations=40,
    candidates=300,
    need_mm=0.7,
    apart_mm=0.5,
    reached_mm=0.45,
    reach_mm=1.4,
    step_mm=0.1,
    notch_mm=0.6,
    clear_mm=0.2,
    spread_deg=25.0,
    branch_deg=BRANCH_DEG,
    waver_deg=9.0,
    expansion=0.0,
)
LARGE = Sprouting(
    iterations=25,
    candidates=1500,
    need_mm=0.33,
    apart_mm=0.25,
    reached_mm=0.24,
    reach_mm=0.9,
    step_mm=0.1,
    notch_mm=0.3,
    clear_mm=0.12,
    spread_deg=38.0,
    branch_deg=BRANCH_DEG,
    following=0.9,
    waver_deg=9.0,
    expansion=0.0,
)
LARGE_ROUNDS, LARGE_SHORTEST_MM = 2, 0.45
"""Between rounds, branches shorter than this go back."""
LARGE_APART_MM, SMALL_APART_MM = (0.1, 0.9), (0.05, 0.0)
"""How near the vessels of each stage come to the foveal avascular zone; how far from the fovea they may pass its sides:
large ones from the disc end before it."""
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
TURNED_DEG, FORK_DEG = 100.0, 50.0
"""Vessels of the retina do not coil; what turns by more than the second in one step is a branch, which begins anew."""
MARGIN_MM = 0.4
"""The fine tree and the nets grow so far beyond the field, and are then cut."""

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
BETWEEN_MM = 0.08
"""From one capillary between two layers to the next."""
JOINED = MappingProxyType({ARTERY: (1.0, 0.0, 0.0), VEIN: (0.0, 0.0, 1.0)})
"""How often arterioles and venules join each layer: blood comes to the superficial net, goes down through the layers
and is collected from the deep one (Freund 2018, Am J Ophthalmol 187: 92) (memory)."""
ROOF_MM, WALL_MM = 0.006, 0.004
"""Least depth of a vessel's upper wall, unless it is wide; between an artery and a vein that cross."""
STEP_MM, BEND_MM = 0.05, 0.08


@dataclass(frozen=True, kw_only=True)
class Retina(Growth):
    """Grows vessels "retina" in a square field around the fovea: 3 mm, 6 mm, or up to 12 mm for the whole fundus.

    They lie in the frame of a fundus picture (vascular.fundus.as_seen), whatever the patient's grid is. mesh: width of
    the meshes of the capillary nets over that of a healthy eye. Raises SceneError in the wall of the other eye.
    """

    field_mm: Annotated[float, Ge(1), Le(12)] = 3.0
    laterality: Laterality = "right"
    mesh: Annotated[float, Gt(0)] = 1.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        number = int(scene.labels[0, 0, 0])
        side = scene.structures[number].laterality if number else ""
        if side not in ("", self.laterality):
            would = f"laterality: {side} would do"
            raise SceneError(f"Retina: a {self.laterality} retina was asked for in the wall of a {side} eye; {would}")
        return replace(scene, vessels=MappingProxyType({**scene.vessels, BED: self.grow(rng)}))

    def grow(self, rng: Generator) -> Vessels:
        """The vessels of a retina, with the flow from arteries through capillaries to veins."""
        eye = fundus(rng)
        trees = self.trees(eye, rng)
        capillaries = net(
            tuple(replace(layer, mesh_mm=layer.mesh_mm * self.mesh) for layer in LAYERS),
            (self.field_mm, self.field_mm),
            lambda layer, at: eye.perfused(at, ZONE[layer], self.mesh * LAYERS[layer].mesh_mm * RIM),
            BETWEEN_MM,
            rng,
        )
        whole = close_circulation(trees, capillaries, JOINED, rng)
        whole = perfused(whole, trees.pressure_mmhg)
        return replace(whole, points_mm=as_seen(whole.points_mm, self.laterality).astype(np.float32))

    def trees(self, eye: Fundus, rng: Generator) -> Vessels:
        """Arteries and veins in the field, in the eye's own frame, with pressure where they begin or are cut."""
        half = self.field_mm / 2
        everywhere = eye.tissue((-EXTENT_MM[0] / 2, -EXTENT_MM[1] / 2), EXTENT_MM, *LARGE_APART_MM)
        trees = eye.trunks
        for stage in (SECOND, *[LARGE] * LARGE_ROUNDS):
            trees = regress(unwound(sprout(trees, everywhere, stage, rng)), LARGE_SHORTEST_MM)
        side = self.field_mm + 2 * MARGIN_MM
        here = eye.tissue((-side / 2, -side / 2), (side, side), *SMALL_APART_MM)
        fine = replace(SMALL, candidates=int(SMALL.candidates * side**2 / SMALL_MM2))
        trees = regress(unwound(sprout(trees, here, fine, rng)), SMALL_SHORTEST_MM)
        trees = smooth(resample(trees, STEP_MM), BEND_MM)
        trees = in_depth(supplied(trees, rng))
        return cut(trees, half)


def unwound(trees: Vessels) -> Vessels:
    """Without what has turned back: a sprout ends where it runs more than TURNED_DEG from how it began."""
    heading = trees.points_mm - trees.points_mm[np.maximum(trees.parent, 0)]
    heading /= np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-9)
    began, lost = heading.copy(), np.zeros(len(trees), bool)
    trunk = trees.radius_mm > GROWN_RADIUS_MM
    for level in trees.levels[1:]:
        above = trees.parent[level]
        goes_on = ~trunk[above] & ((heading[level] * heading[above]).sum(axis=1) > np.cos(np.radians(FORK_DEG)))
        began[level] = np.where(goes_on[:, None], began[above], heading[level])
        back = (heading[level] * began[level]).sum(axis=1) < np.cos(np.radians(TURNED_DEG))
        lost[level] = lost[above] | (back & ~trunk[level])
    return trees.take(~lost)


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
    """What lies within half_mm of the fovea, left, right, up and down; vessels that leave end at the edge.

    Pressure is kept where the trees begin and where they are cut, and is NaN elsewhere: there it is to be found.
    """
    own, above = trees.segments, trees.parent[trees.segments]
    inside = np.asarray((np.abs(trees.points_mm[:, :2]) <= half_mm).all(axis=1))
    crossing = inside[own] != inside[above]
    own, above = own[crossing], above[crossing]
    leaves = inside[above]
    within, beyond = np.where(leaves, above, own), np.where(leaves, own, above)
    at = _share_within(trees.points_mm[within, :2], trees.points_mm[beyond, :2], half_mm)

    def between(values: ndarray) -> ndarray:
        share = at.reshape(-1, *[1] * (values.ndim - 1))
        return (1 - share) * values[within] + share * values[beyond]

    n = len(trees)
    parent = np.append(trees.parent, np.where(leaves, above, ROOT))
    parent[own[~leaves]] = n + np.flatnonzero(~leaves)
    row = np.append(np.arange(n), own)
    begins = np.where(trees.parent == ROOT, trees.pressure_mmhg, np.nan)
    with_edge = vessel_tree(
        np.concatenate([trees.points_mm, between(trees.points_mm)]),
        parent,
        trees.radius_mm[row],
        trees.kind[row],
        trees.flow_mm3_s[row],
        np.append(begins, between(trees.pressure_mmhg)),
    )
    return with_edge.take(np.append(inside, np.ones(len(own), bool)))


def _share_within(inner: Float[ndarray, "k 2"], outer: Float[ndarray, "k 2"], half_mm: float) -> Float[ndarray, " k"]:
    """Of each line from a point in the square to one outside, how much lies in it."""
    beyond = np.abs(outer) > half_mm
    to_edge = (np.sign(outer) * half_mm - inner) / np.where(beyond, outer - inner, 1)
    return np.where(beyond, to_edge, 1.0).min(axis=1)


def example(rng: Generator) -> Vessels:
    """A right macula of 3 mm."""
    return Retina().grow(rng)
