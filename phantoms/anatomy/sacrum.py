"""The sacrum, curved and tilted, with its wings, canal and foramina; its first segment S1; and the coccyx.

Segments form a chain that goes on from the spine. Breadth 112 mm at the wings, length along the curve about 120 mm,
slope of the upper end plate 36 degrees, sacral kyphosis about 55 degrees (Mac-Thiong, Eur Spine J 2004; Cheng and Song,
Surg Radiol Anat 2003; from memory).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.bone import bone_layers
from phantoms.anatomy.spine import spine
from phantoms.anatomy.vertebra import Vertebra, axes_along
from phantoms.anatomy.vertebrae import SACRAL_SLOPE_DEG, vertebrae
from phantoms.anatomy.vertebral_arch import Strut, joined, struts_tube
from phantoms.solids import Ellipsoid, Layer, Plane, Solid, Tube, common, smooth_common, smooth_union, tube, union


class Segment(NamedTuple):
    """Degrees that the axis leans forward, height, width and depth of the body, width and depth of the canal, mm.

    wing: reach of the lateral mass, wing_radius: half its height, wing_back: how far it lies behind the body's middle.
    """

    slope: float
    height: float
    width: float
    depth: float
    canal_width: float
    canal_depth: float
    wing: float
    wing_radius: float
    wing_back: float


TABLE = {
    "S1": Segment(36, 30, 51, 33, 29, 15, 56, 13.5, 7),
    "S2": Segment(30, 26, 38, 23, 23, 12, 53, 13, 7),
    "S3": Segment(15, 23, 31, 17, 18, 9, 43, 11, 4),
    "S4": Segment(-2, 20, 27, 13, 14, 7, 32, 8.5, 2),
    "S5": Segment(-20, 17, 23, 11, 10, 5, 22, 6.5, 1),
}
COCCYX = ((-34, 13, 22, 10), (-44, 10, 14, 8), (-50, 8, 10, 7), (-54, 7, 8, 6))
"""Slope in degrees, height, width and depth of its segments, mm."""
FORAMINA_MM = (5.6, 5.2, 4.6, 4.0)
SHELL_MM = 1.0


@dataclass(frozen=True, eq=False)
class Sacrum:
    """whole: S1 to S5; marrow: within the cortex; first: the half space of S1; remnants: of its discs.

    canal, sac, fat: the sacral canal, the end of the dural sac in it. coccyx: all four pieces and their marrow.
    segments: the axes of S1 to S5 (place a point on them with `place`).
    """

    segments: dict[str, Vertebra]
    whole: Solid
    marrow: Solid
    first: Solid
    remnants: Solid
    canal: Solid
    sac: Solid
    coccyx: Solid
    coccyx_marrow: Solid


@lru_cache(maxsize=4)
def sacrum(body: Body) -> Sacrum:
    """The solids of a patient's sacrum and coccyx."""
    segments, tail = _chain(body)
    rows = list(segments.values())
    canal = _canal(rows, 1.0)
    column = _column(rows)
    top = Plane(rows[0].place(0, 0, 15), -rows[0].up)  # pyright: ignore[reportArgumentType]
    joint = _bridge(vertebrae(body)["L5"]) if "four_lumbar" in body.variants else _facets(rows[0])
    body_of_first = smooth_common(column, top, round_mm=2.5)
    solid = smooth_union(body_of_first, joined([_wings(rows), _behind(rows), joint]), round_mm=6.0)
    holes: list[Solid] = [canal, _foramina(rows)]
    remnants = union(*[_remnant(a, b) for a, b in pairwise(rows[:3])])
    first = Plane((rows[0].place(0, 0, -15) + rows[1].place(0, 0, 13)) / 2, rows[0].up + rows[1].up)  # pyright: ignore[reportArgumentType]
    if "six_lumbar" in body.variants:
        top = vertebrae(body)["S2"]
        holes += [Plane(top.place(0, 0, top.size.height / 2), top.up), spine(body).nuclei["L6"]]  # pyright: ignore[reportArgumentType]
    elif "four_lumbar" in body.variants:
        fifth = vertebrae(body)["L5"]
        first = Plane(fifth.place(0, 0, -0.5 * fifth.size.height - 4), fifth.up + rows[0].up)  # pyright: ignore[reportArgumentType]
        remnants = remnants | _remnant(fifth, rows[0])
    else:
        holes.append(spine(body).nuclei["L5"])
    whole = common(solid, *(~hole for hole in holes))
    pieces = _coccyx(tail)
    return Sacrum(
        segments, whole, whole.grown(-SHELL_MM), first, remnants, canal, _sac(rows), pieces, pieces.grown(-0.8)
    )


