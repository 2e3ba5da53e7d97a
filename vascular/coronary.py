"""The coronary vessels: arteries in the grooves of the heart and over its surface, then into the muscle; veins beside.

Everything is placed in epicardial coordinates that follow from the chambers: the grooves are where the surface is as
far from two of them, the base is where the atria lie, the apex the farthest point of the ventricles. Right dominance
(the right artery reaches the crux and gives the posterior descending one) is the rule, in some 85 % (memory).
The great cardiac vein goes up with the anterior descending artery and on with the circumflex one to the coronary
sinus, which also takes the middle vein from behind and the small one from the right, and opens into the right atrium at
the crux (Gray's Anatomy, 41st edition, ch. 57).
Diameters: left main 4.5 mm, anterior descending 3.7 to 1.9, right 3.9, or 2.8 if the left is dominant (Dodge 1992,
Circulation 86:232); coronary sinus 6 mm, wider only at its mouth (memory). Flow: 70 mL/min per 100 g (Guyton and Hall
2016, table 17-1).
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt
from jaxtyping import Bool, Float
from numpy import ndarray
from numpy.random import Generator

from simdata import Grid, Growth, Scene, Vessels
from simdata.vessels import merge
from vascular.apart import apart, parted, with_room
from vascular.cco import grow, seeds
from vascular.centreline import extended, rounded
from vascular.domain import away_mm
from vascular.organ import BLOCKED, blood_mm3_s, close_up, ending_in, entered, first_of, present, required, tubes

BED, VEINS = "coronary", "coronary_vein"
LEFT_MM, RIGHT_MM = 2.25, MappingProxyType({"right": 1.95, "balanced": 1.7, "left": 1.4})
SINUS_MM = 3.0
USUAL_MM3 = 1.4e5
APART_MM, BESIDE = 2.5, 8.0
"""Ways keep so far from vessels that are there, where they can at so many times the cost."""
SHELL_MM, WALLS_MM, GROOVE_MM = 5.0, 5.5, 3.0
"""Thickness of the epicardium with its fat; how much thicker the left wall is than the right; breadth of a groove."""
BULGE_MM = 3.0
"""Where vessels cross, one may lie so far outside of the epicardium."""
BEND_MM, STEP_MM = 7.0, 2.0
"""Large vessels bend over this length or more, and are drawn in steps of so much."""
SURFACE = 0.04
"""Share of the ends that are grown on the surface before any goes into the muscle."""
ROOT_MMHG = MappingProxyType({BED: 95.0, VEINS: 4.0})


@dataclass(frozen=True, eq=False)
class Heart:
    """What the arteries need to know: voxels of chambers, muscle and fat, and where the aorta begins."""

    grid: Grid
    left: Bool[ndarray, "x y z"]
    right: Bool[ndarray, "x y z"]
    left_atrium: Bool[ndarray, "x y z"]
    right_atrium: Bool[ndarray, "x y z"]
    muscle: Bool[ndarray, "x y z"]
    fat: Bool[ndarray, "x y z"]
    aorta: Bool[ndarray, "x y z"]

    @property
    def atria(self) -> Bool[ndarray, "x y z"]:
        return self.left_atrium | self.right_atrium


@dataclass(frozen=True, kw_only=True)
class Coronary(Growth):
    """Grows coronary arteries and veins, with so many `terminals` each, over and into the ventricles.

    Adds the bed coronary, one tree from each ostium at the root of the aorta, and coronary_vein, from the right atrium.
    Raises SceneError if a chamber, the muscle or the aorta is not in view.
    """

    terminals: Annotated[int, Ge(100)] = 2500
    dominance: Literal["right", "balanced", "left"] = "right"
    blood_ml_min_100ml: Annotated[float, Gt(0)] = 70.0

    def __call__(self, scene: Scene, rng: Generator) -> Scene:
        view = close_up(scene, ["heart_myocardium"], "Coronary")
        chambers = {
            name: required(view, [f"heart_{side}_{room}"], "Coronary")
            for side in ("left", "right")
            for room, name in (("ventricle", side), ("atrium", f"{side}_atrium"))
        }
        heart = Heart(
            grid=view.grid,
            **chambers,
            muscle=view.mask("heart_myocardium"),
            fat=present(view, ["epicardial_fat", "coronary_artery"]),
            aorta=first_of(view, ["aorta"], "Coronary"),
        )
        return replace(scene, vessels=MappingProxyType({**scene.vessels, **self.grow(heart, rng)}))

    def grow(self, heart: Heart, rng: Generator) -> dict[str, Vessels]:
        """Arteries and veins on and in a heart, by bed."""
        grid, fed = heart.grid, _of_ventricles(heart) & heart.muscle
        shell = (heart.muscle | heart.fat) & (away_mm(_outside(heart), grid) < SHELL_MM)
        starts = _mains(heart, shell, self.dominance)
        flow = blood_mm3_s(np.count_nonzero(fed) * grid.voxel_mm3, self.blood_ml_min_100ml)
        wide = [
            replace(start, radius_mm=start.radius_mm + np.float32(1.5 * max(grid.spacing_mm)))
            for start in starts.values()
        ]
        surface = entered(shell, wide, grid, shell & _of_ventricles(heart))
        whole = entered(heart.muscle | heart.fat, wide, grid, fed)
        few = max(round(SURFACE * self.terminals), 30)
        made: dict[str, Vessels] = {}
        for bed, names in ((BED, ("left", "right")), (VEINS, ("veins",))):
            others = [*made.values(), *(start for name, start in starts.items() if name not in names)]
            first = grow(surface, merge([starts[name] for name in names]), few, flow, rng, around=others, least=10)
            tree = grow(whole, first, self.terminals, flow, rng, around=others, least=self.terminals // 2)
            made[bed] = tree.vessels(ROOT_MMHG[bed])
        fed = heart.muscle | heart.fat
        made = parted(apart(made, _bulging(heart, shell), grid, fed=fed))
        return {bed: ending_in(fed, vessels, grid) for bed, vessels in made.items()}


def _bulging(heart: Heart, shell: Bool[ndarray, "x y z"]) -> Bool[ndarray, "x y z"]:
    """The shell and what lies outside within a vessel's width: there one of two that cross lifts the pericardium."""
    return shell | (_outside(heart) & (away_mm(shell, heart.grid) < BULGE_MM))


