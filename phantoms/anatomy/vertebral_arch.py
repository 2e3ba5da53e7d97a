"""The arch of a vertebra as struts: pedicles, laminae, joints and processes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from phantoms.anatomy.vertebra import Vertebra
from phantoms.solids import Tube


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
