"""The spine: vertebrae C1 to L5 with their discs, and the canal with dura, cord, roots and fat, along one curve.

Sizes of bodies, pedicles, canals and processes are rounded from Panjabi et al. (Spine 1991;16:861 and 888, 1992;17:299)
and Berry et al. (Spine 1987;12:362); cord and dural sac from Ko et al. (Korean J Anat 2004) and Holsheimer et al. (AJNR
1994;15:951). Latents of kyphosis 35 and lordosis 50 degrees leave the reference curve as it is, that of a man on his
back; more or less of them bend it, and so does a scoliosis, whose vertebrae also turn towards the convex side.
`angles_deg` measures the Cobb angles of what is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.interpolate import PchipInterpolator

from phantoms.anatomy.body import Body
from phantoms.solids import (
    Ellipsoid,
    Layer,
    Plane,
    Solid,
    Tube,
    common,
    smooth_common,
    smooth_union,
    tube,
    union,
)


class Size(NamedTuple):
    """Body height, disc below it, body width and depth, canal width and depth, pedicle width and height, mm.

    side, side_back, side_up: tip of the transverse process, from the midline, behind and above the middle of the
    back of the body, mm. process: from the arch to the tip of the spinous process, mm; tilt: how far it points down.
    """

    height: float
    disc: float
    width: float
    depth: float
    canal_width: float
    canal_depth: float
    pedicle_width: float
    pedicle_height: float
    side: float
    side_back: float
    side_up: float
    process: float
    tilt: float


TABLE = {
    "C1": Size(14.0, 3.0, 20, 14, 28, 19.0, 8.0, 8, 38, -2, 0, 0, 0),
    "C2": Size(18.0, 5.0, 18, 16, 24, 18.0, 8.0, 9, 27, -1, -3, 22, 15),
    "C3": Size(13.5, 5.0, 19, 15, 23, 15.5, 5.5, 7, 26, 1, -2, 15, 15),
    "C4": Size(13.0, 5.0, 19, 16, 24, 15.2, 5.5, 7, 26, 1, -2, 16, 18),
    "C5": Size(13.0, 5.0, 20, 16, 24, 15.2, 5.7, 7, 27, 1, -2, 19, 20),
    "C6": Size(13.5, 5.0, 22, 16, 25, 15.3, 5.9, 7, 28, 0, -2, 24, 20),
    "C7": Size(15.0, 5.0, 24, 17, 24, 15.3, 6.5, 7.5, 33, -4, 1, 33, 22),
    "T1": Size(17.0, 4.5, 28, 18, 21, 16.0, 8.5, 9, 37, -14, 3, 36, 25),
    "T2": Size(18.0, 4.0, 28, 19, 19, 15.6, 7.0, 10.5, 34, -17, 4, 34, 33),
    "T3": Size(18.0, 4.0, 28, 21, 18, 15.6, 6.0, 11, 32, -20, 4, 35, 40),
    "T4": Size(18.5, 4.0, 27, 23, 17, 15.8, 5.4, 11, 31, -22, 4, 36, 45),
    "T5": Size(19.0, 4.0, 27.5, 24.5, 17, 15.9, 5.4, 11, 31, -23, 4, 37, 50),
    "T6": Size(19.5, 4.0, 28.5, 26, 17, 16.0, 5.6, 11, 31, -24, 4, 38, 52),
    "T7": Size(20.0, 4.5, 30, 27.5, 17, 16.0, 5.8, 11.5, 31, -24, 5, 38, 52),
    "T8": Size(20.5, 4.5, 31.5, 28.5, 17, 16.0, 6.0, 12, 31, -24, 5, 37, 50),
    "T9": Size(21.0, 5.0, 33, 29.5, 18, 15.9, 6.4, 13, 30, -23, 5, 35, 45),
    "T10": Size(22.0, 5.0, 35, 30.5, 18, 15.8, 7.2, 14, 28, -21, 5, 32, 35),
    "T11": Size(23.0, 5.5, 38, 31, 20, 16.3, 8.6, 15.5, 25, -18, 5, 28, 20),
    "T12": Size(25.0, 6.5, 41, 32, 22, 17.6, 8.8, 16, 23, -17, 4, 28, 12),
    "L1": Size(26.0, 8.0, 43, 33, 23, 17.6, 8.6, 15.5, 37, -15, 4, 30, 8),
    "L2": Size(27.0, 9.0, 45, 34, 23, 16.8, 9.0, 15, 41, -15, 4, 31, 8),
    "L3": Size(27.0, 10.0, 47, 34.5, 23, 16.4, 10.5, 14.5, 45, -13, 4, 32, 8),
    "L4": Size(27.0, 11.0, 49, 35, 24, 16.0, 13.0, 14.5, 41, -12, 5, 30, 8),
    "L5": Size(27.0, 11.0, 51, 35.5, 27, 16.0, 16.0, 15, 43, -9, 6, 25, 10),
    "S1": Size(30.0, 0.0, 51, 33, 29, 15.0, 0, 0, 0, 0, 0, 0, 0),
}
CURVE = {
    -300: -42, -250: -30, -220: -24, -185: -22, -149: -25, -113: -32, -78: -41, -48: -48, -23: -53, 0: -56,
    26: -58, 51: -59, 75: -58, 98: -55, 121: -51, 143: -45, 165: -37, 187: -29, 207: -22, 227: -17, 246: -14, 300: -8,
    325: -6, 350: -5,
}  # fmt: skip
"""Height to y of the middle of the vertebral bodies, mm, of a man lying on his back."""

KYPHOSIS, LORDOSIS, NECK = (35.0, 15.0, 112.0), (50.0, -194.0, 92.0), (17.0, 255.0, 48.0)
"""Reference angle in degrees; height of the middle of the bend and from there to its end vertebrae, mm."""
SHARED = ((0.89, 0.47), (0.45, 0.97))
"""Degrees of kyphosis and of lordosis per degree of bending of the chest and of the loins, measured on this spine."""
SCOLIOSIS_REACH_MM, COUNTER, STEEPER = 75.0, 0.35, 1.13
"""From the apex to the end vertebrae, the share of the counter-curve below, and how much steeper it makes the first."""
TURN = 0.45
"""Degrees that the apical vertebra turns per degree of scoliosis."""
SACRAL_SLOPE_DEG = 36.0


class Second(NamedTuple):
    """S2: degrees that it leans less than S1; its height, and how much a disc takes of its top, mm."""

    slope: float = 6.0
    height: float = 26.0
    cut: float = 3.0


SECOND = Second()

# levels at which the dural sac and the cord are known: width and depth, mm
SAC = {
    "C1": (19, 15), "C4": (18, 12.5), "C7": (17, 12.5), "T3": (14, 12), "T9": (14, 12.5), "T12": (16, 14),
    "L3": (16, 13.5), "S1": (13, 10),
}  # fmt: skip
CORD = {
    "C1": (12.5, 9.9), "C3": (12.9, 8.8), "C5": (13.9, 8.7), "C7": (12.3, 8.4), "T2": (10, 7.8), "T6": (8.8, 7.3),
    "T10": (9.4, 7.9), "T12": (10, 8.8),
}  # fmt: skip

SHELL_MM, ARCH_SHELL_MM, JOINT_MM = 0.8, 1.3, 1.2
DISC = ("intervertebral_disc", "cartilage"), ("intervertebral_disc", "connective")


@dataclass(frozen=True, eq=False)
class Vertebra:
    """One vertebra of a patient: the middle of its body, and unit vectors to its right, front and up as rows."""

    level: str
    centre_mm: Float[ndarray, "3"]
    axes: Float[ndarray, "3 3"]
    size: Size

    @property
    def right(self) -> Float[ndarray, "3"]:
        """Unit vector to the patient's right."""
        return self.axes[0]

    @property
    def front(self) -> Float[ndarray, "3"]:
        """Unit vector to the front."""
        return self.axes[1]

    @property
    def up(self) -> Float[ndarray, "3"]:
        """Unit vector along the spine, upwards."""
        return self.axes[2]

    @property
    def back_mm(self) -> float:
        """Where the back of the body lies on the axis to the front (negative), mm."""
        return -self.size.depth / 2

    @property
    def canal_mm(self) -> float:
        """Where the middle of the canal lies on the axis to the front (negative), mm."""
        return self.back_mm - self.size.canal_depth / 2 + 1.0

    def place(self, right: float, front: float, up: float) -> Float[ndarray, "3"]:
        """A point `right`, `front` and `up` mm from the middle of the body, in the reference body."""
        return self.centre_mm + np.array([right, front, up]) @ self.axes


