"""The kidneys from capsule to ureter: cortex and columns, pyramids, calyces and pelvis, sinus fat, perirenal fat.

Each kidney is drawn in its own frame (to the hilum, across it, to the upper pole; mm), then set beside the psoas, its
upper pole leaning inward and back. Volumes of the reference man: ICRP 145 (2020), 205 mL left and 196 mL right with
blood. Length 12 cm, cortex 6 to 7 mm, 8 to 10 pyramids: Gray's Anatomy, 41st ed., ch. 74.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.random import Generator

from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import taken_along
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, depths, sampled, smooth_union, tube, union
from phantoms.solids.solid import MIRROR
from simdata import Subject

SIDES = ("right", "left")
# of the right kidney: where it lies, to the hilum, to the upper pole; the horseshoe lies lower and opens to the front
CENTRE_MM = {"right": (61.0, -32.0, -142.0), "left": (60.0, -32.0, -128.0)}
HILUM, POLE = (-0.82, 0.57, 0.0), (-0.24, -0.22, 1.0)
HORSESHOE_MM = {"right": (48.0, -16.0, -166.0), "left": (48.0, -16.0, -160.0)}
HORSESHOE_HILUM, HORSESHOE_POLE = (-0.30, 0.95, 0.0), (0.26, -0.28, 1.0)
ISTHMUS = ((34, -2, -206), (22, 16, -211), (0, 28, -209))
ISTHMUS_MM = 13.0

# of a bean that is not bent yet: to the hilum, across, to the poles
RADII_MM = (31.0, 27.0, 60.0)
SIZE = {"right": 1.0, "left": 1.015}
BEND_MM = 9.0
CORTEX_MM = 6.5
SINUS = Ellipsoid((21, 0, 0), (20, 10, 27))
# to hilum, across, to upper pole, radius
PELVIS = ((16, 0, 3, 4.2), (25, 0, -3, 6.2), (33, 0, -12, 4.8), (37, 0, -21, 3.0))
PELVIS_FLAT = (0.0, 1.5, 0.0)
MAJOR_CALYCES = ((12.0, 17.0), (11.0, 0.0), (13.0, -17.0))
UROTHELIUM_MM = 0.9
PYRAMID_ARC_DEG = 122.0
PYRAMID_MM = (2.6, 14.0)
# the right ureter below the pelvis: along the psoas, over the iliac vessels, down the wall of the pelvis to the bladder
URETER = (
    (39, 0, -188), (37, 5, -214), (36, 8, -240), (35, 5, -266), (34, -4, -290), (43, -20, -318), (49, -32, -348),
    (44, -36, -374), (31, -28, -390), (22, -20, -395),
)  # fmt: skip
URETER_MM = 2.7
CAPSULE_MM, BED_NARROWS = 3.0, 0.4
FASCIA_MM = 1.3
# along the pole, factor of the kidney's breadth, beyond it: the cone of the renal fascia, open to the iliac fossa
PERIRENAL = ((-104, 0.30), (-84, 0.55), (-50, 0.9), (0, 1.0), (40, 0.86), (66, 0.55), (80, 0.36))
CYSTS_PER_YEAR = 0.012
CYSTS_FROM_Y = 35.0


@dataclass(frozen=True, eq=False)
class Kidney:
    """One kidney in its own frame and the way from there into the body.

    turn, scale, shift_mm: own point p lies at scale turn p + shift. pyramids: how many.
    """

    side: str
    turn: Float[ndarray, "3 3"]
    scale: float
    shift_mm: Float[ndarray, " 3"]
    pyramids: int
    twist: float

    def place(self, solid: Solid) -> Solid:
        """A solid of the own frame in the body."""
        return solid.placed(self.turn, self.scale, self.shift_mm)  # pyright: ignore[reportArgumentType]

    def point(self, own_mm) -> Float[ndarray, " 3"]:
        """A point of the own frame in the body, mm."""
        return self.scale * self.turn @ np.asarray(own_mm, float) + self.shift_mm

    @cached_property
    def bean(self) -> Solid:
        """Cortex, medulla and sinus, own frame: an ellipsoid as the hull of balls, its axis bent around the hilum."""
        h, a, p = RADII_MM
        t = np.linspace(-1, 1, 15) * (p**2 - h**2) / p
        radii = h * np.sqrt(1 - t**2 / (p**2 - h**2))
        knots = np.column_stack([BEND_MM * (t / p) ** 2 - 2, 0 * t, t])
        return tube(knots, radii, flat=(0, h / a, 0))

    @cached_property
    def papillae(self) -> Float[ndarray, "n 3"]:
        """Directions from the middle of the sinus to the pyramids, in a front and a back row; own frame."""
        angle = np.radians(np.linspace(-PYRAMID_ARC_DEG, PYRAMID_ARC_DEG, self.pyramids))
        row = np.where(np.arange(self.pyramids) % 2, 0.52, -0.52) * self.twist * np.cos(angle / 2)
        ways = np.column_stack([-np.cos(angle), row, 1.15 * np.sin(angle)])
        return ways / np.linalg.norm(ways, axis=1, keepdims=True)

    @property
    def tips(self) -> Float[ndarray, "n 3"]:
        """Points of the papillae, on the inside of the sinus; own frame, mm."""
        radii = np.asarray(SINUS.radii) * (0.62, 0.8, 0.86)
        reach = 1 / np.linalg.norm(self.papillae / radii, axis=1)
        return np.array([15.0, 0, 0]) + self.papillae * reach[:, None]

    @property
    def medulla(self) -> Solid:
        """The pyramids: cones from the papillae to the arcs under the cortex; own frame."""
        return _medulla(self.pyramids, self.twist)

    @property
    def urine(self) -> Solid:
        """Minor calyces like cups on the papillae, their necks, three major calyces and the pelvis; own frame."""
        return _urine(self.pyramids, self.twist)

    def cones(self) -> Solid:
        """See `medulla`."""
        cones = [
            tube([tip, tip + way * _room_mm(self.bean, tip, way)], PYRAMID_MM)
            for tip, way in zip(self.tips, self.papillae, strict=True)
        ]
        return union(*cones) & self.bean.grown(-CORTEX_MM)

    def cups(self) -> Solid:
        """See `urine`."""
        funnel = np.array(PELVIS)
        nodes = np.array([(h, 0.0, p) for h, p in MAJOR_CALYCES])
        root = funnel[0, :3]
        necks = [tube([node, root], (2.4, 3.2)) for node in nodes]
        for tip, way in zip(self.tips, self.papillae, strict=True):
            node = nodes[np.abs(nodes[:, 2] - tip[2]).argmin()]
            cup = tube([tip + 0.5 * way, tip - 3 * way], (3.6, 2.2)) - Ellipsoid(tip + 1.5 * way, (3, 3, 3))
            necks += [cup, tube([tip - 3 * way, node], (1.9, 1.9))]
        return union(tube(funnel[:, :3], funnel[:, 3], 4, PELVIS_FLAT), *necks)


def _own(pyramids: int, twist: float) -> Kidney:
    """A kidney that lies in its own frame."""
    return Kidney("right", np.eye(3), 1.0, np.zeros(3), pyramids, twist)


@cache
def _medulla(pyramids: int, twist: float) -> Solid:
    return _own(pyramids, twist).cones()


@cache
def _urine(pyramids: int, twist: float) -> Solid:
    return _own(pyramids, twist).cups()


def kidney(body: Body, side: str) -> Kidney:
    """The kidney of that side as it lies in this person."""
    dice = body.dice(f"kidney_{side}")
    horseshoe = "horseshoe_kidney" in body.variants
    hilum, pole = (np.array(v) for v in ((HORSESHOE_HILUM, HORSESHOE_POLE) if horseshoe else (HILUM, POLE)))
    centre = taken_along(body, [(HORSESHOE_MM if horseshoe else CENTRE_MM)[side]])[0] + dice.normal(0, (1.5, 1.5, 4), 3)
    pole /= np.linalg.norm(pole)
    hilum -= pole * (pole @ hilum)
    hilum /= np.linalg.norm(hilum)
    flip = np.eye(3) if side == "right" else MIRROR
    return Kidney(
        side=side,
        turn=flip @ np.column_stack([hilum, np.cross(pole, hilum), pole]),
        scale=SIZE[side] * float(np.exp(body.grown(f"kidney_{side}") / 30)),
        shift_mm=flip @ centre,
        pyramids=int(dice.integers(8, 11)),
        twist=float(dice.choice([-1, 1])),
    )


def kidneys(body: Body) -> list[Kidney]:
    """Both kidneys, or the one that this person has."""
    return [kidney(body, side) for side in SIDES if f"absent_kidney_{side}" not in body.variants]


def layers(body: Body) -> list[Layer]:
    """Cysts, urine, ureters, sinus fat, pyramids and cortex of both kidneys."""
    return [layer for one in kidneys(body) for layer in (*_cysts(body, one), *_parts(body, one))]


def fat_layers(body: Body) -> list[Layer]:
    """Perirenal fat within the renal fascia (Gerota): below all organs, on top of the fat of the belly."""
    made = []
    for one in kidneys(body):
        space = _perirenal(body, one)
        made += [
            Layer(space.grown(-FASCIA_MM), f"perirenal_fat_{one.side}"),
            Layer(space, f"renal_fascia_{one.side}"),
        ]
    return made


def bed(body: Body) -> Solid:
    """The kidneys with all that lies straight behind them, which liver and spleen keep free; 3 mm of capsule."""
    return union(*(_swept_back(one) for one in kidneys(body)))


def _parts(body: Body, one: Kidney) -> list[Layer]:
    side, bean, urine = one.side, one.place(one.bean), one.place(one.urine)
    sinus = one.place(SINUS) & bean.grown(1)
    ureter = tube(_ureter_knots(body, one), URETER_MM, 8.0)
    return [
        Layer(urine, f"kidney_pelvis_{side}"),
        Layer(urine.grown(UROTHELIUM_MM), f"kidney_pelvis_{side}", "bladder_wall"),
        Layer(ureter.grown(1.0 - URETER_MM), f"ureter_{side}", "urine"),
        Layer(ureter, f"ureter_{side}"),
        Layer(sinus - one.place(one.medulla), f"renal_sinus_fat_{side}"),
        Layer(one.place(one.medulla), f"kidney_medulla_{side}"),
        Layer(_whole(body, one, bean), f"kidney_cortex_{side}"),
    ]


def _whole(body: Body, one: Kidney, bean: Solid) -> Solid:
    """The kidney with its half of the isthmus, if it is a horseshoe."""
    if "horseshoe_kidney" not in body.variants:
        return bean
    knots = np.array(ISTHMUS, float) * (1 if one.side == "right" else -1, 1, 1)
    pole = one.point((4, 0, -RADII_MM[2] + 18))
    bridge = tube(np.vstack([pole, knots[1:]]), ISTHMUS_MM * one.scale, 6.0)
    return smooth_union(bean, bridge, round_mm=10) & Plane((0, 0, 0), knots[0] * (1, 0, 0))


def _ureter_knots(body: Body, one: Kidney) -> Float[ndarray, "n 3"]:
    flip = np.array((1 if one.side == "right" else -1, 1, 1))
    start = [one.point(PELVIS[n][:3]) for n in (2, 3)]
    wander = body.dice(f"ureter_{one.side}").normal(0, (2, 1, 0), (len(URETER), 3))
    wander[-3:] *= 0.3
    low = [knot for knot in (np.array(URETER) + wander) * flip if knot[2] < start[-1][2] - 8]
    return np.vstack([start, low])


def _cysts(body: Body, one: Kidney) -> list[Layer]:
    """Simple cysts that bulge out of the cortex: none in the young, in every third kidney of the old. Chang 2006."""
    dice = body.dice(f"kidney_cysts_{one.side}")
    count = dice.poisson(CYSTS_PER_YEAR * max(body.age_y - CYSTS_FROM_Y, 0))
    return [Layer(one.place(_cyst(one, dice)), f"kidney_cyst_{one.side}") for _ in range(count)]


def _cyst(one: Kidney, dice: Generator) -> Solid:
    radius = float(np.clip(9 * np.exp(dice.normal(0, 0.5)), 3, 32))
    around, up = dice.uniform(-1.9, 1.9), dice.uniform(-0.8, 0.8)
    way = np.array([-np.cos(around), np.sin(around), up])
    way /= np.linalg.norm(way)
    middle = np.array([0.0, 0, 40 * up])
    surface = middle + way * (_room_mm(one.bean, middle, way) + CORTEX_MM)
    middle = surface + way * radius * dice.uniform(-0.5, 0.4)
    return Ellipsoid(tuple(middle), tuple(radius * dice.uniform(0.9, 1.05, 3)))


def _perirenal(body: Body, one: Kidney) -> Solid:
    table = np.array(PERIRENAL)
    margin = body.latent("perirenal_mm", 8.0)
    radii = RADII_MM[0] * table[:, 1] + margin
    knots = np.column_stack([0 * radii - 1, 0 * radii, table[:, 0]])
    return one.place(tube(knots, radii, 8.0, (0, 1.12, 0))).moved((0, -3, 0))


def _swept_back(one: Kidney) -> Solid:
    capsule = one.place(one.bean).grown(CAPSULE_MM)
    reach = one.scale * (RADII_MM[2] + 16)
    low, high = one.shift_mm - reach, one.shift_mm + reach
    turn_y = one.shift_mm[1] - 2

    def depth(x, y, z):
        beside = depths(capsule, np.stack(np.broadcast_arrays(x, np.maximum(y, turn_y), z), axis=-1))
        return beside - BED_NARROWS * np.maximum(turn_y - y, 0)

    return sampled(depth, (low[0], turn_y - 72, low[2]), high, 4.0)  # pyright: ignore[reportArgumentType]


def _room_mm(bean: Solid, start: ndarray, way: ndarray) -> float:
    """How far it is from a point to the inside of the cortex."""
    steps = np.arange(0, 80, 0.5)
    outside = bean.depth(start + steps[:, None] * way) < CORTEX_MM
    return float(steps[outside.argmax()])


def preview():
    """The kidneys of the reference man of 70 years, with a cyst or two."""
    body = Body(Subject("male", 70, 176, 73))
    return layers(body) + fat_layers(body), (0, -25, -240), (220, 130, 390), 2.0
