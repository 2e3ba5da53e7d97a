"""The liver under the right dome of the diaphragm, its eight segments, the gallbladder and the common bile duct.

The liver fills its room down to an oblique undersurface that meets the front wall in a sharp edge. Fissures of the
round and the venous ligament, porta hepatis, groove of the vena cava and fossa of the gallbladder are cut into it;
stomach and right kidney dent it. Segments after Couinaud 1957, parted by the planes of the hepatic veins and of the
portal branches.
Volumes of the reference man: ICRP 145 (2020), liver with blood 2226 mL, bile 56 mL, wall of the gallbladder 10 mL.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import map_coordinates

from phantoms.anatomy import kidneys
from phantoms.anatomy.body import Body
from phantoms.anatomy.diaphragm import above, taken_along
from phantoms.anatomy.duodenum import duodenum
from phantoms.anatomy.spine_curve import line_mm
from phantoms.anatomy.stomach import stomach
from phantoms.anatomy.trunk import slim_cavity, trunk
from phantoms.solids import (
    Ellipsoid,
    Layer,
    Plane,
    Sheet,
    Solid,
    common,
    sheet,
    smooth_common,
    smooth_union,
    tube,
    union,
    waves,
)
from simdata import Streams, Subject

# undersurface: height over x at four places from back to front, mm
UNDER_X_MM = (-100, -75, -55, -30, -10, 20, 50, 80, 110, 140)
UNDER_MM = {
    -60: (4, -16, -36, -51, -70, -104, -146, -168, -174, -174),
    15: (-16, -56, -88, -106, -116, -134, -158, -177, -184, -186),
    75: (-64, -100, -124, -140, -154, -172, -186, -194, -197, -198),
    120: (-78, -106, -128, -144, -158, -174, -188, -196, -199, -200),
}
# how far the medial border gives way to vena cava, adrenal gland and duodenum; how long the tongue of Riedel is
HOLLOW_MM = 10.0
RIEDEL_MM = 55.0
EDGE_MM = 9.0
GAP_MM = 0.6
BULGE_MM, INFANT_BULGE_MM = 35.0, 120.0
"""It follows the wall of a fat belly so far to the front, an infant's farther; what lies before it then is fat."""
# spine with its crura, and the aorta: (x, in front of the middle of the bodies, radius)
PILLARS = ((0.0, -6.0, 27.0), (-14.0, 18.0, 17.0))
# x, y, z, radius of the vena cava behind the liver
CAVA = ((22, -4, -105, 11.5), (24, -11, -70, 12), (26, -15, -35, 12), (30, -2, -6, 12))
# behind and medial of the right kidney, where psoas and diaphragm lie: middle and radii
BEHIND = (((18, -58, -130), (28, 40, 45)), ((60, -82, -195), (55, 38, 50)))
CAUDATE = ((10, -4, -50), (21, 14, 27))
PORTA = ((36, 5, -66), (22, 9, 12))
# fissure of the venous ligament: middle line and half breadth; half thickness
VENOUS = ((0, 13, -24, 12), (3, 14, -48, 18), (8, 13, -76, 20))
VENOUS_MM, VENOUS_NORMAL = 1.5, np.array([-0.22, 0.97, 0.0])
# fissure of the round ligament: x and y of its middle line, height over the undersurface, half height; half thickness
ROUND = ((9, 112, 4, 18), (6, 75, 3, 17), (4, 45, 2, 15), (6, 22, 2, 10))
ROUND_MM = 1.6
# x, y, height over the undersurface, radius of the gallbladder from neck to fundus; bile
GALLBLADDER = ((41, 12, 2, 3.5), (50, 26, 0, 10.5), (58, 43, 0, 16.8), (61, 58, 4, 17.8))
WALL_MM, PRESSES_MM = 1.5, 3.0
FOLLOWS = 0.5
"""How far its fundus gives way to the wall of a slim belly, as a share."""
# common bile duct: hepatic duct, behind the duodenum, through the head of the pancreas to the papilla
DUCT = ((44, 6, -62), (36, 9, -78), (28, 12, -98), (27, 13, -118), (33, 13, -136))
DUCT_MM = 2.2
CYSTIC = ((40, 12, -66), (36, 14, -76), (33, 11, -86))
# planes of the hepatic veins: a point and the normal, which points to the patient's right and back
MIDDLE_VEIN = ((27, -12, -30), (0.93, -0.37, 0.0))
RIGHT_VEIN = ((32, -10, -30), (0.42, -0.90, 0.12))
LEFT_VEIN = ((16, -4, -30), (0.985, 0.17, 0.0))
LEFT_LATERAL = ((-20, 40, -38), (0.0, -0.62, 0.78))
PORTAL_MM = -52.0
STONES_PER_100 = (4.0, 0.35)


