"""The brain's vessels: arteries from the circle of Willis over the gyri and into the cortex, veins to the sinuses.

Carotid and vertebral arteries, the circle and the sinuses are where the anatomy has them. The named branches run from
there over the surface, through the fissures, to places that are given as shares of the cerebrum (Talairach and Tournoux
1988; Kretschmann and Weinrich 2004): anterior arteries on the medial side, middle ones from the lateral fissure over
the convexity, posterior ones round the brain stem to the occipital lobe, three to each half of the cerebellum. Smaller
ones cover the surface between, and from these short arteries dive into the cortex at right angles, one in ten on into
the white matter (Duvernoy, Delon and Vannson 1981, Brain Res Bull 7:519). Bridging veins lead to the superior sagittal
and the transverse sinuses, deep ones to the straight sinus. Flow: 50 mL/min per 100 g (Guyton and Hall 2016, table
17-1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Bool, Float, Shaped
from numpy import ndarray
from numpy.random import Generator
from scipy.spatial import KDTree

from simdata import Grid, Growth, Scene, Vessels, structure, vessel_tree
from simdata.centrelines import smooth
from simdata.vessels import merge
from vascular.apart import parted, with_room
from vascular.cco import grow
from vascular.centreline import branched, centreline, extended
from vascular.domain import away_mm, bounds
from vascular.from_ends import from_ends
from vascular.murray import Murray
from vascular.organ import BLOCKED, blood_mm3_s, chain, close_up, entered, present, required, tubes

ARTERY, VEIN = "brain_artery", "brain_vein"
SIDES = {"left": -1.0, "right": 1.0}
HOLLOW = (
    "lateral_ventricle_left", "lateral_ventricle_right", "inferior_lateral_ventricle_left",
    "inferior_lateral_ventricle_right", "third_ventricle", "fourth_ventricle",
)  # fmt: skip
CEREBRUM = ("cerebral_cortex_left", "cerebral_cortex_right")
CEREBELLUM = ("cerebellar_cortex_left", "cerebellar_cortex_right")
CAROTID_MM, VERTEBRAL_MM, BEFORE_MM = 2.0, 1.6, 8.0
"""Radii of arteries where they enter the skull: half of 4 and 3.2 mm (memory); the basilar one is so near the stem."""
SINUS_MM = MappingProxyType({"right": 4.2, "left": 3.4})
"""Radii of the sigmoid sinuses; the right one is wider as a rule (memory)."""
ARTERY_MMHG, VEIN_MMHG = 90.0, 5.0
LAW = Murray(edges_mm=(), exponents=(2.7,))
PIAL_MM, SNAP_MM, SMOOTH_MM, APART_MM = 2.0, 6.0, 2.0, 3.0
PIAL_SHARE, VEIN_SHARE = 0.3, 0.25
"""Shares of `terminals` that are ends on the surface, and of so many veins."""
CIRCLE_MM = 0.5
CORTEX_MM, MEDULLA_MM, MEDULLARY, REACH_MM = (1.2, 2.8), (6.0, 14.0), 0.1, 8.0

# places as shares: right of the middle over half the width, from back to front, from below to the top
MIDDLE = (
    (0.58, 0.66, 0.3), (0.68, 0.47, 0.46), (0.62, 0.92, 0.35), (0.65, 0.86, 0.62), (0.76, 0.68, 0.8), (0.7, 0.55, 0.92),
    (0.72, 0.42, 0.9), (0.75, 0.28, 0.8), (0.82, 0.22, 0.6), (0.88, 0.25, 0.4), (0.92, 0.42, 0.25), (0.92, 0.58, 0.2),
    (0.75, 0.74, 0.14), (0.94, 0.45, 0.6), (0.9, 0.62, 0.62),
)  # fmt: skip
ANTERIOR = (
    (0.04, 0.79, 0.4), (0.04, 0.8, 0.54), (0.04, 0.68, 0.66), (0.04, 0.52, 0.67), (0.04, 0.36, 0.62),
    (0.12, 0.98, 0.45), (0.12, 0.94, 0.7), (0.14, 0.8, 0.92), (0.14, 0.64, 0.99), (0.14, 0.48, 1.0), (0.14, 0.3, 0.93),
    (0.1, 0.9, 0.3),
)  # fmt: skip
POSTERIOR = (
    (0.28, 0.43, 0.3), (0.26, 0.3, 0.34), (0.12, 0.08, 0.36), (0.12, 0.16, 0.62), (0.55, 0.5, 0.1), (0.6, 0.32, 0.14),
    (0.42, 0.08, 0.3), (0.3, 0.04, 0.55),
)  # fmt: skip
UPPER_CEREBELLAR = ((0.25, 0.72, 0.95), (0.3, 0.3, 0.85), (0.62, 0.5, 0.85), (0.12, 0.25, 0.95), (0.9, 0.5, 0.6))
FRONT_CEREBELLAR = ((0.55, 0.9, 0.5), (0.85, 0.7, 0.35), (0.75, 0.45, 0.15))
LOWER_CEREBELLAR = ((0.25, 0.72, 0.12), (0.4, 0.4, 0.04), (0.2, 0.1, 0.35), (0.65, 0.2, 0.35))
BRIDGING = tuple(
    (0.7, y, z) for y, z in ((0.12, 0.6), (0.26, 0.8), (0.4, 0.86), (0.54, 0.86), (0.68, 0.78), (0.84, 0.6))
)
LATERAL = ((0.88, 0.62, 0.42), (0.92, 0.35, 0.3))
DEEP = ((0.05, 0.4, 0.52), (0.06, 0.56, 0.5), (0.3, 0.48, 0.32))


@dataclass(frozen=True, kw_only=True)
class Brain(Growth):
    """Grows arteries of the brain with so many `terminals`, which dive into the cortex, and veins over its surface.

    They begin at the internal carotid and vertebral arteries (head_artery) and at the dural_venous_sinus of both sides.
    Adds the beds brain_artery and brain_vein: a tree for each of these vessels, the arteries linked to a circle.
    Raises SceneError if the brain, a carotid, the circle or the sinuses are not in view.
    """

    terminals: Annotated[int, Ge(500)] = 6000
    blood_ml_min_100ml: Annotated[float, Gt(0)] = 50.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        head = Head(close_up(scene, ["brain"], "Brain"))
        starts = _starts(head)
        flow = blood_mm3_s(np.count_nonzero(head.tissue) * head.grid.voxel_mm3, self.blood_ml_min_100ml)
        trees = [part for name, part in starts.items() if not name.startswith("sinus")]
        sinuses = [part for name, part in starts.items() if name.startswith("sinus")]

        count = round(PIAL_SHARE * self.terminals)
        pial = entered(head.pial, [*trees, *sinuses], head.grid, head.pial)
        surface = grow(pial, merge(trees), count, flow, rng, murray=LAW, around=sinuses, least=count // 4).vessels()
        count = round(VEIN_SHARE * self.terminals)
        veins = grow(pial, merge(sinuses), count, flow, rng, murray=LAW, around=[surface], least=count // 4)
        points, parent = _diving(surface, head, self.terminals, rng)
        arteries = from_ends(
            points, parent, np.ones(len(points)), root_mm=CAROTID_MM, kind="artery", root_mmhg=ARTERY_MMHG,
            flow_mm3_s=flow, murray=LAW,
        )  # fmt: skip
        made = parted({VEIN: veins.vessels(VEIN_MMHG), ARTERY: arteries})
        made[ARTERY] = _circle(made[ARTERY])
        return replace(scene, vessels=MappingProxyType({**scene.vessels, **made}))


class Head:
    """A brain in the fluid around it: voxels of what matters, and places as shares of it."""

    def __init__(self, view: Scene) -> None:
        self.grid = view.grid
        self.carotids = {side: required(view, [f"internal_carotid_artery_{side}"], "Brain") for side in SIDES}
        self.circle = required(view, ["head_artery"], "Brain")
        self.sinus = required(view, ["dural_venous_sinus"], "Brain")
        self.cerebrum, self.cerebellum = (required(view, names, "Brain") for names in (CEREBRUM, CEREBELLUM))
        self.stem = required(view, ["brain_stem"], "Brain")
        self.drawn = self.circle | self.sinus | self.carotids["left"] | self.carotids["right"]
        self.fluid = (present(view, ["brain_csf", "meninges"]) | self.drawn) & ~present(view, HOLLOW)
        self.tissue = view.mask("brain") & ~self.fluid & ~present(view, HOLLOW)

    @cached_property
    def depth_mm(self) -> Float[ndarray, "x y z"]:
        """How far each voxel of tissue lies from the fluid."""
        return away_mm(self.fluid, self.grid)

    @cached_property
    def pial(self) -> Bool[ndarray, "x y z"]:
        """The shell on both sides of the surface."""
        reach = max(PIAL_MM, 1.5 * max(self.grid.spacing_mm))
        near = away_mm(self.tissue, self.grid) < reach
        return (self.fluid & near) | (self.tissue & (self.depth_mm < reach))

    @cached_property
    def surface_mm(self) -> Float[ndarray, "s 3"]:
        """Places in the fluid next to tissue, mm."""
        return self.grid.world_mm(np.argwhere(self.pial & self.fluid))

    @cached_property
    def nearest(self) -> KDTree:
        return KDTree(self.surface_mm)

    @cached_property
    def cost(self) -> Float[ndarray, "x y z"]:
        """Of a way: least in what is drawn, little on the surface, more the deeper in tissue, most through bone."""
        along = np.where(self.fluid, np.where(self.pial, 1.0, 2.0), np.where(self.tissue, 3 + self.depth_mm, BLOCKED))
        return np.where(self.drawn, 0.3, along)

    @cached_property
    def below(self) -> Bool[ndarray, "x y z"]:
        """Under the tentorium: nearer to cerebellum or brain stem than to the cerebrum."""
        return away_mm(self.cerebellum | self.stem, self.grid) < away_mm(self.cerebrum, self.grid)

    def share(self, axis: int) -> Float[ndarray, "x y z"]:
        """Where each voxel lies in the cerebrum's box: -1 to 1 from side to side, 0 to 1 along the other axes."""
        low, high = (self.grid.world_mm(end.astype(float))[axis] for end in bounds(self.cerebrum))
        share = (self.grid.points_mm()[..., axis] - low) / (high - low)
        return 2 * share - 1 if axis == 0 else share

    def places(
        self, of: Bool[ndarray, "x y z"], shares: Iterable[Sequence[float]], side: float
    ) -> Float[ndarray, "k 3"]:
        """Places on the surface nearest to these shares of a part's box, mm."""
        low, high = (self.grid.world_mm(end.astype(float)) for end in bounds(of))
        middle, half = (low + high) / 2, (high - low) / 2
        x, y, z = np.array(list(shares), float).T
        wanted = middle + half * np.stack([side * x, 2 * y - 1, 2 * z - 1], axis=-1)
        return self.surface_mm[np.asarray(self.nearest.query(wanted)[1])]

    def laid(self, way: Vessels) -> Vessels:
        """A way whose points lie on the surface, but for those in vessels that are drawn."""
        points = way.points_mm.astype(float)
        away, which = self.nearest.query(points)
        voxel = np.clip(np.rint(self.grid.index(points)).astype(int), 0, np.array(self.grid.shape) - 1)
        moves = ~self.drawn[tuple(voxel.T)] & (np.asarray(away) < SNAP_MM)
        places = np.where(moves[:, None], self.surface_mm[np.asarray(which)], points)
        return smooth(replace(way, points_mm=places.astype(np.float32)), SMOOTH_MM)