def _outside(heart: Heart) -> Bool[ndarray, "x y z"]:
    return ~(heart.left | heart.right | heart.atria | heart.muscle | heart.fat)


def _of_ventricles(heart: Heart) -> Bool[ndarray, "x y z"]:
    """All that lies nearer to a ventricle, by the thickness of its wall, than to the atria."""
    grid = heart.grid
    ventricle = np.minimum(away_mm(heart.left, grid) - WALLS_MM, away_mm(heart.right, grid))
    return ventricle < away_mm(heart.atria, grid)


def _mains(heart: Heart, shell: Bool[ndarray, "x y z"], dominance: str) -> dict[str, Vessels]:
    """The left and the right artery along the grooves, from the ostia on, and the veins beside them."""
    grid, grooves = heart.grid, _grooves(heart, shell, dominance)
    # the right artery reaches the crux from its own side
    left_groove = grooves.ring & (np.tensordot(grid.points_mm() - grooves.crux, grooves.to_right, axes=1) < -GROOVE_MM)
    size = (np.count_nonzero(heart.muscle) * grid.voxel_mm3 / USUAL_MM3) ** (1 / 3)
    cost = np.where(shell, np.where(grooves.septal | grooves.ring, 0.25, 1.2), BLOCKED)
    reach = away_mm(shell, grid) < 2.5 * max(grid.spacing_mm)
    aorta, atrium = (grid.world_mm(np.argwhere(room & reach)) for room in (heart.aorta, heart.right_atrium))
    made = {}
    for name, room, radius, kind in (
        ("left", aorta, LEFT_MM, "artery"),
        ("right", aorta, RIGHT_MM[dominance], "artery"),
        ("veins", atrium, SINUS_MM, "vein"),
    ):
        goals = grooves.goals[name]
        mouth = room[int(np.argmin(np.linalg.norm(room - goals[0], axis=1)))]
        price = np.where(left_groove, np.maximum(cost, BESIDE), cost) if name == "right" else cost
        way = extended(seeds([mouth.tolist()], size * radius, kind), np.array(goals), price, grid)
        made[name] = rounded(way, BEND_MM, STEP_MM)
        cost = np.where(away_mm(tubes(made[name], grid), grid) < APART_MM, np.maximum(cost, BESIDE), cost)
    free = _bulging(heart, shell) | heart.aorta | heart.right_atrium
    return {name: ending_in(shell, start, grid) for name, start in with_room(made, free, grid, fed=shell).items()}


@dataclass(frozen=True, eq=False)
class _Grooves:
    """The grooves in which large vessels lie.

    septal: between the ventricles. ring: below the atria. crux: where both meet behind. to_right: unit vector to the
    right ventricle. goals: the places that each large vessel passes, in turn.
    """

    septal: Bool[ndarray, "x y z"]
    ring: Bool[ndarray, "x y z"]
    crux: Float[ndarray, " 3"]
    to_right: Float[ndarray, " 3"]
    goals: dict[str, list[Float[ndarray, " 3"]]]


