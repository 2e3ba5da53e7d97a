"""The rib cage: twelve pairs of ribs in the chest wall, their cartilages, the breastbone, and the muscles between.

A rib runs from its head at the vertebra over neck and tubercle to the wall and then, 5.5 mm outside the cavity, along a
line height(angle), its section an ellipse that lies flat on the wall. Levels are those of surface anatomy (rib 2 at the
angle of Louis, costal margin to L3); sections are such that the bulk of the ribs comes near ICRP 145. In infants the
ribs lie nearly level and the breastbone high (Openshaw, Thorax 1984;39:624).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from phantoms.anatomy import spine
from phantoms.anatomy.body import Body
from phantoms.anatomy.bone import bone_layers, unripe_mm
from phantoms.anatomy.trunk import Trunk, trunk
from phantoms.anatomy.vertebra import Vertebra
from phantoms.anatomy.vertebrae import vertebrae
from phantoms.solids import Layer, Plane, Sheet, Solid, Tube, common, sheet, tube, union, waves


class Rib(NamedTuple):
    """Where a rib ends in front: angle in degrees and height, mm; height of its notch in the breastbone or None, mm.

    high, thick: half its section, mm. late: the larger, the later it falls on its way to the front.
    """

    end_deg: float
    end_mm: float
    notch_mm: float | None
    high: float
    thick: float
    late: float = 0.0


TABLE = {
    1: Rib(36, 139, 131, 7.8, 3.7, 1.5),
    2: Rib(29, 103, 104, 6.7, 4.0, 0.35),
    3: Rib(28, 75, 81, 6.9, 4.2),
    4: Rib(29, 49, 59, 7.1, 4.3),
    5: Rib(33, 21, 39, 7.2, 4.3),
    6: Rib(38, -9, 21, 7.3, 4.3),
    7: Rib(45, -43, 6, 7.3, 4.3),
    8: Rib(52, -73, None, 7.2, 4.3),
    9: Rib(60, -97, None, 7.0, 4.2),
    10: Rib(69, -119, None, 6.7, 4.1),
    11: Rib(99, -131, None, 6.1, 3.9),
    12: Rib(131, -124, None, 5.3, 3.6),
    13: Rib(146, -146, None, 4.6, 3.3),
}
"""The thirteenth is a lumbar rib, where there is one; it ends free in the muscles of the back."""

LUMBAR_RIB_MM = ((11, -3, -4), (22, -5, -9), (33, -6, -16), (42, -6, -24))
"""Points of a lumbar rib right of, in front of and above its tubercle."""
MIDDLE_MM = 5.5
SLOPE_DEG, INFANT_SLOPE_DEG, UPRIGHT_Y = 35.0, 8.0, 6.0
"""Slope of the sixth rib of the reference man and of a newborn, and the age from which it is the grown-up's."""
RISE_MM = 24.0
"""How much higher the breastbone stands when the ribs lie level."""
SHELL_MM = 0.95
STEP_MM = 9.0
MUSCLE_MM = (0.6, 8.5)
"""The intercostal muscles lie between these distances outside the cavity."""
BESIDE_MM = 34.0
"""Behind, they end at this distance from the midline, at the tubercles."""
STERNUM = {
    -40: (2.5, 2.2), -24: (5, 2.6), -9: (7, 3.2), -4: (15, 4.6), 10: (18, 5.2), 40: (17.5, 5.4), 75: (15.5, 5.4),
    96: (14, 5.4), 104: (17, 5.8), 112: (21, 6.2), 124: (27, 6.8), 134: (32, 7.0), 146: (30, 7.0),
}  # fmt: skip
"""Height to half width and half thickness of the breastbone, mm."""
LOUIS_MM, XIPHOID_MM = 103.5, -6.5
SEGMENTS_MM = (75.0, 45.0, 17.0)
"""Heights of the joints of the breastbone, and of those between its segments in the young."""


@dataclass(frozen=True, eq=False)
class RibCage:
    """ribs: by name such as "rib_left_6", with the name of the label. sternum: bone; plate: with its joints.

    lines: angle and height of every rib and cartilage of the right side, for what lies between them.
    """

    ribs: dict[str, Solid]
    cartilages: Solid
    sternum: Solid
    plate: Solid
    lines: tuple[Float[ndarray, "n 2"], ...]

    @property
    def whole(self) -> Solid:
        """All of it."""
        return union(*self.ribs.values(), self.cartilages, self.plate)