def _chain(body: Body) -> tuple[dict[str, Vertebra], list[Vertebra]]:
    """Segments of the sacrum, then of the coccyx, each standing under the one before."""
    first = vertebrae(body)["S1"]
    lean = np.degrees(np.arctan2(first.up[1], first.up[2])) - SACRAL_SLOPE_DEG
    rows = [("S1", *TABLE["S1"][:6])] + [(level, *s[:6]) for level, s in list(TABLE.items())[1:]]
    rows += [(f"Co{n}", *sizes, 4.0, 3.0) for n, sizes in enumerate(COCCYX, 1)]
    made: list[Vertebra] = []
    for level, slope, height, width, depth, canal_width, canal_depth in rows:
        turn = np.radians(slope + lean * np.clip(1 - (SACRAL_SLOPE_DEG - slope) / 90, 0, 1))
        axes = axes_along(np.array([first.up[0], np.sin(turn), np.cos(turn)]))
        size = first.size._replace(
            height=height, width=width, depth=depth, canal_width=canal_width, canal_depth=canal_depth
        )
        centre = made[-1].place(0, 0, -made[-1].size.height / 2) - axes[2] * height / 2 if made else first.centre_mm
        made.append(Vertebra(level, centre, axes, size))
    return {bone.level: bone for bone in made[: len(TABLE)]}, made[len(TABLE) :]


def _column(rows: list[Vertebra]) -> Tube:
    points, radii, flats = [], [], []
    for bone in rows:
        s = bone.size
        for up, share in ((0.45, 1.0), (0.0, 0.93), (-0.4, 0.93)):
            points.append(bone.place(0, 0, up * s.height))
            radii.append(s.width / 2 * share)
            flats.append(bone.front * s.width / s.depth)
    return tube(points, radii, flat=np.array(flats))  # pyright: ignore[reportArgumentType]


def _wings(rows: list[Vertebra]) -> Tube:
    """From each body to the joint with the hip bone, and the mass that joins these wings."""
    outer = {bone.level: _outer(bone.level) for bone in rows}
    inner = [
        struts_tube(
            bone, [Strut((0.3 * w.width, -0.12 * w.depth, 0), outer[bone.level], 0.95 * w.wing_radius, w.wing_radius)]
        )
        for bone, w in zip(rows, TABLE.values(), strict=True)
    ]
    radii = [w.wing_radius for w in TABLE.values()]
    sides = []
    for side in (1, -1):
        points = [bone.place(side * x, y, z) for bone, (x, y, z) in zip(rows, outer.values(), strict=True)]
        sides.append(tube(points, radii, 7.0, 1.12 * rows[1].front))
    return joined([*inner, *sides])


def _outer(level: str) -> tuple[float, float, float]:
    """Middle of a segment's lateral mass in its own axes, mm."""
    w = TABLE[level]
    return w.wing - w.wing_radius, -w.wing_back, -1.0


def _behind(rows: list[Vertebra]) -> Tube:
    """The back wall of the canal and the crests in the middle and beside."""
    first, upper = rows[0], rows[:4]
    ring = [bone.back_mm - bone.size.canal_depth - 1.6 for bone in upper]
    half = [0.5 * bone.size.canal_width + 4.5 for bone in upper]
    at = [-9.0, 0.0, 0.0, 2.0]
    wall = tube(
        [bone.place(0, f, z) for bone, f, z in zip(upper, ring, at, strict=True)],
        half,
        8.0,
        np.array([bone.front * h / 3.4 for bone, h in zip(upper, half, strict=True)]),  # pyright: ignore[reportArgumentType]
    )
    ridge = [bone.place(0, f - 3.5, z) for bone, f, z in zip(upper, ring, at, strict=True)]
    crest = tube(ridge, [6.5, 6.0, 5.0, 3.5], 8.0, 2.2 * first.right)  # pyright: ignore[reportArgumentType]
    roots = [
        struts_tube(bone, [Strut((w + 7, bone.back_mm - 1, z), (w, f + 0.5, z), 0.4 * h, 0.4 * h, (1.5, -0.9, 0))])
        for bone, f, z in zip(upper, ring, at, strict=True)
        for w, h in [(0.5 * bone.size.canal_width, bone.size.height)]
    ]
    knobs = [
        struts_tube(bone, [], [Strut((0, f - 4, 2), (0, f - deep, -2), 5.5, 4.2, (1.6, 0, 0))])
        for bone, f, deep in zip(upper, ring, (9.0, 9.5, 7.0, 4.5), strict=True)
    ]
    sides = []
    for side in (1, -1):
        path = [
            b.place(side * (0.5 * b.size.canal_width + out), b.back_mm - 2, z)
            for b, out, z in zip(upper, (14, 13, 11, 8), at, strict=True)
        ]
        sides.append(tube(path, [8.0, 7.5, 6.0, 4.5], 8.0))
    return joined([wall, crest, *roots, *knobs, *sides])


def _facets(first: Vertebra) -> Tube:
    """The joints for the last lumbar vertebra."""
    b, p = first.back_mm, 0.5 * first.size.canal_width + 6
    return struts_tube(first, [Strut((p, b - 8, 2), (p + 2.5, b - 11.5, 18.5), 6.6, 5.8, (1.0, -1.0, 0))])


