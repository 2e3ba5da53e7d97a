"""The aorta from its sinuses to its fork, and the plaques in its wall."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy.airways import before_spine
from phantoms.anatomy.body import Body
from phantoms.anatomy.heart import Heart
from phantoms.anatomy.vessel_ways import Bones, radius_mm, way_tube
from phantoms.solids import Ellipsoid, Solid, tube, union

AORTA_WALL_MM = 1.5
# where the aorta lies: on the heart (reference mm), free in the upper chest, before the spine (x, before, z); calibre
ROOT = ((-9, 15.5, 41, "ascending_aorta"), (3, 17, 57, "ascending_aorta"), (13, 19, 76, "ascending_aorta"))
SINUSES_MM, SINUS_OUT_MM = (-4.5, 16.0, 47.0), 8.5
ARCH = (
    (18, 15, 98, "ascending_aorta"), (12, 10, 115, "aortic_arch"), (0, 5, 125, "aortic_arch"),
    (-13, -5, 127, "aortic_arch"), (-22, -21, 121, "aortic_arch"), (-26, -37, 107, "descending_aorta_proximal"),
)  # fmt: skip
DESCENDING = (
    (-26, -3, 92, "descending_aorta_proximal"), (-25, -3, 60, "descending_aorta"), (-23, -2, 20, "descending_aorta"),
    (-20, 0, -20, "aorta_diaphragm"), (-16, 8, -60, "aorta_diaphragm"), (-11, 11, -95, "aorta_celiac"),
    (-8, 11, -122, "aorta_suprarenal"), (-6, 11, -160, "aorta_infrarenal"), (-4, 11, -205, "aorta_infrarenal"),
    (-3, 10, -228, "aorta_bifurcation"), (-2, 9, -238, "aorta_bifurcation"),
)  # fmt: skip
# calcified plaques: from this age, so many more a year; most of them below the kidneys, in the arch, and in the iliacs
PLAQUE_AGE_Y, PLAQUES_PER_Y = 48.0, 0.45
PLAQUE_MM = (0.8, 1.7)
UNFOLDS_FROM_Y, UNFOLDS_MM_PER_Y, UNFOLDS_MM = 45.0, 0.2, 8.0
"""The ageing aorta grows longer: its arch rises, its descending part bows to the left (from memory, to be checked)."""


def aorta_path(body: Body, heart: Heart, bones: Bones) -> tuple[Float[ndarray, "n 3"], Float[ndarray, " n"]]:
    """Middle line and radius of the aorta's lumen."""
    older = float(np.clip(UNFOLDS_MM_PER_Y * (body.age_y - UNFOLDS_FROM_Y), 0, UNFOLDS_MM))
    arch = np.array([knot[:3] for knot in ARCH], float) + older * np.array([[0.4, 0.4, 0.3]] + [[-0.2, 0, 0.8]] * 5)
    spine = np.array([before_spine(bones, *knot[:3]) for knot in DESCENDING])
    spine[:4, 0] -= older * np.array([0.5, 0.8, 0.8, 0.3])
    points = np.concatenate([[heart.place(*knot[:3]) for knot in ROOT], arch, spine])
    radii = [radius_mm(body, str(knot[3])) - AORTA_WALL_MM for knot in (*ROOT, *ARCH, *DESCENDING)]
    radii[0] *= 0.85
    return points, np.array(radii)


def aorta(body: Body, heart: Heart, bones: Bones) -> Solid:
    """Its lumen, without the sinuses."""
    return way_tube(*aorta_path(body, heart, bones))


def sinuses(body: Body, heart: Heart) -> Solid:
    """The three bulges over the cusps of the aortic valve."""
    axis = np.array([0.45, 0.25, 0.86]) / np.linalg.norm([0.45, 0.25, 0.86])
    side = np.cross(axis, [0.0, 1.0, 0.0]) / np.linalg.norm(np.cross(axis, [0.0, 1.0, 0.0]))
    radius = radius_mm(body, "aortic_sinus") - AORTA_WALL_MM - SINUS_OUT_MM
    balls = []
    for turn in np.radians((30, 150, 270)):
        out = SINUS_OUT_MM * (np.cos(turn) * side + np.sin(turn) * np.cross(axis, side))
        middle = heart.place(*(np.array(SINUSES_MM) + out)).tolist()
        balls.append(Ellipsoid(middle, (radius, radius, 1.25 * radius)))
    return union(*balls)


def plaques_in(body: Body, heart: Heart, bones: Bones) -> Solid | None:
    """Calcified plaques in the wall of the aorta, the more the older."""
    dice = body.dice("plaques")
    count = dice.poisson(max(body.age_y - PLAQUE_AGE_Y, 0) * PLAQUES_PER_Y * body.latent("plaques", 1.0))
    if not count:
        return None
    path, radii = aorta_path(body, heart, bones)
    where = np.where(dice.random(count) < 0.65, dice.uniform(14, 19, count), dice.uniform(3, 14, count))
    return union(*(_plaque(path, radii, place, dice) for place in where))


def _plaque(path, radii, place: float, dice) -> Solid:
    """A short crust on the inside of the wall, at `place` along the knots of the aorta."""
    knots = np.arange(len(path))
    ahead = np.stack([np.interp(place + d, knots, path[:, n]) for d in (-0.05, 0.05) for n in range(3)]).reshape(2, 3)
    axis = (ahead[1] - ahead[0]) / np.linalg.norm(ahead[1] - ahead[0])
    side = np.cross(axis, (0.3, 0.9, 0.1))
    side /= np.linalg.norm(side)
    turn = dice.uniform(0, 2 * np.pi) + np.linspace(-0.5, 0.5, 4) * dice.uniform(0.2, 1.0)
    slant = np.linspace(-0.5, 0.5, 4) * dice.uniform(0, 9)
    out = np.cos(turn)[:, None] * side + np.sin(turn)[:, None] * np.cross(axis, side)
    points = ahead.mean(axis=0) + (np.interp(place, knots, radii) + 0.2) * out + slant[:, None] * axis
    return tube(points, dice.uniform(*PLAQUE_MM, 4))