def bend_mm(body: Body, z_mm) -> Float[ndarray, "*n 2"]:
    """How far right and to the front the patient's spine lies of the reference spine at heights z, mm."""
    z = np.asarray(z_mm, float)
    kyphosis, lordosis = _bends_deg(body)
    neck = body.latent("cervical_lordosis_deg", NECK[0]) - NECK[0]
    curves = (-kyphosis, KYPHOSIS), (lordosis, LORDOSIS), (neck, NECK)
    front = sum(_bump(z, middle, reach) * _amplitude(angle, reach) for angle, (_, middle, reach) in curves)
    side = _amplitude(body.latent("scoliosis_deg") / STEEPER, SCOLIOSIS_REACH_MM) * _sideways(body, z)
    return np.stack([side, np.broadcast_to(front, z.shape)], axis=-1)


def _bends_deg(body: Body) -> tuple[float, float]:
    """How much chest and loins bend so that kyphosis and lordosis, which share T12, change as the latents say."""
    more = [body.latent(name, usual) - usual for name, usual in (("kyphosis_deg", 35.0), ("lordosis_deg", 50.0))]
    kyphosis, lordosis = np.linalg.solve(SHARED, more)
    return float(kyphosis), float(lordosis)


def line_mm(body: Body, z_mm) -> Float[ndarray, "*n 3"]:
    """The middle of the vertebral bodies (and discs) at heights z, mm."""
    z = np.asarray(z_mm, float)
    y = PchipInterpolator(list(CURVE), list(CURVE.values()))(z)
    bend = bend_mm(body, z)
    return np.stack([bend[..., 0], y + bend[..., 1], z], axis=-1)


