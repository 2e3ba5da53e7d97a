"""The lungs' three trees: airways that fill the lobes, arteries beside them, and veins between.

Airways go on from the bronchi that the anatomy has by volume filling. Their radii obey Murray's cubic law, as Weibel's
do (1963: half the width at every eighth branch by generations of 2^(-1/3)) and Horsfield's (1976, Bull Eur Physiopathol
Respir 12:643: diameter and length ratio both the cube root of the branching ratio), from the calibres of Weibel 1997 at
4.8 L: trachea 18 mm, main bronchi 12, lobar 8.3 mm; others by the cube root of the volume. Pulmonary arteries have the
exponent 2.92 (Dong 2020, PMC7473930), close to the same. A lung has some 30 000 terminal bronchioles (Weibel 1963).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator
from scipy.ndimage import maximum_filter

from simdata import Grid, Growth, Scene, SceneError, Vessels, structure, vessel_tree
from simdata.centrelines import resample
from simdata.vessels import ROOT, merge
from vascular.apart import apart, expected, meetings, parted, squeezed, with_room, yielding
from vascular.cco import seeds
from vascular.centreline import RIM, extended
from vascular.companion import GAP, companion, rerooted, supernumerary
from vascular.domain import Domain, away_mm, between, bounds, depth_mm
from vascular.filling import fill, places, sites
from vascular.from_ends import from_ends
from vascular.murray import CUBIC, flow_from_ends, radii_from_ends
from vascular.organ import (
    Gate,
    about_mm,
    chain,
    close_up,
    ending_in,
    entered,
    first_of,
    gate,
    passable,
    present,
    stem,
    trunk,
    tubes,
)

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
BARRED = ("heart", "pulmonary_vein", "aorta", "superior_vena_cava")
BRONCHUS = MappingProxyType({(AIRWAY, "middle_lobe"): ("lung_airway_lower_lobe_right",)})
"""The intermediate bronchus is drawn with the lower lobe."""
RADIUS_MM = MappingProxyType({AIRWAY: 4.15, ARTERY: 4.6, VEIN: 4.4})
"""Where a lobe of 0.96 L begins, a fifth of both lungs; of others by the cube root of the volume."""
USUAL_MM3 = 4.8e6
LITRE_MIN = 1e6 / 60
SUPERNUMERARY, THIN, TWIG, MAJOR = 0.6, 0.7, 0.5, 4
"""Supernumerary arteries, as a share of segments; their radius over that of other ends; an airway of less than
half the radius of an artery ends where the artery lies; what is no twig has at least this Strahler order."""
HILUM_MM = 10.0
"""Large vessels may give way so far out of the lobes."""
SEPTAL_MM = 3.0
"""Veins end where no airway is nearer than so, if there is such a place: at the borders of lobules."""


@dataclass(frozen=True, kw_only=True)
class Lung(Growth):
    """Grows airways, pulmonary arteries and veins of about so many `terminals` each in the lobes that are in view.

    They go on from the vessels that the anatomy has in every lobe (lung_airway_*, lung_artery_*, lung_vein_*), which
    begin at the main bronchi, the pulmonary artery, and the pulmonary veins or the left atrium.
    Blood and breath in L/min for lungs of 4.8 L. Adds the beds lung_airway, lung_artery, lung_vein.
    Raises SceneError if no lobe is in view.
    """

    terminals: Annotated[int, Ge(200), Le(100_000)] = 6000
    blood_l_min: Annotated[float, Gt(0)] = 5.0
    breath_l_min: Annotated[float, Gt(0)] = 6.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        volume = {lobe: np.count_nonzero(scene.mask(_tissue(lobe))) * scene.grid.voxel_mm3 for lobe in LOBES}
        lobes = [lobe for lobe in LOBES if volume[lobe] > 0]
        if not lobes:
            raise SceneError("Lung: no lobe is in view; a field of view that holds one would do")
        ends = {lobe: round(self.terminals * volume[lobe] / sum(volume.values())) for lobe in lobes}
        drawn = {lobe: _drawn(scene, lobe, volume[lobe]) for lobe in lobes}
        windpipe = _windpipe(scene, [one.starts[AIRWAY] for one in drawn.values()])
        hilum = {lobe: expected(one.starts[AIRWAY]) for lobe, one in drawn.items()}
        placed = {
            lobe: _lobe(drawn[lobe], merge([windpipe, *(hilum[other] for other in lobes if other != lobe)]))
            for lobe in lobes
        }
        veins = merge([place.starts[VEIN] for place in placed.values()])
        bundles = [self.bundle(placed[lobe], veins, ends[lobe], rng) for lobe in lobes]
        arteries = [_major(artery) for _, artery in bundles]
        grown = [
            self.drained(placed[lobe], *bundle, [*arteries[:n], *arteries[n + 1 :]], ends[lobe], rng)
            for n, (lobe, bundle) in enumerate(zip(lobes, bundles, strict=True))
        ]
        tissue = present(scene, map(_tissue, lobes))
        beds = _settled_together({name: merge([trees[name] for trees in grown]) for name in KIND}, tissue, scene)
        if len(windpipe):
            beds[AIRWAY] = joined(windpipe, beds[AIRWAY])
            for name in (ARTERY, VEIN):
                beds[AIRWAY], beds[name] = squeezed(beds[AIRWAY], yielding(beds[name], [beds[AIRWAY]]))
        beds = {name: ending_in(tissue, vessels, scene.grid) for name, vessels in beds.items()}
        return replace(scene, vessels=MappingProxyType({**scene.vessels, **beds}))

    def bundle(self, lobe: "Lobe", veins: Vessels, count: int, rng: Generator) -> tuple[Vessels, Vessels]:
        """The airways of a lobe to `count` places, and the arteries beside them; these leave the larger veins room."""
        given = lobe.starts[AIRWAY]
        points, parent = fill(lobe.domain, given, places(lobe.domain, count, rng))
        air = lobe.domain.volume_mm3 / USUAL_MM3 * self.breath_l_min * LITRE_MIN
        airway = _tree(points, parent, np.ones(len(points)), given, lobe, AIRWAY, air)
        beside = _beside(airway, lobe, self._blood_mm3_s(lobe), rng)
        artery = _moved(ARTERY, beside, [_major(airway), lobe.around, veins], lobe)
        airway = _without(airway, artery, len(given))
        return airway, _settled(ARTERY, artery, [airway, lobe.around], lobe)

    def drained(
        self, lobe: "Lobe", airway: Vessels, artery: Vessels, arteries: Sequence[Vessels], count: int, rng: Generator
    ) -> dict[str, Vessels]:
        """All three trees of a lobe: its veins drain `count` places between its airways. arteries: of other lobes."""
        around = [lobe.around, *arteries]
        vein = _moved(VEIN, lobe.starts[VEIN], [_major(airway), _major(artery), *around], lobe)
        airway, artery = (
            _without(tree, vein, len(lobe.starts[name])) for name, tree in ((AIRWAY, airway), (ARTERY, artery))
        )
        taken = [airway, artery, *around]
        vein = _settled(VEIN, vein, taken, lobe)
        away = np.where(lobe.sheath.demand > 0, _away_mm(airway, lobe.sheath), 0)
        septal = lobe.sheath.spread(np.where(away >= min(SEPTAL_MM, 0.8 * away.max()), 1.0, 0.0))
        points, parent = fill(lobe.sheath, vein, places(septal, count, rng))
        vein = _tree(points, parent, np.ones(len(points)), vein, lobe, VEIN, self._blood_mm3_s(lobe))
        blood, held = {ARTERY: artery, VEIN: vein}, {"around": merge([airway, *around])}
        blood = apart(blood, lobe.sheath.room_mm > 0, lobe.sheath.grid, held=held, home=lobe.home, fed=lobe.fed)
        vein = yielding(blood[VEIN], [airway, blood[ARTERY], *around])
        bundle = {AIRWAY: airway, ARTERY: blood[ARTERY]}
        bundle = {name: _without(tree, vein, len(lobe.starts[name])) for name, tree in bundle.items()}
        return {**bundle, VEIN: vein}

    def _blood_mm3_s(self, lobe: "Lobe") -> float:
        return lobe.domain.volume_mm3 / USUAL_MM3 * self.blood_l_min * LITRE_MIN


@dataclass(frozen=True, eq=False)
class Lobe:
    """What the trees of a lobe start from, and where the artery meets the bronchus (a row).

    domain: the lobe with its bronchi, where airways grow. sheath: with the room around its larger bronchi, too.
    around: the windpipe and the bronchi of the other lobes. home: of each tree the large vessel that it begins in.
    """

    domain: Domain
    sheath: Domain
    around: Vessels
    home: Mapping[str, Bool[ndarray, "x y z"]]
    starts: Mapping[str, Vessels]
    meets: int

    @property
    def fed(self) -> Bool[ndarray, "x y z"]:
        """Where vessels may end."""
        return self.sheath.demand > 0


@dataclass(frozen=True, eq=False)
class Drawn:
    """What the anatomy has of a lobe, in a close-up: its tissue, and its bronchi and larger veins as trees.

    large: the vessel that each tree begins in. enters: where the artery does. barred: voxels of the heart and of the
    veins, through which no artery goes.
    """

    grid: Grid
    tissue: Bool[ndarray, "x y z"]
    large: Mapping[str, Bool[ndarray, "x y z"]]
    starts: Mapping[str, Vessels]
    enters: Gate
    barred: Bool[ndarray, "x y z"]


def _tissue(lobe: str) -> str:
    return TISSUE.get(lobe, f"lung_{lobe}")


def _drawn(scene: Scene, lobe: str, volume_mm3: float) -> Drawn:
    """What a lobe starts from, in a close-up."""
    view = close_up(scene, [_tissue(lobe)], "Lung")
    grid, tissue = view.grid, view.mask(_tissue(lobe))
    size = (len(LOBES) * volume_mm3 / USUAL_MM3) ** (1 / 3)
    drawn = {name: first_of(view, [f"{name}_{lobe}"], "Lung") for name in KIND}
    large = {name: present(view, (*UPSTREAM[name], *BRONCHUS.get((name, lobe), ()))) for name in KIND}
    large = {name: mask if mask.any() else drawn[name] for name, mask in large.items()}
    gates = {name: gate(drawn[name], large[name], grid, (size * RADIUS_MM[name],) * 2) for name in KIND}
    starts = {name: trunk(gates[name], drawn[name], grid, KIND[name]) for name in (AIRWAY, VEIN)}
    starts[VEIN] = resample(starts[VEIN], gates[VEIN].radius_mm)
    barred = present(view, [*BARRED, *(f"{VEIN}_{lobe}" for lobe in LOBES)])
    return Drawn(grid, tissue, large, starts, gates[ARTERY], barred)


def _lobe(drawn: Drawn, around: Vessels) -> Lobe:
    """The places of a lobe, and starts that leave each other and what is around room."""
    grid, tissue = drawn.grid, drawn.tissue
    meets, artery = _to_bronchus(drawn, around)
    everywhere = np.ones_like(tissue)
    bronchi = expected(drawn.starts[AIRWAY])
    others = {ARTERY: artery, VEIN: drawn.starts[VEIN]}
    held = {AIRWAY: merge([bronchi, around])}
    starts = {AIRWAY: bronchi, **with_room(others, everywhere, grid, held=held, home=drawn.large)}
    bundle = replace(bronchi, radius_mm=bronchi.radius_mm + 2.5 * artery.radius_mm[0])
    vessels = tubes(starts[ARTERY], grid) | tubes(starts[VEIN], grid)
    free = tissue & ~(vessels & ~tubes(bronchi, grid))
    sheath = entered(tissue, [bundle, starts[ARTERY], starts[VEIN]], grid)
    return Lobe(entered(free, [bronchi], grid), sheath, around, drawn.large, starts, meets)


def _to_bronchus(drawn: Drawn, around: Vessels) -> tuple[int, Vessels]:
    """Where a pulmonary artery reaches the bronchus of its lobe before it forks (a row), and its way there."""
    grid, one, bronchi = drawn.grid, drawn.enters, drawn.starts[AIRWAY]
    points, begin = bronchi.points_mm.astype(float), grid.world_mm(one.outer)
    forked = bronchi.children > 1
    for level in bronchi.levels[1:]:
        forked[level] |= forked[bronchi.parent[level]]
    stem_of_it = np.setdiff1d(np.flatnonzero(~forked & (bronchi.parent != ROOT)), sites(bronchi))
    stem_of_it = stem_of_it if len(stem_of_it) else np.array([min(1, len(bronchi) - 1)])
    meets = int(stem_of_it[np.argmin(np.linalg.norm(points[stem_of_it] - begin, axis=1))])
    along = points[meets] - points[max(bronchi.parent[meets], 0)]
    away = begin - points[meets]
    away -= away @ along * along / max(along @ along, 1e-9)
    end = points[meets] + GAP * (one.radius_mm + bronchi.radius_mm[0]) * away / max(np.linalg.norm(away), 1e-9)
    airway = merge([expected(bronchi), around])
    blocked = tubes(replace(airway, radius_mm=airway.radius_mm + one.radius_mm), grid)
    blocked |= maximum_filter(drawn.barred, [2 * round(one.radius_mm / mm) + 1 for mm in grid.spacing_mm])
    last = np.clip(np.rint(grid.index(end)).astype(int), 0, np.array(grid.shape) - 1)
    way = stem(Gate(one.outer, last, one.radius_mm), blocked, grid, "artery")
    return meets, resample(way, one.radius_mm) if len(way) > 1 else way


def _beside(airway: Vessels, lobe: Lobe, blood: float, rng: Generator) -> Vessels:
    """The artery of a lobe: from the pulmonary artery to the bronchus, along all of its branches, and twigs."""
    start = lobe.starts[ARTERY]
    leader = rerooted(airway, lobe.meets)
    width = start.radius_mm[0] / airway.radius_mm[0] * leader.radius_mm.astype(float)
    side = start.points_mm[-1].astype(float) - leader.points_mm[leader.roots[0]]
    points, parent, of = companion(leader, width, side / np.linalg.norm(side))
    twigs, leave = supernumerary(points, parent, of, leader, width, SUPERNUMERARY, rng)
    points = np.concatenate([start.points_mm, points, twigs])
    parent = np.where(parent == ROOT, len(start) - 1, parent + len(start))
    parent = np.concatenate([start.parent, parent, leave + len(start)])
    ends = np.where(np.arange(len(points)) < len(points) - len(twigs), 1.0, THIN)
    return _tree(points, parent, ends, start, lobe, ARTERY, blood)


def _major(vessels: Vessels) -> Vessels:
    """What is of a higher Strahler order than twigs."""
    return vessels.take(vessels.order >= MAJOR)


def _moved(name: str, part: Vessels, others: Sequence[Vessels], lobe: Lobe) -> Vessels:
    """A tree that has given way to others, as far as it can in its lobe and the sheath."""
    grid, held = lobe.sheath.grid, {"others": merge(list(others))}
    return apart({name: part}, lobe.sheath.room_mm > 0, grid, held=held, home=lobe.home, fed=lobe.fed)[name]


def _settled(name: str, part: Vessels, others: Sequence[Vessels], lobe: Lobe) -> Vessels:
    """A tree that has given way to others, and is narrower, or ends, where it could not."""
    return yielding(_moved(name, part, others, lobe), others)


def _settled_together(beds: Mapping[str, Vessels], tissue: Bool[ndarray, "x y z"], scene: Scene) -> dict[str, Vessels]:
    """The trees of all lobes, parted: arteries and veins give way into what lies about the hila, too."""
    free = (about_mm(tissue, scene.grid) < HILUM_MM) & ~present(scene, BARRED)
    blood = {name: beds[name] for name in (ARTERY, VEIN)}
    moved = apart(blood, free, scene.grid, held={AIRWAY: beds[AIRWAY]}, fed=tissue)
    return parted({AIRWAY: beds[AIRWAY], **moved})


def _without(tree: Vessels, wider: Vessels, given: int) -> Vessels:
    """A tree without the twigs that a wider one runs into; the first `given` points stay."""
    pairs = meetings(tree, wider)
    thin = tree.radius_mm[pairs[:, 0]] < TWIG * wider.radius_mm[pairs[:, 1]]
    bad = np.zeros(len(tree), bool)
    bad[pairs[thin, 0]] = True
    bad[:given] = False
    return tree.without(bad)


def _tree(
    points: ndarray, parent: ndarray, size: ndarray, start: Vessels, lobe: Lobe, bed: str, flow: float
) -> Vessels:
    """A tree of a lobe that goes on from its start, whose points come first; what leads out of the lobe is left out.

    size: radii of the ends over each other. flow: of all, mm3/s.
    """
    bare = vessel_tree(points, parent, size)
    wanted = lobe.sheath.demand_at(bare.points_mm) > 0
    wanted[: len(start)] = True
    bare = bare.leading_to(wanted)
    return from_ends(
        bare.points_mm.astype(float),
        bare.parent,
        bare.radius_mm.astype(float),
        root_mm=start.radius_mm[0],
        kind=KIND[bed],
        root_mmhg=ROOT_MMHG[bed],
        flow_mm3_s=flow,
    )


def _away_mm(airway: Vessels, domain: Domain) -> Float[ndarray, "x y z"]:
    """How far each voxel of a lobe lies from the next airway, mm."""
    airway_voxels = np.zeros(domain.grid.shape, bool)
    voxel = np.rint(domain.grid.index(airway.points_mm.astype(float))).astype(int)
    airway_voxels[tuple(voxel.T)] = True
    return away_mm(airway_voxels, domain.grid)


def _windpipe(scene: Scene, bronchi: Sequence[Vessels]) -> Vessels:
    """The way from the top of the trachea to where the bronchi of the lobes begin; nothing where it is out of view."""
    windpipe = scene.mask("trachea")
    if not windpipe.any():
        return merge([])
    places = np.argwhere(windpipe)
    top = scene.grid.world_mm(places[np.argmax(scene.grid.world_mm(places)[:, 2])])
    lumina = present(scene, ["trachea", *UPSTREAM[AIRWAY], *(f"{AIRWAY}_{lobe}" for lobe in LOBES)])
    low, high = bounds(lumina)
    grid = scene.grid.crop(tuple(low.tolist()), tuple((high - low).tolist()))
    lumina = lumina[between(low, high)]
    depth = depth_mm(lumina, grid)
    roots = np.concatenate([part.points_mm[part.roots] for part in bronchi]).astype(float)
    cost = passable(depth, lumina, np.zeros_like(lumina)) / (1 + depth)
    way = extended(seeds([top.tolist()], 1.0, "airway"), roots, cost, grid)
    voxel = np.clip(np.rint(grid.index(way.points_mm.astype(float))).astype(int), 0, np.array(grid.shape) - 1)
    measured = maximum_filter(depth, 3)[tuple(voxel.T)] - RIM * min(grid.spacing_mm)
    return replace(way, radius_mm=np.maximum(measured, 0.1).astype(np.float32))


def joined(way: Vessels, trees: Vessels) -> Vessels:
    """Trees hung on the ends of a way that leads to their roots: as wide as all they carry by the cubic law, or wider.

    Flow follows from theirs, and pressure from the way's upper end on.
    """
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
    radius = np.concatenate([way.radius_mm, trees.radius_mm])
    flow = np.concatenate([np.zeros(len(way)), trees.flow_mm3_s])
    radius[upper] = np.maximum(radius[upper], radii_from_ends(above, radius[upper], CUBIC))
    flow[upper] = flow_from_ends(above, flow[upper])
    pressure = np.concatenate([np.zeros(len(way)), trees.pressure_mmhg])
    return vessel_tree(points, parent, radius, "airway", flow, pressure)


def shape() -> Scene:
    """A chest from formulas: five lobes with trachea, bronchi, a pulmonary trunk and veins from a left atrium."""
    grid = Grid.regular((104, 72, 100), 2.8)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    side = np.abs(x)
    dome = -95 + 30 * np.exp(-(((side - 72) / 42) ** 2) - ((y - 5) / 55) ** 2)
    body = ((side - 74) / 62) ** 2 + (y / 88) ** 2 + (np.maximum(z + 20, 0) / 150) ** 2.4
    heart = ((x + 22) / 62) ** 2 + ((y - 32) / 52) ** 2 + ((z + 55) / 62) ** 2
    lungs = (body < 1) & (z > dome) & (heart > 1) & (side > 16)
    right, below = x > 0, z < 20 - 0.9 * (y + 10)
    lobes = {
        "lung_upper_lobe_right": right & ~below & (z >= 8), "lung_middle_lobe_right": right & ~below & (z < 8),
        "lung_lower_lobe_right": right & below, "lung_upper_lobe_left": ~right & ~below,
        "lung_lower_lobe_left": ~right & below,
    }  # fmt: skip
    labels = np.zeros(grid.shape, np.uint16)
    for name, part in lobes.items():
        labels[lungs & part] = structure(name).id
    labels[((x + 4) / 26) ** 2 + ((y - 4) / 18) ** 2 + ((z + 30) / 16) ** 2 < 1] = structure("heart_left_atrium").id
    for name, radius, way in TUBES:
        labels[tubes(chain(np.array(way, float), radius, "airway"), grid)] = structure(name).id
    return Scene(grid, labels)


TUBES = (
    ("pulmonary_artery", 9.0, ((-14, 34, -10), (-8, 18, 14))),
    ("pulmonary_artery", 7.0, ((-8, 18, 14), (14, 4, 14), (30, 0, 12))),
    ("pulmonary_artery", 7.0, ((-8, 18, 14), (-22, 2, 14), (-34, -4, 12))),
    ("lung_artery_upper_lobe_right", 4.0, ((30, 0, 12), (40, 0, 22), (52, 0, 40))),
    ("lung_artery_middle_lobe", 3.0, ((32, 4, 8), (46, 16, 8), (60, 38, 4))),
    ("lung_artery_lower_lobe_right", 4.5, ((34, -4, 8), (52, -10, 0), (62, -26, -36))),
    ("lung_artery_upper_lobe_left", 4.5, ((-34, -4, 16), (-44, 0, 24), (-56, 6, 40))),
    ("lung_artery_lower_lobe_left", 4.5, ((-36, -6, 6), (-46, -16, -6), (-58, -28, -42))),
    ("lung_vein_upper_lobe_right", 4.0, ((18, 14, -24), (34, 18, -8), (56, 24, 24))),
    ("lung_vein_middle_lobe", 3.0, ((18, 12, -30), (38, 36, -22), (56, 54, -24))),
    ("lung_vein_lower_lobe_right", 4.0, ((18, -6, -36), (38, -14, -40), (62, -24, -64))),
    ("lung_vein_upper_lobe_left", 4.0, ((-26, 14, -24), (-40, 24, -8), (-56, 30, 20))),
    ("lung_vein_lower_lobe_left", 4.0, ((-26, -6, -36), (-44, -14, -40), (-62, -26, -64))),
    ("trachea", 8.0, ((0, 0, 118), (0, -6, 60), (2, -16, 24))),
    ("main_bronchus_right", 6.0, ((2, -16, 24), (12, -18, 12), (22, -18, 4))),
    ("main_bronchus_left", 5.5, ((2, -16, 24), (-12, -20, 10), (-26, -20, -2))),
    ("lung_airway_upper_lobe_right", 4.0, ((22, -18, 6), (38, -16, 18), (52, -14, 40))),
    ("lung_airway_lower_lobe_right", 4.5, ((22, -18, 4), (36, -26, -12), (48, -38, -44))),
    ("lung_airway_middle_lobe", 3.2, ((32, -22, -6), (44, 6, -4), (60, 34, -8))),
    ("lung_airway_upper_lobe_left", 4.2, ((-26, -20, -2), (-40, -14, 8), (-54, -8, 36))),
    ("lung_airway_lower_lobe_left", 4.4, ((-26, -20, -2), (-42, -24, -14), (-56, -38, -46))),
)
"""Name, radius and way of every vessel of the chest from formulas, mm."""


def example(rng: Generator) -> Vessels:
    """Both lungs without a patient: all three trees."""
    return merge(list(Lung(terminals=3000)(shape(), rng).vessels.values()))