@dataclass(frozen=True, eq=False)
class Liver:
    """whole: the liver. under: all above its undersurface. bile: the lumen of the gallbladder, if there is one."""

    whole: Solid
    under: Sheet
    bile: Solid | None

    @property
    def outer(self) -> Solid:
        """Liver and gallbladder."""
        return self.whole if self.bile is None else self.whole | self.bile.grown(WALL_MM)


LEFT_GROWS = 0.5
"""Share of the growth of its undersurface by which a larger liver reaches farther to the left."""
SPREADS = 0.4
"""Share by which it also spreads sideways, over vena cava and gallbladder."""
HANGS = (-60.0, 0.0, 40.0, 80.0, 110.0), (0.15, 0.35, 0.65, 1.05, 1.2)
"""Over x, how much of its growth and of the diaphragm's movement the undersurface takes: the right lobe most."""
RIDES, PORTA_RIDES = 0.5, 0.5
"""Shares of the diaphragm's movement that the liver's undersurface and its hilum follow."""


def liver(body: Body, room: Solid, gut: Solid, colon: Solid, kidney_bed: Solid) -> Liver:
    """The liver in its `room`, the cavity under the diaphragm, dented by gut (but the colon), colon and kidney beds.

    The gallbladder gives way to the gut; it presses into the colon, which gives way as far."""
    under = undersurface(body)
    grown = body.grown("liver")
    bulge_mm = BULGE_MM + INFANT_BULGE_MM * float(np.exp(-body.age_y / 3))
    room = room if body.latent("belly_mm") < bulge_mm else room & slim_cavity(body, bulge_mm)
    lobes = smooth_common(
        room.grown(-GAP_MM), under.grown(SPREADS * grown), _left_end(body).grown(LEFT_GROWS * grown), round_mm=EDGE_MM
    )
    ridden = (0, 0, PORTA_RIDES * body.latent("dome_mm"))
    caudate = Ellipsoid(*CAUDATE).grown(0.5 * grown).moved(ridden) & room.grown(-GAP_MM)
    bile = (
        None
        if "absent_gallbladder" in body.variants
        else common(_bile(body, under), room.grown(-WALL_MM - 1), ~gut.grown(WALL_MM + 0.5), ~colon.grown(-PRESSES_MM))
    )
    free = [*_pillars(body), tube(taken_along(body, np.array(CAVA)[:, :3]), np.array(CAVA)[:, 3], 8.0), kidney_bed]
    free += [gut.grown(1.5), colon.grown(1.5)]
    free += [Ellipsoid(*PORTA).moved(ridden), *_fissures(body, under), *(Ellipsoid(*place) for place in BEHIND)]
    if bile:
        free.append(bile.grown(WALL_MM + 0.5))
    return Liver(smooth_union(lobes, caudate, round_mm=8) - union(*free), under, bile)


def layers(body: Body, made: Liver) -> list[Layer]:
    """Bile ducts, gallbladder with stones, then the segments of the liver, each over all that follow. made: `liver`."""
    return [*_biliary(body, made), *_segments(body, made.whole)]