def _bump(z, middle_mm: float, reach_mm: float):
    """1 in the middle, steepest `reach_mm` from it, then flat again."""
    u = np.clip((z - middle_mm) / (reach_mm * np.sqrt(3)), -1, 1)
    return (1 - u**2) ** 2


def _amplitude(angle_deg: float, reach_mm: float) -> float:
    """Height of the bump whose steepest tangents meet at `angle_deg`."""
    return float(np.tan(np.radians(angle_deg / 2)) * reach_mm * 9 / 8)


def _sideways(body: Body, z):
    level = body.latent("scoliosis_level_mm", 60.0)
    below = _bump(z, level - 2 * SCOLIOSIS_REACH_MM, SCOLIOSIS_REACH_MM)
    return _bump(z, level, SCOLIOSIS_REACH_MM) - COUNTER * below


@lru_cache(maxsize=4)
def vertebrae(body: Body) -> dict[str, Vertebra]:
    """C1 to L5 and S1, with a sixth lumbar vertebra also L6, in the place of S1, and S2; T9 is at height 0."""
    levels = [level for level in TABLE if level != "S1"]
    tops = -np.cumsum([0.0] + [TABLE[level].height + TABLE[level].disc for level in levels])
    middles = {level: top - TABLE[level].height / 2 for level, top in zip(levels, tops, strict=False)}
    bones = {level: _vertebra(body, level, z - middles["T9"]) for level, z in middles.items()}
    bones["S1"] = _first_sacral(body, bones["L5"])
    if "six_lumbar" in body.variants:
        bones |= _sixth_lumbar(bones["S1"])
    return bones


def _vertebra(body: Body, level: str, z: float) -> Vertebra:
    low, centre, high = line_mm(body, np.array([z - 8, z, z + 8]))
    turn = np.radians(TURN * body.latent("scoliosis_deg")) * float(_sideways(body, z))
    return Vertebra(level, centre, axes_along(high - low, turn), TABLE[level])


def _first_sacral(body: Body, above: Vertebra) -> Vertebra:
    """S1 at the end of the chain; its slope takes half of the lordosis that a patient has more or less."""
    slope = np.radians(SACRAL_SLOPE_DEG + 0.5 * _bends_deg(body)[1])
    axes = axes_along(np.array([above.up[0], np.sin(slope), np.cos(slope)]), 0.0)
    between = above.up + axes[2]
    disc = between / np.linalg.norm(between) * above.size.disc
    centre = above.place(0, 0, -above.size.height / 2) - disc - axes[2] * TABLE["S1"].height / 2
    return Vertebra("S1", centre, axes, TABLE["S1"])


def _sixth_lumbar(first: Vertebra) -> dict[str, Vertebra]:
    """S1 as a free vertebra, somewhat low, and the top of S2, which now bears the spine."""
    slope = np.arctan2(first.up[1], first.up[2]) - np.radians(SECOND.slope)
    axes = axes_along(np.array([first.up[0], np.sin(slope), np.cos(slope)]))
    centre = first.place(0, 0, -first.size.height / 2) - axes[2] * SECOND.height / 2
    top = first.size._replace(height=SECOND.height - 2 * SECOND.cut, width=42, depth=27, canal_width=24, canal_depth=13)
    size = TABLE["L5"]._replace(height=24.0, disc=6.5, canal_width=28)
    return {"L6": Vertebra("L6", first.place(0, 0, 1.2), first.axes, size), "S2": Vertebra("S2", centre, axes, top)}


def axes_along(up, turn_rad: float = 0.0) -> Float[ndarray, "3 3"]:
    """Rows right, front, up; turned about `up`, the front towards the right."""
    up = np.asarray(up, float) / np.linalg.norm(up)
    front = np.cross(up, (1.0, 0.0, 0.0))
    front /= np.linalg.norm(front)
    right = np.cross(front, up)
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    return np.stack([c * right - s * front, c * front + s * right, up])


# --- the parts of one vertebra -------------------------------------------------------------------------------------


class Strut(NamedTuple):
    """A round cone in the axes of a vertebra: from, to, radii there, and in which direction it is how much thinner."""

    a: tuple[float, float, float]
    b: tuple[float, float, float]
    ra: float
    rb: float
    flat: tuple[float, float, float] = (0.0, 0.0, 0.0)


def struts_tube(bone: Vertebra, paired: Iterable[Strut], single: Iterable[Strut] = ()) -> Tube:
    """Struts of the right side and their mirror images, and those of the midline."""
    left = np.array([-1.0, 1.0, 1.0])
    rows = [(np.array(s.a), np.array(s.b), s.ra, s.rb, np.array(s.flat)) for s in (*paired, *single)]
    rows += [(a * left, b * left, ra, rb, flat * left) for a, b, ra, rb, flat in rows[: len(tuple(paired))]]
    starts, ends, flats = (np.array([row[n] for row in rows]) @ bone.axes for n in (0, 1, 4))
    radii = np.array([row[2:4] for row in rows], float)
    return Tube(starts + bone.centre_mm, ends + bone.centre_mm, radii, flats)


def joined(tubes: Sequence[Tube]) -> Tube:
    """Several tubes as one."""
    return Tube(*(np.concatenate([getattr(t, name) for t in tubes]) for name in ("starts", "ends", "radii", "flat")))


