"""The stomach: a J from the fundus under the left dome to the pylorus, with folds, fluid, and gas at the front.

Wall 3 to 4 mm when filled (from memory, to be checked). ICRP 145, man: wall 187 mL, contents 240 mL.
"""

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.trunk import trunk
from phantoms.solids import Layer, Plane, Solid, Waves, smooth_union, tube
from simdata import Subject

WALL_MM = 3.6
# x, y, z, radius (mm) along the middle line, and the share of the dome's rise that a point takes part in
FUNDUS = ((-52, -37, -31, 27, 0.9), (-58, -28, -38, 32, 0.9), (-63, -12, -50, 31, 0.7))
BODY = (
    (-60, -20, -46, 29, 0.8),
    (-66, 6, -64, 28, 0.6),
    (-63, 28, -88, 24, 0.4),
    (-53, 45, -112, 21, 0.2),
    (-35, 54, -126, 19, 0.1),
)
ANTRUM = (
    (-35, 54, -126, 19, 0.1),
    (-14, 57, -126, 17, 0.15),
    (4, 55, -118, 14.5, 0.25),
    (15, 49, -109, 10.5, 0.4),
    (22, 44, -103, 8.0, 0.48),
)
# where the gullet comes in
CARDIA = ((-24, -8, -40, 8, 0.8), (-38, -6, -48, 11, 0.8))
STEP_MM, ROUND_MM = 7.0, 14.0
# folds: amplitude, distance between two, mm, and where they end
FOLD_MM, FOLDS_APART_MM = 1.7, (11.0, 14.0)
# where the level of the gas may lie: y as one lies; height as one stands, when it fills the fundus
GAS_MM = {1: (34.0, 60.0), 2: (-66.0, -44.0)}
GAS_RIDES = 0.8
"""Share of the dome's rise that the level takes part in when one stands."""


def stomach(body: Body, dome_mm: float = 0.0) -> Solid:
    """The outer surface before the neighbours press on it; `dome_mm`: how much higher the dome stands."""
    sway = body.dice("stomach").normal(0, 1, 2) * (3.0, 7.0)
    parts = [_tube(points, dome_mm, sway) for points in (FUNDUS, BODY, ANTRUM, CARDIA)]
    return smooth_union(*parts, round_mm=ROUND_MM).grown(body.grown("stomach"))


def _tube(points, dome_mm: float, sway) -> Solid:
    """One part; the lower it lies, the more it goes along with `sway` (to the right, and up), mm."""
    table = np.array(points, float)
    low = np.clip((-50 - table[:, 2]) / 70, 0, 1)
    low = low * np.clip((15 - table[:, 0]) / 40, 0, 1)
    table[:, 0] += low * sway[0]
    table[:, 2] += low * sway[1] + dome_mm * table[:, 4]
    return tube(table[:, :3], table[:, 3], STEP_MM)


def layers(body: Body, room: Solid, outer: Solid) -> list[Layer]:
    """Gas over fluid within folds within the wall. outer: `stomach`. room: the belly without liver and spleen."""
    whole = outer & room
    lumen = whole.grown(-WALL_MM) + rugae(body)
    level_mm = float(body.dice("stomach_gas").uniform(*GAS_MM[body.up]))
    level_mm += GAS_RIDES * body.latent("dome_mm") * (body.up == 2)
    return [
        Layer(lumen & body.above(level_mm), "stomach_gas"),
        Layer(lumen, "stomach_content"),
        Layer(whole, "stomach"),
    ]


def rugae(body: Body) -> Waves:
    """Folds along the stomach: waves that run across its long axis, mm."""
    rng = body.dice("rugae")
    long = np.array([0.05, 0.62, -0.78])
    across = np.array([[1.0, 0.1, 0.15], [-0.55, 0.65, 0.52], [0.6, 0.62, 0.5]])
    across -= np.outer(across @ long, long) / (long @ long)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    k = 2 * np.pi / rng.uniform(*FOLDS_APART_MM, (3, 1)) * across
    return Waves(k, rng.uniform(0, 2 * np.pi, 3), np.full(3, FOLD_MM / 2))


def preview():
    """The stomach in an empty belly."""
    body = Body(Subject(sex="male"))
    room = trunk(body).cavity.grown(-3) & Plane((0, 0, -6), (0, 0, -1))
    return layers(body, room, stomach(body)), (-20, 10, -80), (190, 180, 140), 2.0