def undersurface(body: Body) -> Sheet:
    """The undersurface of the liver, the lower the larger it is; the gallbladder goes with it."""
    plain = _undersurface(body.streams, RIEDEL_MM if "riedel_lobe" in body.variants else 0.0)
    x = plain.first_mm[0] + plain.step_mm * np.arange(len(plain.heights))
    lower_mm = np.interp(x, *HANGS) * (body.grown("liver") - RIDES * body.latent("dome_mm"))
    return replace(plain, heights=plain.heights - lower_mm[:, None])


@lru_cache(maxsize=4)
def _undersurface(streams: Streams, riedel_mm: float) -> Sheet:
    """That of a liver of usual size in a person's own shape."""
    dice = streams["liver"].generator
    lower = np.array(list(UNDER_MM.values())) + dice.normal(0, 2, len(UNDER_X_MM))
    phase = dice.uniform(0, 2 * np.pi, 2)

    def height(x, y):
        tongue = riedel_mm * np.exp(-(((x - 108) / 22) ** 2) - ((y - 20) / 40) ** 2)
        quadrate = 6 * np.exp(-(((x - 26) / 16) ** 2)) * np.clip((y - 20) / 40, 0, 1)
        colic = 9 * np.exp(-(((x - 72) / 20) ** 2) - ((y - 48) / 24) ** 2)
        waved = 2 * np.sin(x / 17 + phase[0]) * np.sin(y / 23 + phase[1])
        across = PchipInterpolator(list(UNDER_MM), lower, axis=0)(y[0])
        medial = x - HOLLOW_MM * np.exp(-(((y + 25) / 30) ** 2))
        plain = np.stack([PchipInterpolator(UNDER_X_MM, a)(m) for a, m in zip(across, medial.T, strict=True)], axis=1)
        return plain - tongue - quadrate + colic + waved

    return sheet(height, (-100, 140), (-90, 125), 4.0)


def _left_end(body: Body) -> Solid:
    """The left lobe tapers to x = -70; in infants it reaches the spleen."""
    infant = 25 * np.exp(-body.age_y / 2)
    return Plane((-74 - infant + body.latent("liver_left_mm"), 40, -30), (0.96, 0, -0.28))


def _pillars(body: Body) -> list[Solid]:
    heights = np.arange(-170.0, 31.0, 20)
    ways = [
        (np.column_stack([0 * heights + x, line_mm(body, heights)[:, 1] + front, heights]), radius)
        for x, front, radius in PILLARS
    ]
    return [tube(way, radius) for way, radius in ways]


def _fissures(body: Body, under: Sheet) -> list[Solid]:
    """Slits of fat for the venous and the round ligament: flattened tubes."""
    venous, ligament = np.array(VENOUS, float), np.array(ROUND, float)
    venous[:, :3] = taken_along(body, venous[:, :3])
    ligament[:, 2] += height_mm(under, ligament[:, 0], ligament[:, 1])
    flat = VENOUS_NORMAL * (venous[:, 3:] / VENOUS_MM)
    upright = np.array([1.0, 0, 0]) * (ligament[:, 3:] / ROUND_MM)
    return [tube(venous[:, :3], venous[:, 3], 8.0, flat), tube(ligament[:, :3], ligament[:, 3], 8.0, upright)]


def height_mm(under: Sheet, x, y) -> Float[ndarray, " n"]:
    """Height of the undersurface at x and y, mm."""
    where = [(np.asarray(p, float) - first) / under.step_mm for p, first in zip((x, y), under.first_mm, strict=True)]
    return map_coordinates(under.heights, where, order=1, mode="nearest")


def _bile(body: Body, under: Sheet) -> Solid:
    """A pear under the liver, from the neck at the porta to the fundus at the edge."""
    knots = np.array(GALLBLADDER, float)
    knots[:, 1] += FOLLOWS * min(body.latent("belly_mm"), 0) * knots[:, 1] / knots[-1, 1]
    knots[:, 2] += height_mm(under, knots[:, 0], knots[:, 1])
    return tube(knots[:, :3], knots[:, 3], 5.0).grown(body.grown("gallbladder"))