def _starts(head: Head) -> dict[str, Vessels]:
    """Carotids, vertebral and basilar arteries, and sinuses, with their named branches."""
    grid, across, cost = head.grid, head.share(0), head.cost
    starts: dict[str, Vessels] = {}
    for side, sign in SIDES.items():
        own, carotid = sign * across, head.carotids[side]
        above = np.where(head.below & ~carotid, BLOCKED, cost)
        way = centreline(carotid, grid, _lowest(carotid), "artery")
        way = branched(way, head.places(head.cerebrum, MIDDLE, sign), _between(above, own, 0.12, 1.1), grid)
        way = extended(way, head.places(head.cerebrum, ANTERIOR, sign), _between(above, own, 0.0, 0.3), grid)
        starts[side] = head.laid(way)
        cost = _kept_free(cost, starts[side], grid)
    for side, sign in SIDES.items():
        own = sign * across
        way = _vertebral(head, own)
        if side == "left":
            way = extended(way, _basilar_top(head, across), np.where(head.circle, 0.3, cost), grid)
            for other in SIDES.values():
                there = _between(cost, other * across, -0.06, 1.1)
                way = extended(way, head.places(head.cerebrum, POSTERIOR, other), there, grid)
                there = np.where(head.below, there, BLOCKED)
                for shares in (UPPER_CEREBELLAR, FRONT_CEREBELLAR):
                    way = extended(way, head.places(head.cerebellum, shares, other), there, grid)
        lower = np.where(head.below, _between(cost, own, 0.0, 1.1), BLOCKED)
        way = extended(way, head.places(head.cerebellum, LOWER_CEREBELLAR, sign), lower, grid)
        starts[f"vertebral_{side}"] = head.laid(way)
        cost = _kept_free(cost, starts[f"vertebral_{side}"], grid)
    starts |= _sinuses(head, cost)
    return with_room(starts, np.ones(grid.shape, bool), grid)