def _canal(rows: list[Vertebra], share: float) -> Tube:
    top = rows[0]
    points = [top.place(0, top.canal_mm, 24), *[bone.place(0, bone.canal_mm, 0) for bone in rows]]
    sizes = [rows[0].size, *[bone.size for bone in rows]]
    flats = [bone.front * bone.size.canal_width / bone.size.canal_depth for bone in (top, *rows)]
    return tube(points, [share * s.canal_width / 2 for s in sizes], 8.0, np.array(flats))  # pyright: ignore[reportArgumentType]


def _sac(rows: list[Vertebra]) -> Tube:
    """The dural sac tapers to its end behind S2."""
    first, second = rows[0], rows[1]
    points = [
        first.place(0, first.canal_mm, 12),
        first.place(0, first.canal_mm - 0.5, -8),
        second.place(0, second.canal_mm, -4),
    ]
    return tube(points, [6.5, 5.5, 1.8], 8.0, 1.3 * first.front)  # pyright: ignore[reportArgumentType]


def _foramina(rows: list[Vertebra]) -> Tube:
    """From the canal to the front and to the back between the segments, four on each side."""
    tubes = []
    for (a, b), radius in zip(pairwise(rows), FORAMINA_MM, strict=True):
        x = 0.5 * b.size.width - 1.5
        between = replace(a, centre_mm=(a.place(0, 0, -a.size.height / 2)), axes=axes_along(a.up + b.up))
        depth, canal = b.size.depth, (a.canal_mm + b.canal_mm) / 2
        front = Strut((0.3 * a.size.canal_width, canal, 1), (x + 1, -0.2 * depth, 1), 0.75 * radius, radius)
        mouth = Strut((x + 1, -0.2 * depth, 1), (x + 4, depth / 2 + 12, -1), radius, 1.5 * radius)
        back = Strut((0.3 * a.size.canal_width, canal, 0), (x + 1, canal - 22, -2), 0.5 * radius, 0.8 * radius)
        tubes.append(struts_tube(between, [front, mouth, back]))
    return joined(tubes)


def _remnant(a: Vertebra, b: Vertebra) -> Ellipsoid:
    """What is left of a disc between two fused bodies."""
    place = a.place(0, 0, -a.size.height / 2)
    return Ellipsoid(place, (0.34 * b.size.width, 0.34 * b.size.depth, 1.8), axes_along(a.up + b.up))  # pyright: ignore[reportArgumentType]


def _bridge(fifth: Vertebra) -> Tube:
    """The transverse processes of a sacralised L5, grown together with the wings."""
    s, b = fifth.size, fifth.back_mm
    side = Strut((20, b - 4, 0), (40, b - 2, -4), 9.0, 10.0), Strut((40, b - 2, -4), (41, b + 2, -26), 11.0, 13.0)
    block = Strut((0, 0, -0.4 * s.height), (0, -2, -0.5 * s.height - s.disc), 22.0, 22.0, (0, 1.4, 0))
    return struts_tube(fifth, side, [block])


def _coccyx(rows: list[Vertebra]) -> Solid:
    """Three or four pieces, each a flat bead, and the horns of the first."""
    beads = [
        Ellipsoid(bone.centre_mm, (bone.size.width / 2, bone.size.depth / 2, 0.52 * bone.size.height), bone.axes, 4)  # pyright: ignore[reportArgumentType]
        for bone in rows
    ]
    horns = struts_tube(rows[0], [Strut((5, -3, 3), (7, -4, 11), 2.4, 1.8), Strut((6, 0, 3), (12, 0, 4), 3.0, 2.4)])
    return smooth_union(*beads, horns, round_mm=2.0)


def layers(body: Body) -> list[Layer]:
    """Dural sac, S1 and the rest of the sacrum, the coccyx, and the fat of the canal."""
    own = sacrum(body)
    bone = [Layer(own.remnants & own.whole, "sacrum", "connective")]
    bone += bone_layers(body, own.whole, own.marrow, "sacrum")
    if "six_lumbar" not in body.variants:
        bone = [
            layer for below in bone for layer in (Layer(below.solid & own.first, "vertebrae_S1", below.tissue), below)
        ]
    tail = bone_layers(body, own.coccyx, own.coccyx_marrow, "coccyx")
    return [Layer(own.sac, "spinal_canal_csf"), *bone, *tail, Layer(own.canal, "epidural_fat")]


def preview() -> tuple[list[Layer], tuple[float, float, float], tuple[float, float, float], float]:
    """The reference sacrum under the fifth lumbar vertebra."""
    body = Body()
    above = spine(body)
    fifth = [Layer(above.bones["L5"], "vertebrae_L5"), Layer(above.discs["L5"], "intervertebral_disc")]
    return [*fifth, *layers(body)], (0, -55, -335), (140, 130, 190), 1.0