@dataclass(frozen=True)
class Arch:
    """Struts of an arch: those of the right side, those of the midline, and those that carry the joint above."""

    paired: tuple[Strut, ...]
    single: tuple[Strut, ...]
    joint: tuple[Strut, ...]


def _lumbar(bone: Vertebra) -> Arch:
    s, b = bone.size, bone.back_mm
    h, p = s.height, s.canal_width / 2 + s.pedicle_width / 2 - 1
    ring = b - s.canal_depth - 3.5
    stem = s.pedicle_height / 2
    stout = 1.25 if bone.level == "L5" else 1.0
    pedicle = Strut(
        (0.33 * s.width, b + 6, 0.2 * h), (p, b - 9, 0.18 * h), stem, stem, (s.pedicle_height / s.pedicle_width, 0, 0)
    )
    lamina = Strut((p - 1, b - 12, 0.02 * h), (1.0, ring, -0.16 * h), 9.0, 9.5, (1.7, -2.45, 0))
    pillar = Strut((p + 1.5, b - 12, 0.3 * h), (p - 2, b - 15, -0.4 * h), 5.2, 5.0)
    lower = Strut((p - 3, b - 15.5, -0.3 * h), (p - 4.0, b - 18.0, -0.78 * h), 6.6, 6.2, (1.0, -0.95, 0))
    side = Strut((p, b - 10, 0.15 * h), (s.side - 4, b + s.side_back, s.side_up), 6.0 * stout, 4.6 * stout, (0, 1.5, 0))
    upper = Strut((p + 2, b - 11, 0.25 * h), (p + 4, b - 13.5, 0.63 * h), 7.4, 7.0, (1.1, -1.1, 0))
    back = ring - s.process + 8
    drop = np.tan(np.radians(s.tilt)) * (s.process - 8)
    spine = (
        Strut((0, ring, -0.12 * h), (0, back, -0.16 * h - drop), 8.6, 9.4, (2.7, 0, 0)),
        Strut((0, back + 6, -0.16 * h - drop), (0, back, -0.2 * h - drop), 8.6, 8.8, (2.0, 0, 0)),
    )
    return Arch((pedicle, lamina, pillar, lower, side), spine, (upper,))


def _thoracic(bone: Vertebra) -> Arch:
    s, b = bone.size, bone.back_mm
    h, p = s.height, s.canal_width / 2 + s.pedicle_width / 2 - 0.5
    ring = b - s.canal_depth - 2.5
    stem = s.pedicle_height / 2
    pedicle = Strut(
        (0.32 * s.width, b + 5, 0.22 * h), (p, b - 8, 0.2 * h), stem, stem, (s.pedicle_height / s.pedicle_width, 0, 0)
    )
    lamina = Strut((p, b - 10, 0.1 * h), (1.0, ring, -0.22 * h), 8.4, 8.6, (1.3, -2.3, 0))
    tip = (s.side - 4.6, b + s.side_back + 2, s.side_up)
    side = Strut((p, b - 9, 0.15 * h), tip, 5.2, 5.0, (0.6, 1.0, 0))
    if bone.level == "T12":
        lower = Strut((p - 2, b - 14, -0.2 * h), (p - 3, b - 18, -0.8 * h), 5.2, 4.8, (0.9, -1.0, 0))
    else:
        lower = Strut((p - 1, b - 12.5, -0.1 * h), (p - 1, b - 14.5, -0.68 * h), 5.4, 5.2, (0, 2.0, 0))
    upper = Strut((p, b - 8.5, 0.3 * h), (p + 0.5, b - 10.2, 0.68 * h), 5.2, 4.8, (0, 2.0, 0))
    tilt, reach = np.radians(s.tilt), s.process - 4
    end = (0, ring - reach * np.cos(tilt), -0.15 * h - reach * np.sin(tilt))
    spine = (Strut((0, ring + 0.5, -0.12 * h), end, 7.0, 4.6, (2.0, 0, 0)), Strut(end, end, 4.2, 4.2, (1.1, 0, 0)))
    return Arch((pedicle, lamina, lower, side), spine, (upper,))


def _cervical(bone: Vertebra) -> Arch:
    s, b = bone.size, bone.back_mm
    h, p = s.height, s.canal_width / 2 + 8.0
    ring = b - s.canal_depth - 1.8
    tip = (s.side - 2.8, b + s.side_back, s.side_up)
    pedicle = Strut((0.33 * s.width, b + 3, 0.08 * h), (p - 1, b - 5, 0.05 * h), 3.8, 3.8, (0.8, 0.8, 0))
    pillar = Strut((p, b - 5, 0.25 * h), (p, b - 8.5, -0.3 * h), 6.0, 6.0, (0, 1.1, 0))
    lower = Strut((p, b - 8.5, -0.25 * h), (p, b - 11.0, -0.8 * h), 6.0, 5.6, (0, 1.35, 1.35))
    lamina = Strut((p - 1, b - 9, -0.05 * h), (1.5, ring, -0.15 * h), 5.4, 6.2, (1.0, -1.7, 0))
    bars = (
        Strut((0.42 * s.width, b + 9, -0.1 * h), (tip[0] - 3, tip[1] + 5, tip[2]), 2.5, 2.6),
        Strut((p - 1, b - 3, -0.1 * h), tip, 3.0, 2.8),
        Strut((tip[0] - 3, tip[1] + 5, tip[2] + 0.5), (tip[0], tip[1], tip[2]), 2.6, 2.8),
    )
    hook = Strut((0.45 * s.width, b + 9, 0.25 * h), (0.5 * s.width, b + 6, 0.58 * h), 2.6, 2.0, (1.2, 0, 0))
    upper = Strut((p, b - 4.5, 0.2 * h), (p, b - 5.5, 0.62 * h), 6.0, 5.6, (0, 1.3, 1.3))
    tilt, reach = np.radians(s.tilt), s.process - 3
    end = (0.0, ring - reach * np.cos(tilt), -0.15 * h - reach * np.sin(tilt))
    fork = () if bone.level == "C7" else (Strut((0, end[1] + 5, end[2] + 2), (3.6, end[1], end[2]), 3.0, 2.8),)
    spine = (Strut((0, ring + 1, -0.12 * h), end, 5.2, 4.4, (1.6, 0, 0)),)
    return Arch((pedicle, pillar, lower, lamina, *bars, hook, *fork), spine, (upper,))