def _between(cost: Shaped[ndarray, "x y z"], own: Shaped[ndarray, "x y z"], low: float, high: float) -> ndarray:
    return np.where((own > low) & (own < high), cost, BLOCKED)


def _kept_free(cost: Float[ndarray, "x y z"], taken: Vessels, grid: Grid) -> Float[ndarray, "x y z"]:
    """No way leads near what is there."""
    wide = replace(taken, radius_mm=np.full_like(taken.radius_mm, APART_MM))
    return np.where(tubes(wide, grid), BLOCKED, cost)


def _lowest(mask: Bool[ndarray, "x y z"]) -> ndarray:
    voxels = np.argwhere(mask)
    return voxels[int(np.argmin(voxels[:, 2]))]


def _vertebral(head: Head, own: Float[ndarray, "x y z"]) -> Vessels:
    """The beginning of the vertebral artery of a side: what is drawn nearest to the brain stem's lower end."""
    voxels = np.argwhere(head.circle & (own > 0))
    places, foot = head.grid.world_mm(voxels), head.grid.world_mm(_lowest(head.stem).astype(float))
    begin = places[int(np.argmin(np.linalg.norm(places - foot, axis=1)))]
    return chain(np.stack([begin, begin + np.array([0.0, 0.5, 2.0])]), VERTEBRAL_MM, "artery")


