"""Where every vertebra of a patient lies: a chain from C1 to S1 along the curve of the spine, T9 at height 0."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.spine_curve import bends_deg, line_mm, sideways
from phantoms.anatomy.vertebra import TABLE, Vertebra, axes_along

TURN = 0.45
"""Degrees that the apical vertebra turns per degree of scoliosis."""
SACRAL_SLOPE_DEG = 36.0


class Second(NamedTuple):
    """S2: degrees that it leans less than S1; its height, and how much a disc takes of its top, mm."""

    slope: float = 6.0
    height: float = 26.0
    cut: float = 3.0


SECOND = Second()


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
    turn = np.radians(TURN * body.latent("scoliosis_deg")) * float(sideways(body, z))
    return Vertebra(level, centre, axes_along(high - low, turn), TABLE[level])


def _first_sacral(body: Body, above: Vertebra) -> Vertebra:
    """S1 at the end of the chain; its slope takes half of the lordosis that a patient has more or less."""
    slope = np.radians(SACRAL_SLOPE_DEG + 0.5 * bends_deg(body)[1])
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