def _axis(bone: Vertebra) -> Arch:
    """C2: the dens and broad shoulders for the atlas."""
    usual = _cervical(bone)
    h = bone.size.height
    dens = (
        Strut((0, 1.0, 0.3 * h), (0, 2.0, 0.5 * h + 8), 6.0, 4.9),
        Strut((0, 2, 0.5 * h + 8), (0, 1.2, 0.5 * h + 15), 5.3, 4.0),
    )
    shoulder = Strut((9, -3, 0.28 * h), (17, -4, 0.36 * h), 7.0, 6.5, (0.35, 0, 1.5))
    paired = tuple(strut for strut in usual.paired if strut.flat != (1.2, 0, 0))
    return Arch(paired, usual.single, (shoulder, *dens))


def _atlas(_: Vertebra) -> Arch:
    """C1: a ring without a body; the dens stands in its front."""
    mass = Strut((17.5, 2, 2.0), (18.0, -4, -1.5), 7.2, 7.2, (0, 0, 1.05))
    front = [(16, 4, 0), (9, 9, 0), (0, 11.2, 0)]
    back = [(17, -6, 1), (17.5, -14, 1), (12, -22, 0.5), (0, -27.5, 0)]
    ring = [Strut(a, b, 4.4, 4.2, (0, 1.3, 0)) for a, b in pairwise(front)]
    ring += [Strut(a, b, 4.3, 4.3, (1.2, 0, 0)) for a, b in pairwise(back)]
    side = Strut((22, -1, 0), (33, -4, -1), 3.2, 4.4), Strut((22, 4, 0), (33, -4, -1), 2.6, 3.6)
    knob = (Strut((0, 11.8, 0), (0, 12.6, 0), 4.4, 4.2), Strut((0, -28, 0), (0, -30, 0), 4.2, 3.8))
    return Arch((mass, *ring, *side), knob, ())


ARCHES = {"C": _cervical, "T": _thoracic, "L": _lumbar}


def arch(bone: Vertebra) -> Arch:
    """The struts of a vertebra's arch."""
    special = {"C1": _atlas, "C2": _axis}
    return special.get(bone.level, ARCHES[bone.level[0]])(bone)


# --- the whole spine -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Spine:
    """bones, marrow: C1 to L5 by level, whole and within the cortex. discs, nuclei: by the level above them.

    column: bodies and discs as one solid. canal: what the arches enclose; sac: within the dura; cord: with its conus;
    roots: the cauda equina. veins: where they leave the bodies. nerves: in the foramina. ligaments: yellow, and those
    between and on the spinous processes.
    """

    bones: dict[str, Solid]
    marrow: dict[str, Solid]
    discs: dict[str, Solid]
    nuclei: dict[str, Solid]
    column: Solid
    canal: Solid
    sac: Solid
    cord: Solid
    roots: Solid
    veins: dict[str, Solid]
    nerves: Solid
    ligaments: Solid

    @property
    def whole(self) -> Solid:
        """All vertebrae."""
        return union(*self.bones.values())