def _biliary(body: Body, made: Liver) -> list[Layer]:
    duct = tube(taken_along(body, DUCT), DUCT_MM, 6.0)
    found = [Layer(duct, "common_bile_duct"), Layer(duct.grown(0.8), "common_bile_duct", "gut_wall")]
    if made.bile is None:
        return found
    cystic = tube(taken_along(body, CYSTIC), 1.6, 5.0)
    stones = [Layer(stone, "gallstone") for stone in _stones(body, made.bile)]
    wall = made.bile.grown(WALL_MM)
    return [*stones, *found, Layer(made.bile | cystic, "gallbladder"), Layer(wall, "gallbladder_wall")]


def _stones(body: Body, bile: Solid) -> list[Ellipsoid]:
    """Stones on the lowest wall; commoner with age and in women. Everhart, Gastroenterology 1999;117:632."""
    dice = body.dice("gallstones")
    base, per_year = STONES_PER_100
    chance = (base + per_year * max(body.age_y - 30, 0)) / 100 * (1.6 if body.female else 1.0)
    if body.age_y < 12 or (dice.random() > chance and "gallstones" not in body.variants):
        return []
    radius = float(dice.uniform(2.0, 8.0))
    count = 1 + dice.poisson(12 / radius)
    low, high = np.array([25.0, 5, -130]), np.array([75.0, 90, -50])
    points = dice.uniform(low, high, (4000, 3))
    lying = points[bile.depth(points) > radius + 0.3]
    placed: list[ndarray] = []
    for point in lying[np.argsort(lying[:, 1])]:
        if len(placed) < count and all(np.linalg.norm(point - other) > 2 * radius for other in placed):
            placed.append(point)
    return [Ellipsoid(tuple(point), tuple(radius * dice.uniform(0.85, 1.0, 3))) for point in placed]


def _segments(body: Body, whole: Solid) -> list[Layer]:
    dice = body.dice("liver_segments")

    def plane(place) -> Solid:
        return Plane(*place) + waves(2.5, (60, 110), dice)

    right_of_middle, behind_right, right_of_left = plane(MIDDLE_VEIN), plane(RIGHT_VEIN), plane(LEFT_VEIN)
    upper = sheet(lambda x, y: PORTAL_MM - 0.16 * (x - 30) + 0.1 * (y - 10), (-80, 140), (-90, 120), 10.0) + waves(
        2, (60, 110), dice
    )
    lateral_upper = plane(LEFT_LATERAL)
    caudate = common(
        Plane((0, 12, -50), tuple(-VENOUS_NORMAL)),
        Plane((24, 0, -50), (-1, -0.15, 0)),
        Plane((-14, 0, -50), (1, 0, 0)),
        Plane((0, -26, -50), (0, 1, 0)),
        Plane((0, 0, -14), (0, 0.5, -0.85)),
    )
    front = whole & Plane((20, -18, 0), (-0.6, 0.8, 0))
    parts = {
        1: whole & caudate,
        2: (front - right_of_left) & lateral_upper,
        3: front - right_of_left,
        4: front - right_of_middle,
        8: (whole - behind_right) & upper,
        5: whole - behind_right,
        7: whole & upper,
        6: whole,
    }
    return [Layer(solid, f"liver_segment_{number}") for number, solid in parts.items()]


def preview():
    """The liver of the reference man with the kidneys and the stomach that dent it."""
    body = Body(Subject("male", 40, 176, 73))
    bag, nothing = stomach(body), Ellipsoid((0, 0, -300), (1, 1, 1))
    found = layers(body, liver(body, preview_room(body), bag | duodenum(body), nothing, kidneys.bed(body)))
    return [*found, *kidneys.layers(body), Layer(bag, "stomach")], (0, 10, -85), (270, 210, 240), 2.0


def preview_room(body: Body) -> Solid:
    """The cavity below the diaphragm, which a plain heart weighs down."""
    outlines = trunk(body)
    heart = Ellipsoid((-14, 34, 36), (52, 44, 44))
    return outlines.cavity & ~above(body, outlines, heart)