def _basilar_top(head: Head, across: Float[ndarray, "x y z"]) -> Float[ndarray, "1 3"]:
    """The highest voxel of the artery that is drawn before the brain stem in the middle, mm."""
    grid = head.grid
    front = grid.world_mm(np.argwhere(head.stem))[:, 1].max()
    near = head.circle & (abs(across) < 0.06) & (np.abs(grid.points_mm()[..., 1] - front) < BEFORE_MM)
    voxels = np.argwhere(near if near.any() else head.circle)
    return grid.world_mm(voxels[[int(np.argmax(voxels[:, 2]))]].astype(float))


def _sinuses(head: Head, cost: Float[ndarray, "x y z"]) -> dict[str, Vessels]:
    """The sinuses, cut left of the middle, with the larger bridging and deep veins."""
    grid, across, made = head.grid, head.share(0), {}
    deep = np.where(head.share(2) < 0.58, cost, BLOCKED)
    for side, part, signs in (("right", across >= -0.06, (1.0, -1.0)), ("left", across < -0.06, (-1.0,))):
        sinus = head.sinus & part
        lateral = sinus & (abs(across) > 0.3)
        way = centreline(sinus, grid, _lowest(lateral if lateral.any() else sinus), "vein")
        for sign in signs:
            own = sign * across
            if side == "right":
                way = extended(way, head.places(head.cerebrum, BRIDGING, sign), _between(cost, own, -0.06, 1.1), grid)
                way = extended(way, head.places(head.cerebrum, DEEP, sign), _between(deep, own, -0.06, 0.4), grid)
            if (side == "right") == (sign > 0):
                way = extended(way, head.places(head.cerebrum, LATERAL, sign), _between(cost, own, 0.0, 1.1), grid)
        way = head.laid(way)
        made[f"sinus_{side}"] = replace(way, radius_mm=np.full_like(way.radius_mm, SINUS_MM[side]))
    return made