@lru_cache(maxsize=4)
def spine(body: Body) -> Spine:
    """The solids of a patient's spine."""
    bones = vertebrae(body)
    order = [bone for bone in bones.values() if not ("L6" in bones and bone.level == "S1")]
    column, canal = _column(body, order), _canal(order)
    caps = {bone.level: _caps(order, n) for n, bone in enumerate(order)}
    nuclei: dict[str, Solid] = {a.level: _nucleus(a, b) for a, b in pairwise(order) if a.level != "C1"}
    discs = {
        a.level: common(column, ~caps[a.level][1].grown(-1.5), ~caps[b.level][0].grown(-1.5))
        for a, b in pairwise(order)
        if a.level != "C1"
    }
    if "four_lumbar" in body.variants:
        del discs["L5"], nuclei["L5"]
    whole, marrow = {}, {}
    arteries = _artery_canals(bones)
    for n, bone in enumerate(order):
        if bone.level[0] == "S":
            continue
        struts = arch(bone)
        ring = struts_tube(
            bone,
            (*struts.paired, *[s for s in struts.joint if s.a[0]]),
            (*struts.single, *[s for s in struts.joint if not s.a[0]]),
        )
        holes: list[Solid] = [canal] + [
            nuclei[level] for level in (bone.level, order[n - 1].level if n else "") if level in nuclei
        ]
        if bone.level[0] == "C":
            holes.append(arteries)
        if n + 1 < len(order) and order[n + 1].level[0] != "S":
            holes.append(_joint(order[n + 1]).grown(JOINT_MM))
        solid: Solid = ring
        core: Solid = ring.grown(-ARCH_SHELL_MM)
        if bone.level != "C1":
            block = smooth_common(column, *caps[bone.level], round_mm=2.5)
            solid, core = smooth_union(block, ring, round_mm=3.0), core | block
        whole[bone.level] = common(solid, *(~hole for hole in holes))
        marrow[bone.level] = whole[bone.level].grown(-SHELL_MM) & core
    sac, cord, roots = _contents(body, bones)
    return Spine(
        whole,
        marrow,
        discs,
        nuclei,
        column,
        canal,
        sac,
        cord,
        roots,
        {bone.level: _vein(bone) for bone in order if bone.level[0] in "TL"},
        _nerves(order),
        _ligaments(order),
    )


def _column(body: Body, bones: Sequence[Vertebra]) -> Solid:
    """Bodies with waists and the discs between them: three lobes that make a D with a hollow towards the canal."""
    bones = [bone for bone in bones if bone.level != "C1"]
    spur = body.latent("osteophyte_mm", float(np.clip((body.age_y - 45) / 30, 0, 1.2)))
    sides = joined([_lobe(bones, (side * 0.17, -0.05), (0.33, 0.45), spur) for side in (1, -1)])
    return smooth_union(sides, _lobe(bones, (0.0, 0.04), (0.4, 0.46), spur), round_mm=3.0)


def _lobe(bones: Sequence[Vertebra], middle: tuple[float, float], half: tuple[float, float], spur_mm: float) -> Tube:
    """A tube along the bodies; its middle and half size in widths and depths of them, narrower at their waists."""
    points, radii, flats = [], [], []
    for bone in bones:
        s = bone.size
        for up, share in ((0.5, 1.0), (0.32, 0.95), (0.0, 0.9), (-0.32, 0.95), (-0.5, 1.0)):
            points.append(bone.place(share * middle[0] * s.width, share * middle[1] * s.depth, up * s.height))
            radii.append(half[0] * s.width * share + (spur_mm if abs(up) == 0.5 else 0.0))
            flats.append(_thinner(bone, half[0] * s.width, half[1] * s.depth))
    return tube(points, radii, flat=np.array(flats))  # pyright: ignore[reportArgumentType]


def _thinner(bone: Vertebra, half_width: float, half_depth: float) -> Float[ndarray, "3"]:
    """How a tube with these half sizes is flattened; it cannot be deeper than wide."""
    return bone.front * max(half_width / half_depth, 1.0)


def _caps(bones: Sequence[Vertebra], n: int) -> tuple[Plane, Plane]:
    """All below the upper end plate of bone n, and all above its lower one; they lean towards the neighbours."""
    bone, above, below = bones[n], bones[max(n - 1, 0)], bones[min(n + 1, len(bones) - 1)]
    half = bone.size.height / 2
    up, down = 0.7 * bone.up + 0.3 * above.up, 0.7 * bone.up + 0.3 * below.up
    if bone.level[0] == "S":
        up = bone.up
    return Plane(bone.place(0, 0, half), -up), Plane(bone.place(0, 0, -half), down)  # pyright: ignore[reportArgumentType]


def _nucleus(above: Vertebra, below: Vertebra) -> Ellipsoid:
    """The core of a disc; it hollows both end plates."""
    high = above.place(0, -0.05 * above.size.depth, -above.size.height / 2)
    low = below.place(0, -0.05 * below.size.depth, below.size.height / 2)
    axes = axes_along(above.up + below.up, 0.0)
    radii = (0.34 * below.size.width, 0.33 * below.size.depth, above.size.disc / 2 + 1.2)
    return Ellipsoid((high + low) / 2, radii, axes)  # pyright: ignore[reportArgumentType]


def angles_deg(body: Body) -> dict[str, float]:
    """Cobb angles of the spine as it is drawn: kyphosis T4-T12, lordosis L1-S1, of the neck C2-C7, and scoliosis."""
    order = [bone for bone in vertebrae(body).values() if bone.level not in ("L6", "S2")]
    ups = {
        bone.level: [-np.asarray(_caps(order, n)[0].normal), np.asarray(_caps(order, n)[1].normal)]
        for n, bone in enumerate(order)
    }

    def lean(level: str, lower: int) -> float:
        return float(np.degrees(np.arctan2(ups[level][lower][1], ups[level][lower][2])))

    sideways = [float(np.degrees(np.arctan2(bone.up[0], bone.up[2]))) for bone in order]
    return {
        "kyphosis_deg": lean("T4", 0) - lean("T12", 1),
        "lordosis_deg": lean("S1", 0) - lean("L1", 0),
        "cervical_lordosis_deg": lean("C7", 1) - lean("C2", 1),
        "scoliosis_deg": max(sideways) - min(sideways),
    }