def pairs(body: Body) -> tuple[int, ...]:
    """Numbers of the ribs that a person has."""
    last = 11 if "eleven_ribs" in body.variants else 13 if "thirteen_ribs" in body.variants else 12
    return tuple(range(1, last + 1))


def slope(body: Body) -> float:
    """How steeply the ribs fall: 1 as in the reference man, 0 level."""
    grown = np.clip(body.age_y / UPRIGHT_Y, 0, 1)
    usual = INFANT_SLOPE_DEG + (SLOPE_DEG - INFANT_SLOPE_DEG) * grown**0.7
    return float(np.tan(np.radians(body.latent("rib_slope_deg", float(usual)))) / np.tan(np.radians(SLOPE_DEG)))


@lru_cache(maxsize=4)
def rib_cage(body: Body, wall: Trunk) -> RibCage:
    """The solids of a patient's rib cage."""
    bones, fall = vertebrae(body), slope(body)
    paths = {rib: _height(body, bones, rib, fall) for rib in pairs(body)}
    ribs: dict[str, Solid] = {
        f"rib_{side}_{rib}": _rib(bones, wall, rib, sign, paths[rib])
        for rib in paths
        for side, sign in (("left", -1), ("right", 1))
    }
    curves = _cartilage_lines(paths, fall)
    cartilages = union(*[_cartilage(wall, rib, sign, line) for rib, line in curves.items() for sign in (1, -1)])
    plate = _plate(wall, fall)
    sternum = common(plate, *(~gap for gap in _joints(body, fall)))
    lines = (*paths.values(), *curves.values())
    return RibCage(ribs, cartilages.grown(body.grown("costal_cartilages")), sternum, plate, lines)


# --- ribs ----------------------------------------------------------------------------------------------------------


def _vertebra(bones: dict[str, Vertebra], rib: int) -> Vertebra:
    return bones[f"T{rib}"] if rib <= 12 else bones["L1"]


def _tubercle(bone: Vertebra, sign: int) -> Float[ndarray, "3"]:
    """Where a rib leans on the transverse process: in front of its tip."""
    s = bone.size
    side = s.side if bone.level not in ("T11", "T12", "L1") else s.side + 3
    return bone.place(sign * (side + 0.5), bone.back_mm + s.side_back + 8.5, s.side_up - 2.5)


def _height(body: Body, bones: dict[str, Vertebra], rib: int, fall: float) -> Float[ndarray, "n 2"]:
    """Angle and height of a rib's middle line from the wall behind to its front end, a little different in everyone."""
    own = float(np.clip(body.dice(f"rib_{rib}").standard_normal(), -2, 2))
    row, bone = TABLE[rib], _vertebra(bones, rib)
    begin = float(bone.centre_mm[2]) + bone.size.side_up - 4.0
    end = begin + (row.end_mm - begin) * fall + 1.2 * own
    if row.notch_mm is not None:
        end = min(end, row.notch_mm + (1 - fall) * RISE_MM + 10)
    degrees = np.linspace(160.0, row.end_deg + 0.8 * own, 40)
    t = (160.0 - degrees) / (160.0 - degrees[-1])
    way = np.sin(t * np.pi / 2) ** 1.1 if not row.late else t ** (1 + row.late)
    return np.stack([degrees, begin + (end - begin) * way], axis=-1)


def _rib(bones: dict[str, Vertebra], wall: Trunk, rib: int, sign: int, line) -> Tube:
    row, bone = TABLE[rib], _vertebra(bones, rib)
    tubercle = _tubercle(bone, sign)
    shaft, outward = _on_wall(wall, sign * line[:, 0], line[:, 1], MIDDLE_MM)
    free = sign * (shaft[:, 0] - tubercle[0]) > 9.0
    shaft, outward = shaft[free], outward[free]
    if rib == 13:
        shaft = tubercle + np.array(LUMBAR_RIB_MM, float) * (sign, 1, 1)
        outward = np.broadcast_to((sign * 0.35, -0.93, 0.1), shaft.shape)

    high = 0.5 if rib in (1, 11, 12, 13) else 0.52
    up = (0.2 if rib in (1, 11, 12, 13) else high) * bone.size.height
    head = bone.place(sign * (bone.size.width / 2 + 1.5), bone.back_mm + 5.5, up)
    neck = 0.5 * (head + tubercle) + 1.0 * bone.front
    keep = np.unique(np.linspace(0, len(shaft) - 1, max(4, round(_length(shaft) / 16))).astype(int))
    points = np.array([head, neck, tubercle, *shaft[keep]])

    t = np.linspace(0, 1, len(keep))
    tip = 0.62 if rib > 10 else 0.95
    high_mm = row.high * np.interp(t, (0, 0.12, 0.75, 1), (0.86, 1.0, 1.0, tip))
    radii = np.concatenate([[5.6, 5.0, 5.6], high_mm])
    thinner = row.high / row.thick
    flats = np.concatenate(
        [[1.15 * bone.front, 1.45 * bone.front, 1.2 * bone.front], thinner * _twisted(rib, outward[keep], t)]
    )
    return tube(points, radii, STEP_MM, flats)  # pyright: ignore[reportArgumentType]


