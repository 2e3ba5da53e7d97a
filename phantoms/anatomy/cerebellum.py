"""The cerebellum below the tentorium: two hemispheres and the vermis in folia, the white tree of life within.

Cerebellum 140 mL of the reference man (Ritchie, Neuroimage 2018;167:234: 137 mL in men, 124 in women, rounded).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from phantoms.anatomy.body import Body
from phantoms.anatomy.cranium import Cranium
from phantoms.solids import Ellipsoid, Lattice, Layer, Plane, Solid, common, smooth_common, smooth_union, tube, union
from simdata import Streams

MIDDLE = Plane((0, 0, 0), (1, 0, 0))
FOLIUM_MM, STEM_MM, FOLDED_MM = 1.1, 13.0, 9.0
"""Half of a leaf of white matter and the cortex on it, depth of the white trunk, and how deep the fissures reach."""
FISSURES, FISSURES_MM = 28.0, (6.0, 13.0)
FINER, FINER_MM = 56.0, (14.0, 30.0)
"""Around the whole circle, and where they begin and are whole: of the first fissures, and of those between them."""


class Cerebellum(NamedTuple):
    """whole: without its fissures. fissures: positive in them."""

    whole: Solid
    fissures: Solid


def layers(made: Cerebellum) -> list[Layer]:
    """White matter over cortex of both sides."""
    whole, fissures = made
    leaves = union((~fissures).grown(-FOLIUM_MM), whole.grown(-STEM_MM))
    tree = common(whole.grown(-2.5), leaves)
    rest = whole - common(fissures, ~whole.grown(-FOLDED_MM))
    return [
        Layer(tree & MIDDLE, "cerebellar_white_matter_right"),
        Layer(tree & ~MIDDLE, "cerebellar_white_matter_left"),
        Layer(rest & MIDDLE, "cerebellar_cortex_right"),
        Layer(rest & ~MIDDLE, "cerebellar_cortex_left"),
    ]


def cerebellum(body: Body, head: Cranium, stem: Solid, gap_mm: float) -> Cerebellum:
    """The cerebellum behind the brain stem, so far from the dura."""
    lobe = Ellipsoid((21, -55, 355), (34.5, 37, 27.5))
    whole = smooth_common(
        smooth_union(lobe, lobe.mirrored(), round_mm=14), head.cavity.grown(-gap_mm - 0.6), round_mm=5
    )
    notch = tube([(0, -104, 356), (0, -86, 346), (0, -56, 330)], (12, 7, 7))
    behind = ~stem.grown(1.0) | Plane((0, -38, 0), (0, -1, 0))
    return Cerebellum(common(whole, ~head.tentorium.grown(1.0), ~notch, behind), _fissures(body.streams))


@lru_cache(maxsize=4)
def _fissures(streams: Streams) -> Solid:
    """Fissures fanned around the middle of the cerebellum: a field that is positive in them, mm."""
    dice = streams["cerebellum"].generator
    phase = dice.uniform(0, 2 * np.pi, 3)
    low, high, step = np.array([-60, -100, 322]), np.array([60, -18, 392]), 1.4
    x, y, z = np.meshgrid(
        *[np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)], indexing="ij", sparse=True
    )
    bent = y + 0.006 * x**2
    angle = np.arctan2(z - 352, -(bent + 34))
    away = np.hypot(z - 352, bent + 34)
    wobble = (
        0.5 * np.sin(x / 9 + phase[0]) + 0.4 * np.sin(away / 6 + phase[1]) + 0.4 * np.sin(x / 17 + y / 11 + phase[2])
    )
    whole = np.interp(away, FISSURES_MM, (0.0, 1.0))
    rare = whole * np.sin(FISSURES * angle + wobble) - 0.72
    between = np.sin(FINER * angle + 2 * wobble - 1.5) - 0.6 - np.interp(away, FINER_MM, (1.6, 0.0))
    return Lattice((np.maximum(rare, between) + 0 * x) * 1.3, low, step)  # pyright: ignore[reportArgumentType]