def _vein(bone: Vertebra) -> Ellipsoid:
    """Where the basivertebral veins leave the back of a body."""
    radii = (0.16 * bone.size.width, 0.2 * bone.size.depth, 0.08 * bone.size.height)
    return Ellipsoid(bone.place(0, 0.95 * bone.back_mm, 0), radii, bone.axes)  # pyright: ignore[reportArgumentType]


def _canal(bones: Sequence[Vertebra]) -> Tube:
    ends = [bones[0].place(0, bones[0].canal_mm, 16)], [bones[-1].place(0, bones[-1].canal_mm, -10)]
    points = [*ends[0], *[bone.place(0, bone.canal_mm, 0) for bone in bones], *ends[1]]
    sized = [bones[0], *bones, bones[-1]]
    radii = [bone.size.canal_width / 2 for bone in sized]
    flat = [bone.front * bone.size.canal_width / bone.size.canal_depth for bone in sized]
    return tube(points, radii, 9.0, np.array(flat))  # pyright: ignore[reportArgumentType]


def _joint(bone: Vertebra) -> Tube:
    """What of a vertebra stands up into the one above it."""
    struts = arch(bone).joint
    return struts_tube(bone, [s for s in struts if s.a[0]], [s for s in struts if not s.a[0]])


def vertebral_artery_mm(bones: Mapping[str, Vertebra], side: int) -> Float[ndarray, "n 3"]:
    """The way of a vertebral artery (side 1 right, -1 left) from below C7 through the foramina of C6 to C1, mm."""
    path = [bones["C7"].place(side * 17, bones["C7"].back_mm + 9, 0)]
    path += [bones[f"C{n}"].place(side * 14.8, bones[f"C{n}"].back_mm + 3.5, 0) for n in (6, 5, 4, 3)]
    return np.array(
        [
            *path,
            bones["C2"].place(side * 19, -5, -2),
            bones["C1"].place(side * 26.5, -0.5, 0),
            bones["C1"].place(side * 26, -4, 11),
        ]
    )


def _artery_canals(bones: dict[str, Vertebra]) -> Tube:
    sides = []
    for side in (1, -1):
        path = [bones[f"C{n}"].place(side * 14.8, bones[f"C{n}"].back_mm + 3.5, 0) for n in (6, 5, 4, 3)]
        path = [
            path[0] - 14 * bones["C6"].up,
            *path,
            bones["C2"].place(side * 19, -5, -2),
            bones["C1"].place(side * 26.5, -0.5, 0),
        ]
        sides.append(tube([*path, path[-1] + 10 * bones["C1"].up], 2.9, 8.0))
    return joined(sides)


def _contents(body: Body, bones: dict[str, Vertebra]) -> tuple[Solid, Solid, Solid]:
    """Dural sac, cord and cauda equina. The cord lies in front in the chest; the roots sink to the back below it."""
    levels = [level for level in bones if level not in ("L6", "S2")]
    deep = np.array([bones[level].canal_mm for level in levels])
    sac = _along(bones, levels, deep, SAC, (0.0, 12.0))

    conus = -132.0 if body.age_y > 1 else -160.0
    high = [level for level in levels if bones[level].centre_mm[2] > conus + 20]
    forward = [0.6 if level[0] == "T" else 0.2 for level in high]
    thin = {**CORD, high[-1]: CORD["T12"]}
    cord = _along(bones, high, deep[: len(high)] + np.array(forward), thin, (14.0, 14.0))
    last, tip = bones[high[-1]], line_mm(body, conus)
    low = min(bones.values(), key=lambda bone: abs(bone.centre_mm[2] - conus))
    end = tip + low.canal_mm * low.front
    cone = tube([last.place(0, last.canal_mm, 0), (last.place(0, last.canal_mm, 0) + end) / 2, end], [4.6, 3.4, 0.8])
    sides = np.array([-5.2, -4.4, -3.2, -1.8, -0.6, 0.8, 2.0, 3.3, 4.5, 5.3])
    roots = []
    for n, side in enumerate(sides):
        down = [bones[level] for level in ("L2", "L3", "L4", "L5", "S1")][: 5 - int(abs(side) > 4) - int(abs(side) > 5)]
        sink = -3.4 + 0.09 * side**2 + 0.6 * (n % 2)
        path = [
            last.place(0.4 * side, last.canal_mm + 0.3 * sink, -4),
            *[b.place(side, b.canal_mm + sink, 0) for b in down],
        ]
        roots.append(tube(path, 1.05, 14.0))
    return sac, joined([cord, cone]).grown(body.grown("spinal_cord")), joined(roots)


def _along(
    bones: dict[str, Vertebra], levels: Sequence[str], deep, table: dict[str, tuple[float, float]], beyond
) -> Tube:
    """A tube in the canal, as wide and deep as the table says and linear between its levels."""
    number = {level: n for n, level in enumerate(bones)}
    known = [number[level] for level in table]
    here = [number[level] for level in levels]
    width, depth = (np.interp(here, known, [size[n] for size in table.values()]) for n in (0, 1))
    points = [bones[level].place(0, f, 0) for level, f in zip(levels, deep, strict=True)]
    first, last = bones[levels[0]], bones[levels[-1]]
    points = [points[0] + max(beyond[0], 16) * first.up, *points, points[-1] - beyond[1] * last.up]
    width, depth = (np.array([v[0], *v, v[-1]]) for v in (width, depth))
    flat = np.array([first.front, *[bones[level].front for level in levels], last.front]) * (width / depth)[:, None]
    return tube(points, width / 2, 9.0, flat)  # pyright: ignore[reportArgumentType]