def _diving(surface: Vessels, head: Head, terminals: int, rng: Generator) -> tuple[ndarray, ndarray]:
    """Points and parents with arteries that dive from the surface into the cortex, at right angles to it."""
    grid, inside = head.grid, np.stack(list(np.gradient(head.depth_mm)), axis=-1)
    top = head.tissue & (head.depth_mm <= 1.5 * max(grid.spacing_mm))
    voxels = np.argwhere(top)
    voxels = voxels[rng.permutation(len(voxels))[: 2 * terminals]]
    places = grid.world_mm(voxels + rng.uniform(-0.4, 0.4, voxels.shape))
    away, source = KDTree(surface.points_mm.astype(float)).query(places)
    near = np.flatnonzero(np.asarray(away) < REACH_MM)[:terminals]
    places, voxels, source = places[near], voxels[near], np.asarray(source)[near]

    down = (inside[tuple(voxels.T)] / grid.spacing_mm) @ (grid.affine[:3, :3] / grid.spacing_mm).T
    down /= np.maximum(np.linalg.norm(down, axis=1, keepdims=True), 1e-9)
    deep = rng.random(len(near)) < MEDULLARY
    length = np.where(deep, rng.uniform(*MEDULLA_MM, len(near)), rng.uniform(*CORTEX_MM, len(near)))
    length = _in_tissue(places, down, length, head)
    good = length > 0.5
    places, down, length, source = places[good], down[good], length[good], source[good]
    n, k = len(surface), len(places)
    points = np.concatenate([surface.points_mm, places, places + length[:, None] * down])
    return points, np.concatenate([surface.parent, source, n + np.arange(k)])


def _in_tissue(places: ndarray, down: ndarray, length: ndarray, head: Head) -> Float[ndarray, " k"]:
    """How far a straight way stays in tissue, up to its length, mm."""
    share, inside = np.zeros(len(places)), np.ones(len(places), bool)
    for step in np.linspace(0.1, 1.0, 10):
        voxel = np.rint(head.grid.index(places + step * length[:, None] * down)).astype(int)
        voxel = np.clip(voxel, 0, np.array(head.grid.shape) - 1)
        inside &= head.tissue[tuple(voxel.T)]
        share[inside] = step
    return share * length


def _circle(arteries: Vessels) -> Vessels:
    """With the communicating arteries as links: between both sides in front, from either side to behind, and below."""
    left, right, basilar, other = (np.flatnonzero(arteries.root == root) for root in arteries.roots)
    wide = arteries.radius_mm > CIRCLE_MM
    links = [
        _nearest_pair(arteries, a[wide[a]], b[wide[b]])
        for a, b in ((left, right), (left, basilar), (right, basilar), (other, basilar))
    ]
    return vessel_tree(
        arteries.points_mm, arteries.parent, arteries.radius_mm, arteries.kind, arteries.flow_mm3_s,
        arteries.pressure_mmhg, links=np.array(links),
    )  # fmt: skip