def _twisted(rib: int, outward, t):
    """Direction in which a rib is thin: outwards, but the first rib lies flat as a lid, and the second halfway."""
    lean = {1: 1.15, 2: 0.6}.get(rib, 0.12)
    up = np.array([0.0, 0.0, 1.0]) - outward * outward[:, 2:]
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    angle = lean * np.sin(np.pi * np.clip(t, 0.15, 0.85))[:, None]
    return np.cos(angle) * outward + np.sin(angle) * up


def _on_wall(wall: Trunk, angle_deg, height_mm, outside_mm):
    """Points `outside_mm` beyond the cavity and the outward normals there."""
    here = wall.point_mm(angle_deg, height_mm, outside_mm)
    around = wall.point_mm(angle_deg + 2, height_mm, outside_mm) - wall.point_mm(angle_deg - 2, height_mm, outside_mm)
    along = wall.point_mm(angle_deg, height_mm + 6, outside_mm) - wall.point_mm(angle_deg, height_mm - 6, outside_mm)
    normal = np.cross(along, around)
    return here, -normal / np.linalg.norm(normal, axis=1, keepdims=True)


def _length(points) -> float:
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


# --- cartilages and breastbone -------------------------------------------------------------------------------------


def _cartilage_lines(paths: dict[int, ndarray], fall: float) -> dict[int, Float[ndarray, "n 2"]]:
    """Angle and height from each rib's end to the breastbone, or to the cartilage above it."""
    lines: dict[int, ndarray] = {}
    t = np.linspace(0, 1, 8)
    for rib in (rib for rib in paths if rib <= 10):
        end_deg, end_mm = paths[rib][-1]
        notch = TABLE[rib].notch_mm
        if notch is None:
            goal_deg, goal_mm = lines[rib - 1][3]
        else:
            goal_deg, goal_mm = (13.0 if rib == 1 else 9.5), notch + (1 - fall) * RISE_MM
        power = 1.0 if rib < 4 else 1.6
        lines[rib] = np.stack([end_deg + (goal_deg - end_deg) * t, end_mm + (goal_mm - end_mm) * t**power], axis=-1)
    return lines


def _cartilage(wall: Trunk, rib: int, sign: int, line) -> Tube:
    points, outward = _on_wall(wall, sign * line[:, 0], line[:, 1], MIDDLE_MM + 0.5)
    high = np.linspace(0.88 * TABLE[rib].high, 4.9, len(points))
    return tube(points, high, STEP_MM, 1.45 * outward)


def _plate(wall: Trunk, fall: float) -> Solid:
    """The breastbone with its joints: a plate between a front and a back surface that follow the wall."""
    rise = (1 - fall) * RISE_MM
    low, high = -42.0 + rise, 150.0 + rise
    across = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])

    def middle(x, z):
        y = wall.point_mm(np.zeros(z.size), z.ravel(), MIDDLE_MM + 2.5)[:, 1].reshape(z.shape)
        ridge = 1.6 * np.exp(-(((z - rise - LOUIS_MM) / 9) ** 2))
        return y + ridge - 0.0035 * x**2

    def half(x, z):
        own = z - rise
        width, thick = (np.interp(own, list(STERNUM), [row[n] for row in STERNUM.values()]) for n in (0, 1))
        crown = np.interp(np.abs(x), (0, 9, 17, 24, 33), (138.5, 140.5, 144, 138, 126))
        notches = sum(
            np.exp(-(((own - row.notch_mm) / 6) ** 2)) for row in list(TABLE.values())[1:7] if row.notch_mm is not None
        )
        edge = np.minimum(width - 1.6 * notches - np.abs(x), np.minimum(crown - own, own + 39))
        round_mm = np.minimum(thick, 5.0)
        inner = np.clip(edge / round_mm, 0, 1)
        return np.where(edge > 0, thick * np.sqrt(1 - (1 - inner) ** 2), 1.5 * edge)

    ends = (-36.0, 36.0), (low, high)
    front = sheet(lambda x, z: middle(x, z) + half(x, z), *ends, 2.0, axes=across)
    back = sheet(lambda x, z: middle(x, z) - half(x, z), *ends, 2.0, axes=across)
    return back & ~front