def _nerves(bones: Sequence[Vertebra]) -> Tube:
    """A root with its ganglion through each foramen, below the pedicle of its vertebra (above it in the neck)."""
    struts = []
    for bone in bones:
        if bone.level in ("C1", "C2", "S1", "S2"):
            continue
        s, c = bone.size, bone.canal_mm
        up, big = (
            (0.45 * s.height, 2.2) if bone.level[0] == "C" else (-0.32 * s.height, 2.0 if bone.level[0] == "T" else 3.0)
        )
        rise, out = (-3, 11) if bone.level[0] == "C" else (-5, 9)
        way = [
            (6, c + 2, up + 3),
            (s.canal_width / 2 + 2, c + 3, up),
            (s.canal_width / 2 + 7, c + 4, up - 1),
            (s.canal_width / 2 + 7 + out, c + 6, up + rise),
        ]
        struts.append(
            struts_tube(
                bone,
                [
                    Strut(a, b, ra, rb)
                    for (a, b), (ra, rb) in zip(pairwise(way), ((1.2, 1.6), (big, big), (1.5, 1.4)), strict=True)
                ],
            )
        )
    return joined(struts)


def _ligaments(bones: Sequence[Vertebra]) -> Tube:
    """Yellow ligaments behind the canal, and those between and on the spinous processes."""
    rows = [bone for bone in bones if bone.level[0] != "S" and bone.level != "C1"]
    yellow = tube(
        [bone.place(0, bone.canal_mm - 2.6, 0) for bone in rows],
        [0.43 * bone.size.canal_width for bone in rows],
        9.0,
        np.array([bone.front * bone.size.canal_width / bone.size.canal_depth for bone in rows]),  # pyright: ignore[reportArgumentType]
    )
    tips = [_tip(bone) for bone in rows]
    cord = tube(tips, 2.2, 12.0)
    sheet = _sheet(rows, tips)
    return joined([yellow, cord, sheet])


def _tip(bone: Vertebra) -> Float[ndarray, "3"]:
    """The tip of the spinous process, mm."""
    a = arch(bone).single[0].b
    return bone.place(*a) - 2.0 * bone.front


def _sheet(rows: Sequence[Vertebra], tips) -> Tube:
    """A thin sheet in the midline between the processes."""
    middles = [
        (tip + bone.place(0, bone.canal_mm - bone.size.canal_depth / 2, -4)) / 2
        for tip, bone in zip(tips, rows, strict=True)
    ]
    wide = [0.32 * np.linalg.norm(tip - bone.place(0, bone.canal_mm, 0)) for tip, bone in zip(tips, rows, strict=True)]
    return tube(middles, wide, 12.0, np.array([wide[n] / 1.1 * bone.right for n, bone in enumerate(rows)]))  # pyright: ignore[reportArgumentType]


def unripe_mm(body: Body) -> float:
    """Depth of the cartilage on a bone that is still growing: 2.5 reference mm in the newborn, none from 7 years on."""
    return 2.5 * float(np.clip(1 - body.age_y / 7, 0, 1))


def bone_layers(body: Body, whole: Solid, marrow: Solid, structure: str) -> list[Layer]:
    """Marrow on cortex, and in a child on cartilage."""
    young = unripe_mm(body)
    if not young:
        return [Layer(marrow, structure, "spongy_bone"), Layer(whole, structure, "cortical_bone")]
    layers = [
        Layer(marrow.grown(-young), structure, "spongy_bone"),
        Layer(whole.grown(-young), structure, "cortical_bone"),
    ]
    return [*layers, Layer(whole, structure, "cartilage")]


def layers(body: Body) -> list[Layer]:
    """Cord and roots, dural sac, discs, vertebrae, fat of the canal, nerves and ligaments."""
    own = spine(body)
    names = {level: f"vertebrae_{level}" for level in own.bones}
    if "four_lumbar" in body.variants:
        names["L5"] = "vertebrae_S1"
    bones = [
        layer for level, name in names.items() for layer in bone_layers(body, own.bones[level], own.marrow[level], name)
    ]
    veins = [Layer(vein & own.bones[level], names[level], "blood") for level, vein in own.veins.items()]
    return [
        Layer(own.cord, "spinal_cord"),
        Layer(own.roots, "cauda_equina"),
        Layer(own.sac, "spinal_canal_csf"),
        *[Layer(nucleus, *DISC[0]) for nucleus in own.nuclei.values()],
        *veins,
        *bones,
        *[Layer(disc, *DISC[1]) for disc in own.discs.values()],
        Layer(own.nerves, "spinal_nerve"),
        Layer(own.canal, "epidural_fat"),
        Layer(own.ligaments, "spinal_ligament"),
    ]


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The reference spine."""
    return layers(Body()), (0, -50, 25), (110, 130, 660), 1.0