def _nearest_pair(vessels: Vessels, first: ndarray, second: ndarray) -> tuple[int, int]:
    away, which = KDTree(vessels.points_mm[second]).query(vessels.points_mm[first])
    n = int(np.argmin(away))
    return int(first[n]), int(second[np.asarray(which)[n]])


def shape() -> Scene:
    """A head from formulas: folded hemispheres, cerebellum and brain stem in fluid, with arteries and sinuses."""
    grid = Grid.regular((76, 96, 72), 2.0)
    x, y, z = np.moveaxis(grid.points_mm(), -1, 0)
    vault = (x / 66) ** 2 + (y / 84) ** 2 + (np.where(z > -10, z - 2, 1.25 * (z - 2)) / 62) ** 2
    back = (x / 52) ** 2 + ((y + 44) / 38) ** 2 + ((z + 40) / 26) ** 2
    stem = (x / 13) ** 2 + ((y + 20) / 13) ** 2 < 1
    folds = (
        np.sin(x / 6.5 + 1.4 * np.sin(z / 17))
        + np.sin(y / 7.5 + 1.2 * np.sin(x / 15))
        + np.sin(z / 6.8 + np.sin(y / 19))
    )
    sylvian = (abs(z + 6 - 0.35 * y) < 2.2) & (abs(x) > 28) & (abs(y) < 36)
    sulci = (np.abs(folds) < 0.3) & (vault > 0.6) | sylvian | (abs(x) < 2.5) & ((z > 6) | (abs(y) > 40))
    tent = z > -24 + 0.3 * (y + 40)
    cerebrum = (vault < 0.88) & ~sulci & (tent | (y > -6)) & ~stem
    labels = np.zeros(grid.shape, np.uint16)
    labels[(vault < 1) | (back < 1.15) | stem & (z > -70) & (z < 0)] = structure("brain_csf").id
    for side, part in (("left", x < 0), ("right", x >= 0)):
        labels[cerebrum & part] = structure(f"cerebral_cortex_{side}").id
        labels[(back < 1) & ~tent & ~stem & part] = structure(f"cerebellar_cortex_{side}").id
    labels[stem & (z > -66) & (z < -6) & ((x / 11) ** 2 + ((y + 22) / 11) ** 2 < 1)] = structure("brain_stem").id
    rim = np.radians(np.arange(15, 196, 15))
    sagittal = np.stack([0 * rim, 80 * np.cos(rim), 2 + 60 * np.sin(rim)], axis=-1)
    for name, radius, way in (("dural_venous_sinus", 3.0, sagittal), *TUBES):
        labels[tubes(chain(np.array(way, float), radius, "artery"), grid)] = structure(name).id
    return Scene(grid, labels)


TUBES = tuple(
    (name.format(side), radius, [(sign * x, y, z) for x, y, z in way])
    for side, sign in SIDES.items()
    for name, radius, way in (
        ("internal_carotid_artery_{}", 2.0, ((26, 6, -68), (22, 8, -48), (13, 12, -34), (13, 14, -28))),
        ("head_artery", 1.2, ((13, 14, -28), (26, 14, -26), (38, 10, -22))),
        ("head_artery", 1.2, ((13, 14, -28), (3, 22, -24), (2.5, 40, -14))),
        ("head_artery", 1.4, ((12, -14, -68), (6, -10, -56), (0, -6, -48), (0, -4, -28), (12, -8, -26))),
        ("dural_venous_sinus", 3.5, ((0, -80, -12), (34, -70, -20), (54, -44, -24), (48, -28, -46), (38, -20, -66))),
        ("dural_venous_sinus", 2.5, ((0, -80, -12), (0, -52, -16), (0, -34, -8))),
    )
)
"""Name, radius and way of every vessel of the head from formulas, mm."""


def example(rng: Generator) -> Vessels:
    """The arteries and veins of a brain without a patient."""
    return merge(list(Brain()(shape(), rng).vessels.values()))