def _joints(body: Body, fall: float) -> list[Solid]:
    """Cartilage across the breastbone: of Louis, at the xiphoid, and between the segments of the young."""
    rise = (1 - fall) * RISE_MM
    young = float(np.clip(1 - body.age_y / 20, 0, 1))
    gaps = [(LOUIS_MM, 1.5 + 1.5 * young), (XIPHOID_MM, 1.2 + 1.5 * young)]
    gaps += [(height, 4.5 * young) for height in SEGMENTS_MM if young > 0.1]
    return [Plane((0, 0, z + rise - half), (0, 0, 1)) & Plane((0, 0, z + rise + half), (0, 0, -1)) for z, half in gaps]


# --- what lies between ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def intercostal(body: Body, wall: Trunk) -> Solid:
    """The muscles between the ribs: a layer of the wall from the lowest to the highest rib or cartilage."""
    inner, outer = MUSCLE_MM
    low, high = _margins(body, wall)
    beside = union(
        Plane((BESIDE_MM, 0, 0), (1, 0, 0)), Plane((-BESIDE_MM, 0, 0), (-1, 0, 0)), Plane((0, 0, 0), (0, 1, 0))
    )
    return common(wall.cavity.grown(outer), ~wall.cavity.grown(inner), low, ~high, beside)


def _margins(body: Body, wall: Trunk) -> tuple[Sheet, Sheet]:
    """All above the lowest and all above the highest rib at each angle."""
    degrees = np.arange(0.0, 181.0, 2.0)
    lines = [_at(line, degrees) for line in rib_cage(body, wall).lines]
    low, high = np.nanmin(lines, axis=0), np.nanmax(lines, axis=0)
    low = np.convolve(np.pad(low, 3, mode="edge"), np.ones(7) / 7, mode="valid")

    def surface(heights):
        return sheet(
            lambda x, y: np.interp(np.degrees(np.arctan2(np.abs(x), y)), degrees, heights),
            (-180, 180),
            (-140, 130),
            6.0,
        )

    return surface(low + 2.0), surface(high)


def _at(line, degrees):
    """Height of a line at the angles that it covers, to the midline in front and behind; elsewhere NaN."""
    order = np.argsort(line[:, 0])
    angle, height = line[order, 0], line[order, 1]
    inside = ((degrees >= angle[0]) | (angle[0] < 14)) & ((degrees <= angle[-1]) | (angle[-1] > 150))
    return np.where(inside, np.interp(degrees, angle, height), np.nan)


def _calcified(body: Body, cartilages: Solid) -> list[Layer]:
    """Flecks of calcium in the cartilages of the old."""
    share = body.latent("costal_calcification", float(np.clip((body.age_y - 35) / 60, 0, 0.6)))
    if share < 0.05:
        return []
    flecks = waves(1.0, (9.0, 26.0), body.dice("costal_calcification")).grown(2.2 * share - 2.0)
    return [Layer(cartilages.grown(-1.2) & flecks, "costal_cartilages", "calcification")]


def layers(body: Body, wall: Trunk) -> list[Layer]:
    """Ribs, breastbone and costal cartilages."""
    own = rib_cage(body, wall)
    bones = [layer for name, rib in own.ribs.items() for layer in bone_layers(body, rib, rib.grown(-SHELL_MM), name)]
    young = unripe_mm(body)
    breastbone = [
        Layer(own.sternum.grown(-0.55 - young), "sternum", "spongy_bone"),
        Layer(own.sternum.grown(-young), "sternum", "cortical_bone"),
        Layer(own.plate, "sternum", "cartilage"),
    ]
    return [*bones, *breastbone, *_calcified(body, own.cartilages), Layer(own.cartilages, "costal_cartilages")]


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The reference rib cage on its spine, with the muscles between the ribs."""
    body = Body()
    wall = trunk(body)
    muscle = Layer(intercostal(body, wall), "intercostal_muscle")
    return [*spine.layers(body), *layers(body, wall), muscle], (0, -20, 25), (320, 250, 380), 2.0
