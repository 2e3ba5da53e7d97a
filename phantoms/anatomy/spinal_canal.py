"""The canal of the spine and what lies in it: dural sac, cord and roots, and the nerves that leave it.

Cord and dural sac from Ko et al. (Korean J Anat 2004) and Holsheimer et al. (AJNR 1994;15:951).
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.spine_curve import line_mm
from phantoms.anatomy.vertebra import Vertebra
from phantoms.anatomy.vertebral_arch import Strut, joined, struts_tube
from phantoms.solids import Solid, Tube, tube

# levels at which the dural sac and the cord are known: width and depth, mm
SAC = {
    "C1": (19, 15), "C4": (18, 12.5), "C7": (17, 12.5), "T3": (14, 12), "T9": (14, 12.5), "T12": (16, 14),
    "L3": (16, 13.5), "S1": (13, 10),
}  # fmt: skip
CORD = {
    "C1": (12.5, 9.9), "C3": (12.9, 8.8), "C5": (13.9, 8.7), "C7": (12.3, 8.4), "T2": (10, 7.8), "T6": (8.8, 7.3),
    "T10": (9.4, 7.9), "T12": (10, 8.8),
}  # fmt: skip


def canal_of(bones: Sequence[Vertebra]) -> Tube:
    """What the arches of these vertebrae enclose."""
    ends = [bones[0].place(0, bones[0].canal_mm, 16)], [bones[-1].place(0, bones[-1].canal_mm, -10)]
    points = [*ends[0], *[bone.place(0, bone.canal_mm, 0) for bone in bones], *ends[1]]
    sized = [bones[0], *bones, bones[-1]]
    radii = [bone.size.canal_width / 2 for bone in sized]
    flat = [bone.front * bone.size.canal_width / bone.size.canal_depth for bone in sized]
    return tube(points, radii, 9.0, np.array(flat))  # pyright: ignore[reportArgumentType]


def contents(body: Body, bones: dict[str, Vertebra]) -> tuple[Solid, Solid, Solid]:
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


def nerves_of(bones: Sequence[Vertebra]) -> Tube:
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