def _grooves(heart: Heart, shell: Bool[ndarray, "x y z"], dominance: str) -> _Grooves:
    grid = heart.grid
    left, right, atria = (away_mm(part, grid) for part in (heart.left, heart.right, heart.atria))
    between = np.abs(left - WALLS_MM - right) < GROOVE_MM
    ring = np.abs(np.minimum(left - WALLS_MM, right) - atria) < GROOVE_MM
    on_ventricles = np.minimum(left - WALLS_MM, right) < atria + GROOVE_MM
    septal, ring = shell & between & on_ventricles, shell & ring

    rooms = {"left": heart.left, "right": heart.right, "atria": heart.atria}
    middle = {name: grid.world_mm(np.argwhere(room).mean(axis=0)) for name, room in rooms.items()}
    down = _unit(middle["left"] - middle["atria"])
    to_right = _unit(middle["right"] - middle["left"] - down * (down @ (middle["right"] - middle["left"])))
    front = np.cross(to_right, down)
    front *= np.sign(front[1])

    def at(mask: ndarray, direction: ndarray) -> Float[ndarray, " 3"]:
        points = grid.world_mm(np.argwhere(mask if mask.any() else shell))
        return points[int(np.argmax((points - middle["left"]) @ direction))]

    level = np.tensordot(grid.points_mm() - middle["left"], down, axes=1)
    side = np.tensordot(grid.points_mm() - middle["left"], front, axes=1)
    high, low = float(level[septal].min()), float(level[septal].max())
    anterior, posterior = septal & (side > 8), septal & (side < -8)

    def along(mask: ndarray, share: float) -> Float[ndarray, " 3"]:
        points = np.argwhere(mask)
        wanted = high + share * (low - high)
        return grid.world_mm(points[int(np.argmin(np.abs(level[tuple(points.T)] - wanted)))])

    descending = [along(anterior, share) for share in (0.12, 0.35, 0.6, 0.85)] + [at(shell, down)]
    crux = along(posterior, 0.08)
    behind = [crux, *(along(posterior, share) for share in (0.3, 0.55, 0.75))]
    circumflex = [at(ring, -to_right + 0.5 * front), at(ring, -to_right - 0.5 * front)]
    halfway = shell & (np.abs(level - high - 0.5 * (low - high)) < 4)
    left_margin = [at(halfway, -to_right + turn * front) for turn in (0.7, -0.5)]
    rightward = [at(ring, to_right + 0.8 * front), at(ring, to_right - 0.6 * front)]
    right_margin = at(halfway, to_right + 0.2 * front)
    goals = {
        "left": [*descending, *circumflex, *left_margin, *(behind if dominance == "left" else [])],
        "right": [*rightward, right_margin, *({"right": behind, "balanced": [crux]}.get(dominance, []))],
        "veins": [crux, *circumflex[::-1], *descending, *behind[1:], rightward[1], *left_margin],
    }
    return _Grooves(septal, ring, crux, to_right, goals)


def _unit(vector: ndarray) -> ndarray:
    return vector / np.linalg.norm(vector)


def shape() -> Heart:
    """A heart from formulas: two ventricles in their muscle, atria as one, the root of the aorta, fat."""
    grid = Grid.regular((92, 92, 92), 1.4)
    down = _unit(np.array([-0.66, 0.58, -0.48]))
    to_right = _unit(np.array([0.62, 0.76, 0.07]) - down * (down @ np.array([0.62, 0.76, 0.07])))
    axes = np.stack([to_right, np.cross(down, to_right), down])
    u, v, w = np.moveaxis((grid.points_mm() + 8 * down - 8 * to_right) @ axes.T, -1, 0)

    def egg(a, b, c, ra, rb, rc):
        return ((u - a) / ra) ** 2 + ((v - b) / rb) ** 2 + ((w - c) / rc) ** 2

    cut = w > -24
    outer = (egg(0, 0, 0, 33, 33, 56) < 1) & (w > -27)
    left = (egg(0, 0, 0, 24, 24, 46) < 1) & cut
    body = (egg(24, -3, -4, 33, 38, 48) < 1) & (w > -27)
    right = (egg(24, -3, -4, 29, 34, 44) < 1) & cut & ~outer
    rooms = (egg(-6, 6, -48, 26, 22, 20) < 1) | (egg(34, -2, -44, 22, 24, 20) < 1)
    aorta = (np.hypot(u - 8, v + 14) < 11) & (w < -24) & (w > -62)
    walls = (egg(-6, 6, -48, 28, 24, 22) < 1) | (egg(34, -2, -44, 24, 26, 22) < 1)
    rooms &= ~outer & ~body & ~aorta
    whole = outer | body | walls
    filled = away_mm(away_mm(whole, grid) >= 9, grid) > 5.5
    muscle = whole & ~left & ~right & ~rooms & ~aorta
    fat = filled & ~whole & ~aorta
    return Heart(grid, left, right, rooms & (u < 14), rooms & (u >= 14), muscle, fat, aorta)


def example(rng: Generator) -> Vessels:
    """The arteries and veins of a heart without a patient, right-dominant."""
    return merge(list(Coronary().grow(shape(), rng).values()))
